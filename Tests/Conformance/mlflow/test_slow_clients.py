"""Clients that send a byte now and then, or nothing, do not hold the server up."""

import socket
import threading
import time

import pytest

import harness

pytestmark = pytest.mark.martlet_only


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """A server with short deadlines, where `martlet serve` has settings for them."""
    environment = {"MARTLET_HEADER_TIMEOUT": "3", "MARTLET_BODY_TIMEOUT": "3", "MARTLET_IDLE_TIMEOUT": "3"}
    server = harness.Server(tmp_path_factory.mktemp("impatient"), environment=environment).start()
    yield server
    server.stop()


def drip(server, payload, seconds):
    """Sends a byte every 0.5 s; returns after how many seconds the server closed, or None."""
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=1) as connection:
        connection.settimeout(0.5)
        for byte in payload:
            if time.monotonic() - started > seconds:
                return None
            try:
                connection.sendall(bytes([byte]))
                if connection.recv(1000) == b"":
                    return time.monotonic() - started
            except TimeoutError:
                continue
            except OSError:
                return time.monotonic() - started
    return None


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


def test_a_byte_a_second_is_cut_off(impatient):
    """Both the header and the body have a deadline of their own, which a byte now and then does not move."""
    host = f"Host: 127.0.0.1:{impatient.port}\r\n".encode()
    header = b"GET /health HTTP/1.1\r\n" + host + b"X: " + b"y" * 1000
    body = (b"POST /api/2.0/mlflow/runs/create HTTP/1.1\r\n" + host
            + b"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    results = {}

    def send_header():
        results["header"] = drip(impatient, header, 15)

    def send_body():
        with socket.create_connection(("127.0.0.1", impatient.port), timeout=1) as connection:
            connection.sendall(body)
            connection.settimeout(0.5)
            started = time.monotonic()
            while time.monotonic() - started < 15:
                try:
                    connection.sendall(b" ")
                    if connection.recv(1000) == b"":
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
            else:
                return
            results["body"] = time.monotonic() - started

    threads = [threading.Thread(target=send_header), threading.Thread(target=send_body)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert impatient.is_healthy()
    assert results.get("header") is not None, "a header sent a byte at a time was never cut off"
    assert results.get("body") is not None, "a body sent a byte at a time was never cut off"
