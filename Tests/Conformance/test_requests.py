"""Requests that no client library sends: broken, lying, cut short, too large; over bare sockets."""

import contextlib
import json
import urllib.parse

import pytest

from harness import Server
from wire import Peer, eventually, head, metric, once

pytestmark = pytest.mark.martlet_only
EXPERIMENTS = "/api/v1/experiments"


def new_run(server):
    answer = once(server, "POST", "/api/v1/runs", body=b'{"experimentID": "0"}')
    assert answer.status == 201
    return json.loads(answer.body)["id"]


def content(run, path="a.bin"):
    return f"/api/v1/runs/{run}/artifacts/content?path={path}"


def experiment_named(server, name):
    filter = urllib.parse.quote(f"name = '{name}'")
    found = json.loads(once(server, "GET", f"{EXPERIMENTS}?filter={filter}").body)
    return found["experiments"]


# --- lengths


def test_a_body_shorter_than_its_length_is_an_error_and_stores_nothing(server, name):
    with Peer(server) as peer:
        peer.send(head(server, "POST", EXPERIMENTS, "Content-Length: 1000") + json.dumps({"name": name}).encode())
        peer.half_close()
        answer = peer.answer()
        assert answer.status == 400 and "ended before" in answer.text
        assert answer.headers["connection"] == "close"
        assert peer.answer() is None
    assert experiment_named(server, name) == []


def test_bytes_after_the_body_are_the_next_request_and_nothing_else(server, name):
    with Peer(server) as peer:
        peer.ask("POST", EXPERIMENTS, body=json.dumps({"name": name}).encode())
        peer.send(b"GARBAGE\r\n\r\n")
        assert peer.answer().status == 201
        refusal = peer.answer()
        assert refusal is None or refusal.status == 400
        assert peer.answer() is None
    assert len(experiment_named(server, name)) == 1


@pytest.mark.parametrize("lines", [
    ["Content-Length: -5"], ["Content-Length: abc"], ["Content-Length: 99999999999999999999999"],
    ["Content-Length: 5", "Content-Length: 6"], ["Content-Length: 5", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: nonsense"], ["Transfer-Encoding: chunked, nonsense"],
])
def test_impossible_lengths_are_refused(server, raw, lines):
    with Peer(server) as peer:
        peer.send(head(server, "POST", EXPERIMENTS, *lines) + b"{}")
        peer.half_close()
        answer = peer.answer()
        assert answer is None or answer.status in (400, 413, 501)
        assert peer.answer() is None


def test_a_body_announced_as_too_large_is_refused_before_it_comes(server):
    with Peer(server) as peer:
        peer.send(head(server, "POST", EXPERIMENTS, f"Content-Length: {17 << 20}"))
        answer = peer.answer()
        assert answer.status == 413 and json.loads(answer.body)["code"] == "tooLarge"
        assert answer.headers["connection"] == "close"


def test_a_chunked_body_that_grows_too_large_is_refused(server):
    chunk = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
    with Peer(server) as peer:
        peer.send(head(server, "POST", EXPERIMENTS, "Transfer-Encoding: chunked"))
        try:
            for _ in range(18):
                peer.send(chunk)
        except ConnectionError:
            pass
        assert peer.answer().status == 413


# --- chunks


def test_a_chunked_upload_is_stored_whole(server):
    path = content(new_run(server))
    with Peer(server) as peer:
        peer.send(head(server, "PUT", path, "Transfer-Encoding: chunked"))
        peer.send(b"3\r\nabc\r\n4;name=value\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n")
        assert json.loads(peer.answer().body)["size"] == 7
        peer.ask("GET", path)
        assert peer.answer().body == b"abcdefg"


@pytest.mark.parametrize("chunks", [
    b"zz\r\nabc\r\n0\r\n\r\n", b"-3\r\nabc\r\n0\r\n\r\n", b"3\r\nabcdef\r\n0\r\n\r\n",
    b"ffffffffffffffffff\r\nabc\r\n0\r\n\r\n", b"3\r\nabc\r\n",
], ids=["no number", "negative", "longer than it says", "overflow", "no end"])
def test_a_broken_chunked_upload_is_refused_and_leaves_the_old_file(server, chunks):
    path = content(new_run(server))
    assert once(server, "PUT", path, body=b"the old one").status == 200
    with Peer(server) as peer:
        peer.send(head(server, "PUT", path, "Transfer-Encoding: chunked") + chunks)
        peer.half_close()
        answer = peer.answer()
        assert answer is None or answer.status == 400
    assert once(server, "GET", path).body == b"the old one"


# --- clients that leave


def test_a_client_that_stops_in_the_middle_of_an_upload_leaves_nothing(server):
    run = new_run(server)
    with Peer(server) as peer:
        peer.send(head(server, "PUT", content(run), "Content-Length: 1000000") + b"x" * 400_000)
    assert once(server, "GET", content(run)).status == 404
    assert json.loads(once(server, "GET", f"/api/v1/runs/{run}/artifacts").body) == {"entries": []}


def test_a_client_that_closes_its_side_gets_its_answer(server):
    with Peer(server) as peer:
        peer.ask("GET", "/api/v1/version")
        peer.half_close()
        assert peer.answer().status == 200
        assert peer.answer() is None


def test_a_client_that_leaves_during_a_download_frees_its_connection(server):
    run = new_run(server)
    assert once(server, "PUT", content(run), body=b"z" * 8_000_000).status == 200
    before = metric(server, "martlet_connections")
    for _ in range(10):
        with Peer(server) as peer:
            peer.ask("GET", content(run))
            peer.socket.recv(1000)
    assert eventually(lambda: metric(server, "martlet_connections") <= before)


# --- one after another


def test_pipelined_requests_are_answered_in_their_order(server, name):
    body = json.dumps({"name": name}).encode()
    with Peer(server) as peer:
        peer.send(
            head(server, "GET", "/api/v1/version")
            + head(server, "POST", EXPERIMENTS, f"Content-Length: {len(body)}") + body
            + head(server, "POST", EXPERIMENTS, f"Content-Length: {len(body)}") + body
            + head(server, "GET", "/nothing/here")
            + head(server, "GET", "/api/v1/version", "Connection: close")
        )
        assert [peer.answer().status for _ in range(5)] == [200, 201, 409, 404, 200]
        assert peer.answer() is None


def test_a_client_that_waits_before_its_body_is_told_to_go_on(server, name):
    body = json.dumps({"name": name}).encode()
    with Peer(server) as peer:
        peer.send(head(server, "POST", EXPERIMENTS, "Expect: 100-continue", f"Content-Length: {len(body)}"))
        assert peer.answer().status == 100
        peer.send(body)
        assert peer.answer().status == 201


# --- heads


@pytest.mark.parametrize("lines", [
    ["X-Large: " + "y" * 100_000], [f"X-{number}: y" for number in range(300)],
    [f"X-{number}: {'y' * 1000}" for number in range(100)],
], ids=["one long field", "many fields", "much in all"])
def test_a_head_that_is_too_large_is_refused(server, raw, lines):
    with Peer(server) as peer:
        try:
            peer.send(head(server, "GET", "/api/v1/version", *lines))
            answer = peer.answer()
        except ConnectionError:
            answer = None
        assert answer is None or (answer.status in (400, 431) and answer.headers["connection"] == "close")


@pytest.mark.parametrize("request_bytes", [
    b"\r\n\r\n", b"NONSENSE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00" * 20,
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nNo colon\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", b"G\0T / HTTP/1.1\r\nHost: localhost\r\n\r\n",
], ids=["blank", "one word", "version", "TLS", "long target", "no colon", "space before colon", "NUL"])
def test_what_is_no_request_is_refused(server, raw, request_bytes):
    with Peer(server) as peer:
        try:
            peer.send(request_bytes)
            peer.half_close()
            answer = peer.answer()
        except ConnectionError:
            answer = None
        assert answer is None or answer.status in (400, 431)


def refused(answer, words):
    assert answer.status == 431
    assert answer.headers["content-type"] == "application/json" and answer.headers["connection"] == "close"
    error = json.loads(answer.body)
    assert error["code"] == "tooLarge" and words in error["message"]
    assert error["requestID"] == answer.headers["x-request-id"]


def test_a_head_that_is_too_large_is_answered_though_all_of_it_was_sent(server):
    # Much more than the buffers of both sockets hold: the answer must outlive what is never read.
    with Peer(server) as peer:
        with contextlib.suppress(ConnectionError):
            peer.send(head(server, "GET", "/api/v1/version", *(f"X-{i}: {'y' * 1000}" for i in range(1000))))
        refused(peer.answer(), "200 fields")
    with Peer(server) as peer:
        peer.ask("GET", "/api/v1/version", *(f"X-{i}: y" for i in range(300)))
        refused(peer.answer(), "200 fields")
    assert once(server, "GET", "/health").status == 200


def test_limits_of_head_and_body_are_settings(tmp_path):
    own = Server(tmp_path, arguments=["--max-body-bytes", "2000", "--max-header-bytes", "2000"]).start()
    try:
        assert once(own, "POST", EXPERIMENTS, body=b'{"name": "' + b"n" * 2000 + b'"}').status == 413
        with Peer(own) as peer:
            # The second request of a connection; its answer comes after that of the first.
            peer.ask("GET", "/health")
            peer.ask("GET", "/api/v1/version", "X: " + "y" * 3000)
            assert peer.answer().status == 200
            refused(peer.answer(), "2000 bytes")
        refused(once(own, "GET", "/" + "p" * 3000), "2000 bytes")
        # Files are streamed: no limit of bodies concerns them.
        assert once(own, "PUT", content(new_run(own)), body=b"x" * 100_000).status == 200
    finally:
        own.stop()


def test_connections_over_the_limit_wait_for_their_turn(tmp_path):
    own = Server(tmp_path, arguments=["--max-connections", "2"]).start()
    try:
        assert eventually(lambda: once(own, "GET", "/health").status == 200)
        with contextlib.ExitStack() as stack:
            peers = []
            for _ in range(3):
                # One after another: of those that knock at the same moment a few more come in.
                peers.append(stack.enter_context(Peer(own, timeout=0.5)))
                peers[-1].ask("GET", "/health")
                if len(peers) < 3:
                    assert peers[-1].answer().status == 200
            first, _, third = peers
            with pytest.raises(TimeoutError):
                third.answer()
            first.socket.close()
            third.socket.settimeout(10)
            assert third.answer().status == 200
    finally:
        own.stop()
