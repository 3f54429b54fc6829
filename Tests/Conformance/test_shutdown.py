"""The orderly end of the server: what is in flight is finished."""

import socket

import pytest

from harness import Raw, Server, status_of

pytestmark = pytest.mark.martlet_only


def test_an_upload_in_flight_is_finished_and_kept(tmp_path):
    server = Server(tmp_path).start()
    raw = Raw(server)
    path = raw.artifact_url(raw.new_run(), "a.bin")
    raw.session.close()
    first, second = b"a" * 100_000, b"b" * 100_000
    head = f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nExpect: 100-continue\r\nContent-Length: 200000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode())
        # The server has taken the request up once it asks for the body.
        assert status_of(connection.recv(1_000)) == 100
        connection.sendall(first)
        server.process.terminate()
        connection.sendall(second)
        assert status_of(connection.recv(65_536)) == 200
    assert server.process.wait(15) == 0
    server.start()
    assert Raw(server).send("GET", path).content == first + second
    server.stop()
