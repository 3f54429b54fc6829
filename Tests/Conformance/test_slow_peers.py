"""Peers that send or read slowly are cut in time, hold little memory, and keep nobody else waiting."""

import threading
import time

import pytest
import requests

from harness import Server
from wire import Peer, eventually, head, metric, once, resident_megabytes

pytestmark = pytest.mark.martlet_only
# Short times, so that the test is; the rules are the same with the usual ones.
IMPATIENT = ["--head-timeout", "1", "--slow-timeout", "1", "--idle-timeout", "2"]
LARGE = 48_000_000


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("impatient"), arguments=IMPATIENT).start()
    yield server
    server.stop()


def new_run(server):
    answer = requests.post(server.url + "/api/v1/runs", json={"experimentID": "0"}, timeout=10)
    return answer.json()["id"]


def seconds_until_cut(server, opening, drip=b" ", patience=6):
    """Sends an opening, then a byte five times a second; after how many seconds the server cuts, None if never."""
    with Peer(server, timeout=0.2) as peer:
        peer.send(opening)
        started = time.monotonic()
        while time.monotonic() - started < patience:
            try:
                peer.send(drip)
                if not peer._more():
                    return time.monotonic() - started
            except TimeoutError:
                continue
            except OSError:
                return time.monotonic() - started
    return None


def test_bytes_now_and_then_do_not_move_a_deadline(impatient):
    path = f"/api/v1/runs/{new_run(impatient)}/artifacts/content?path=slow"
    openings = {
        "silence": (b"", b""),
        "head": (b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: ", b"y"),
        "body": (head(impatient, "POST", "/api/v1/experiments", "Content-Length: 100000"), b" "),
        "chunk": (head(impatient, "PUT", path, "Transfer-Encoding: chunked") + b"ffff\r\n", b"x"),
        "upload": (head(impatient, "PUT", path, "Content-Length: 100000"), b"x"),
        "idle": (head(impatient, "GET", "/health"), b""),
        "refused": (head(impatient, "POST", "/api/v1/experiments", "Content-Length: 99999999"), b"x"),
    }
    seconds = {}

    def measure(what, opening, drip):
        patience = 14 if what == "refused" else 6
        seconds[what] = seconds_until_cut(impatient, opening, drip, patience)

    threads = [threading.Thread(target=measure, args=(what, *openings[what])) for what in openings]
    for thread in threads:
        thread.start()
    # Meanwhile others are served.
    for _ in range(20):
        assert requests.get(impatient.url + "/api/v1/version", timeout=2).status_code == 200
    for thread in threads:
        thread.join()
    assert [what for what, time_taken in seconds.items() if time_taken is None] == []
    assert seconds["idle"] >= 1.5
    assert metric(impatient, "martlet_connections_cut_total") >= len(openings) - 1


def test_an_upload_that_makes_progress_is_never_cut(impatient):
    path = f"/api/v1/runs/{new_run(impatient)}/artifacts/content?path=steady"
    with Peer(impatient) as peer:
        peer.send(head(impatient, "PUT", path, "Content-Length: 60000"))
        for _ in range(30):
            peer.send(b"x" * 2000)
            time.sleep(0.1)
        assert peer.answer().status == 200


def test_a_reader_that_stops_is_cut_and_costs_no_memory(impatient):
    """Forty readers ask for the whole of a large file and read nothing of it."""
    path = f"/api/v1/runs/{new_run(impatient)}/artifacts/content?path=large"
    assert requests.put(impatient.url + path, data=b"z" * LARGE, timeout=30).status_code == 200
    assert len(requests.get(impatient.url + path, timeout=30).content) == LARGE
    before = resident_megabytes(impatient)
    cut = metric(impatient, "martlet_connections_cut_total")
    readers = [Peer(impatient, receive_buffer=4096) for _ in range(40)]
    try:
        for reader in readers:
            reader.ask("GET", path)
        largest = 0
        while metric(impatient, "martlet_connections_cut_total") < cut + 40:
            largest = max(largest, resident_megabytes(impatient))
            assert once(impatient, "GET", "/api/v1/version").status == 200
            time.sleep(0.1)
        # A few pieces of 256 KiB for each: what is read ahead, what is on its way out.
        assert largest < before + 80
    finally:
        for reader in readers:
            reader.socket.close()


def test_a_reader_that_takes_its_time_gets_the_whole(impatient):
    path = f"/api/v1/runs/{new_run(impatient)}/artifacts/content?path=steady"
    assert requests.put(impatient.url + path, data=b"z" * 6_000_000, timeout=30).status_code == 200
    with Peer(impatient, receive_buffer=4096) as peer:
        peer.ask("GET", path)
        taken = 0
        started = time.monotonic()
        while taken < 6_000_000:
            if time.monotonic() - started < 3:
                time.sleep(0.02)
            piece = peer.socket.recv(60_000)
            assert piece, f"cut after {taken} bytes"
            taken += len(piece)


def test_viewers_that_do_not_read_cost_no_memory(impatient):
    """Events for them are merged: what waits is one name a topic, however much happens."""
    runs = [new_run(impatient) for _ in range(20)]
    topics = ",".join(f"run:{run}:metrics" for run in runs)
    session = requests.Session()

    def log():
        for run in runs:
            body = {"metrics": [{"key": "loss", "value": 1, "step": 1}]}
            assert session.post(f"{impatient.url}/api/v1/runs/{run}/log", json=body, timeout=10).status_code == 204

    viewers = [Peer(impatient, receive_buffer=4096) for _ in range(50)]
    try:
        for viewer in viewers:
            viewer.ask("GET", f"/api/v1/events?topics={topics}")
        assert eventually(lambda: metric(impatient, "martlet_event_streams") == 50)
        before = resident_megabytes(impatient)
        for _ in range(20):
            log()
        assert resident_megabytes(impatient) < before + 20
    finally:
        for viewer in viewers:
            viewer.socket.close()
    assert eventually(lambda: metric(impatient, "martlet_event_streams") == 0)
