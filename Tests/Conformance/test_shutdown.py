"""The orderly end of the server: what is in flight is finished, what is not within the grace is let go."""

import signal
import threading
import time

import pytest
import requests

from harness import Raw, Server
from wire import Peer, eventually, head, once

pytestmark = pytest.mark.martlet_only


@pytest.fixture
def own(tmp_path):
    server = Server(tmp_path).start()
    yield server
    server.kill()


def artifact(server, path="a.bin"):
    run = requests.post(server.url + "/api/v1/runs", json={"experimentID": "0"}, timeout=10).json()["id"]
    return f"/api/v1/runs/{run}/artifacts/content?path={path}"


def begun_upload(server, peer, path, length):
    """Sends the head of an upload; the server has taken it up once it asks for the body."""
    peer.send(head(server, "PUT", path, "Expect: 100-continue", f"Content-Length: {length}"))
    assert peer.answer().status == 100


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_an_upload_in_flight_is_finished_and_kept(own, end):
    path = artifact(own)
    first, second = b"a" * 100_000, b"b" * 100_000
    with Peer(own) as peer:
        begun_upload(own, peer, path, 200_000)
        peer.send(first)
        own.process.send_signal(end)
        time.sleep(0.2)
        peer.send(second)
        assert peer.answer().status == 200
    assert own.process.wait(15) == 0
    own.start()
    assert once(own, "GET", path).body == first + second


def test_a_download_in_flight_is_finished(own):
    path = artifact(own)
    assert requests.put(own.url + path, data=b"z" * 20_000_000, timeout=30).status_code == 200
    with Peer(own, receive_buffer=65536) as peer:
        peer.ask("GET", path)
        peer.socket.recv(1, 2)  # MSG_PEEK: it has begun.
        own.process.terminate()
        time.sleep(0.2)
        assert len(peer.answer().body) == 20_000_000
    assert own.process.wait(15) == 0


def test_what_does_not_end_within_the_grace_is_cut(tmp_path):
    own = Server(tmp_path, arguments=["--shutdown-grace", "1"]).start()
    path = artifact(own)
    with Peer(own) as peer:
        begun_upload(own, peer, path, 200_000)
        peer.send(b"a" * 1000)
        own.process.terminate()
        started = time.monotonic()
        assert own.process.wait(10) == 0
        assert 0.9 < time.monotonic() - started < 5
    assert "stopped" in own.tail()
    # Nothing of the upload is there, and the folder is in order.
    own.start()
    assert once(own, "GET", path).status == 404
    own.stop()


def test_idle_connections_do_not_hold_the_end_up(own):
    with Peer(own) as used, Peer(own) as fresh:
        used.ask("GET", "/health")
        assert used.answer().status == 200
        own.process.terminate()
        assert own.process.wait(5) == 0
        assert used.is_cut(1) and fresh.is_cut(1)


def test_nothing_new_is_taken_after_the_signal(own):
    path = artifact(own)
    with Peer(own) as peer:
        begun_upload(own, peer, path, 10)
        own.process.terminate()

        def refuses():
            try:
                with Peer(own, timeout=1) as late:
                    late.ask("GET", "/health")
                    return late.answer() is None
            except OSError:
                return True

        assert eventually(refuses)
        peer.send(b"0123456789")
        assert peer.answer().status == 200
    assert own.process.wait(15) == 0


def test_every_acknowledged_write_of_a_busy_server_is_there(own):
    raw = Raw(own)
    runs = [raw.new_run() for _ in range(4)]
    acknowledged = {run: 0 for run in runs}

    def write(run):
        session = requests.Session()
        for step in range(1_000_000):
            body = {"metrics": [{"key": "k", "value": step, "step": step}]}
            try:
                answer = session.post(f"{own.url}/api/v1/runs/{run}/log", json=body, timeout=10)
            except requests.RequestException:
                return
            if answer.status_code != 204:
                return
            acknowledged[run] = step + 1

    writers = [threading.Thread(target=write, args=(run,)) for run in runs]
    for writer in writers:
        writer.start()
    time.sleep(0.5)
    own.process.terminate()
    assert own.process.wait(15) == 0
    for writer in writers:
        writer.join()
    own.start()
    for run, count in acknowledged.items():
        steps = requests.get(f"{own.url}/api/v1/runs/{run}/history?key=k", timeout=10).json()["steps"]
        assert count > 0 and steps[:count] == list(range(count)) and len(steps) <= count + 1
