"""HTTP/1.1 by hand over a socket: for what no client library would send, and for what it would hide."""

import contextlib
import re
import socket
import time
from dataclasses import dataclass, field

import requests


def head(server, method, path, *lines, host=None):
    """The head of a request, which ends with the blank line."""
    fields = [f"Host: {host if host is not None else f'127.0.0.1:{server.port}'}", *lines]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *fields, "", ""]).encode("latin-1")


@dataclass
class Answer:
    status: int
    headers: dict = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self):
        return self.body.decode()


class Peer:
    """One connection. `with Peer(server) as peer: peer.ask("GET", "/health"); peer.answer()`."""

    def __init__(self, server, timeout=10, receive_buffer=None):
        self.server = server
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", server.port))
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def ask(self, method, path, *lines, body=b"", host=None):
        lengths = [f"Content-Length: {len(body)}"] if body else []
        self.send(head(self.server, method, path, *lines, *lengths, host=host) + body)

    def answer(self, to="GET"):
        """The next whole answer; None when the server closed instead."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._more():
                return None
        top, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = top.decode("latin-1").split("\r\n")
        answer = Answer(int(lines[0].split(" ")[1]))
        for line in lines[1:]:
            name, _, value = line.partition(":")
            answer.headers[name.lower()] = value.strip()
        if to != "HEAD" and answer.status not in (100, 204, 304):
            answer.body = self._body(answer.headers)
        return answer

    def _body(self, headers):
        if headers.get("transfer-encoding") == "chunked":
            whole = b""
            while size := int(self._until(b"\r\n"), 16):
                whole += self._exactly(size)
                self._exactly(2)
            self._until(b"\r\n")
            return whole
        return self._exactly(int(headers.get("content-length", 0)))

    def _until(self, mark):
        while mark not in self.buffer:
            assert self._more(), "the answer broke off"
        piece, self.buffer = self.buffer.split(mark, 1)
        return piece

    def _exactly(self, count):
        while len(self.buffer) < count:
            assert self._more(), "the answer broke off"
        piece, self.buffer = self.buffer[:count], self.buffer[count:]
        return piece

    def _more(self):
        try:
            piece = self.socket.recv(1 << 18)
        except ConnectionError:
            return False
        self.buffer += piece
        return bool(piece)

    def is_cut(self, within):
        """Whether the server closes within so many seconds; what it says before is thrown away."""
        deadline = time.monotonic() + within
        with contextlib.suppress(TimeoutError):
            while (left := deadline - time.monotonic()) > 0:
                self.socket.settimeout(left)
                if not self._more():
                    return True
        return False


def once(server, method, path, *lines, body=b"", host=None):
    """The answer to one request on a connection of its own."""
    with Peer(server) as peer:
        peer.ask(method, path, *lines, body=body, host=host)
        return peer.answer(to=method)


def metric(server, name):
    """One figure of /metrics."""
    text = requests.get(server.url + "/metrics", timeout=10).text
    return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE).group(1))


def resident_megabytes(server):
    with open(f"/proc/{server.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * 4096 / 1e6


def eventually(holds, within=5):
    """Whether something becomes true in time."""
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
