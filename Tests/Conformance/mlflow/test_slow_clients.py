"""Clients that send a byte now and then, or nothing, do not hold the server up."""

import socket
import threading
import time

import pytest

pytestmark = pytest.mark.martlet_only


# A head must be whole after 20 s, a body must bring 1 KiB a second over 30 s; looked at every 5 s.
PATIENCE = 45


def seconds_until_cut(server, opening):
    """Sends an opening, then a byte every half second; how long the server bears it, or None."""
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.5) as connection:
        connection.sendall(opening)
        while time.monotonic() - started < PATIENCE:
            try:
                connection.sendall(b" ")
                if connection.recv(1000) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            return None
    return time.monotonic() - started


def test_slow_clients_do_not_disturb_the_others(server, raw):
    """Thirty clients hang at once while an ordinary one works."""
    head = f"POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n".encode()
    hanging = []
    try:
        for number in range(30):
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=5)
            hanging.append(connection)
            connection.sendall(head[: 10 + number] if number % 2 else head + b"Content-Length: 1000\r\n\r\n{")
        started = time.monotonic()
        for _ in range(20):
            raw.new_run()
        assert time.monotonic() - started < 5
    finally:
        for connection in hanging:
            connection.close()


def test_a_byte_now_and_then_is_cut_off(server):
    """Both the head and the body have a deadline that such bytes do not move."""
    host = f"Host: 127.0.0.1:{server.port}\r\n".encode()
    openings = {
        "head": b"GET /health HTTP/1.1\r\n" + host + b"X: ",
        "body": b"POST /api/2.0/mlflow/runs/create HTTP/1.1\r\n" + host
        + b"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n",
        "upload": b"PUT /api/2.0/mlflow-artifacts/artifacts/0/slow HTTP/1.1\r\n" + host
        + b"Content-Length: 100000\r\n\r\n",
        "silence": b"",
    }
    results = {}

    def measure(what):
        results[what] = seconds_until_cut(server, openings[what])

    threads = [threading.Thread(target=measure, args=(what,)) for what in openings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.is_healthy()
    assert {what: seconds for what, seconds in results.items() if seconds is None} == {}
