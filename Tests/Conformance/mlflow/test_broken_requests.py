"""Requests that break off or lie about their length, and clients that leave: over bare sockets."""

import json
import socket
import time

import pytest

from harness import API, ARTIFACTS, TARGET, exchange, status_of

GOOD_METRIC = {"key": "m", "value": 1, "timestamp": 1, "step": 0}


def stored_nothing(raw, run_id):
    data = raw.run(run_id)["data"]
    return "metrics" not in data and "params" not in data


def head(server, method, path, *lines):
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", *lines, "", ""]).encode()


def test_a_body_shorter_than_its_length_stores_nothing(raw, server):
    run_id = raw.new_run()
    body = json.dumps({"run_id": run_id, **GOOD_METRIC}).encode()
    lie = head(server, "POST", API + "runs/log-metric", "Content-Type: application/json",
               f"Content-Length: {len(body) + 100}")
    received = exchange(server.port, lie + body, half_close=True, timeout=5)
    assert status_of(received) in ((0, 400, 408) if TARGET == "mlflow" else (400,))
    assert stored_nothing(raw, run_id)


def test_a_body_longer_than_its_length_does_not_smuggle_a_request(raw, server):
    run_id = raw.new_run()
    body = json.dumps({"run_id": run_id, **GOOD_METRIC}).encode()
    extra = b"GARBAGE that is no request\r\n\r\n"
    lie = head(server, "POST", API + "runs/log-metric", "Content-Type: application/json",
               f"Content-Length: {len(body)}")
    received = exchange(server.port, lie + body + extra, half_close=True, timeout=5)
    assert status_of(received) in (0, 200, 400)
    assert len(raw.history(run_id, "m")) <= 1


@pytest.mark.parametrize("lines", [
    ["Content-Length: -5"], ["Content-Length: abc"], ["Content-Length: 99999999999999999999999"],
    ["Content-Length: 5", "Content-Length: 6"], ["Content-Length: 5", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: nonsense"],
])
def test_impossible_lengths(server, raw, lines):
    lie = head(server, "POST", API + "runs/create", "Content-Type: application/json", *lines)
    assert status_of(exchange(server.port, lie + b"{}", half_close=True, timeout=5)) in (0, 400, 411, 413, 501)


def test_a_broken_request_line_and_headers(server, raw):
    for payload in (b"\r\n\r\n", b"NONSENSE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00" * 20,
                    b"GET /health HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"y" * 300_000 + b"\r\n\r\n",
                    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"):
        try:
            received = exchange(server.port, payload, half_close=True, timeout=5)
        except (ConnectionResetError, BrokenPipeError):
            continue
        assert status_of(received) not in (200, 500)


def test_a_client_that_stops_in_the_middle_of_an_upload_leaves_nothing(raw, server):
    run_id = raw.new_run()
    path = raw.artifact_url(run_id, "half.bin")
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(head(server, "PUT", path, "Content-Length: 1000000") + b"x" * 400_000)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and raw.send("GET", path).status_code != 404:
        time.sleep(0.05)
    assert raw.send("GET", path).status_code == 404
    assert raw.send("GET", ARTIFACTS, params={"path": f"0/{run_id}/artifacts"}).json() == {}


@pytest.mark.martlet_only
def test_a_broken_upload_keeps_the_file_that_was_there(raw, server):
    path = raw.artifact_url(raw.new_run(), "kept.bin")
    raw.send("PUT", path, data=b"the old one")
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(head(server, "PUT", path, "Content-Length: 1000000") + b"x" * 400_000)
    assert raw.send("GET", path).content == b"the old one"


def test_a_client_that_leaves_during_a_download(raw, server):
    path = raw.artifact_url(raw.new_run(), "big.bin")
    raw.send("PUT", path, data=b"z" * 8_000_000)
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            connection.sendall(head(server, "GET", path))
            connection.recv(1000)
    assert len(raw.send("GET", path).content) == 8_000_000
