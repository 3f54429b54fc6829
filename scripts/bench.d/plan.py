"""Requests prepared for load.c: bytes with places that are patched before each sending."""

import re
import struct

MARK = re.compile(rb"\x01(\d):(\d+):(\d+):(\d+)\x02")


def number(width, start=0, stride=1):
    """A decimal of fixed width that grows by `stride` with every request of the connection.

    In JSON `start` must have `width` digits, because a number may not begin with zeros.
    """
    return f"\x010:{width}:{start}:{stride}\x02"


def padded(width, start=0, stride=1):
    """The same number without zeros before it, which JSON may not have: blanks fill its width."""
    return f"\x012:{width}:{start}:{stride}\x02"


def listed(width, start=0, stride=1):
    """A line of the list that is given to the load generator, for example a run id."""
    return f"\x011:{width}:{start}:{stride}\x02"


class Plan:
    def __init__(self, token=None):
        """`token` goes with every request as a proof of who asks."""
        self.templates = []
        self.proof = "" if token is None else f"Authorization: Bearer {token}\r\n"

    def add(self, connection, method, path, body="", content_type="application/json", headers=""):
        """A request of one connection; a connection takes its requests in turn. Each of `headers` ends its line."""
        content, in_body = self._patches(body.encode() if isinstance(body, str) else body)
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n{self.proof}{headers}"
        if content or method in ("POST", "PUT", "PATCH"):
            head += f"Content-Type: {content_type}\r\nContent-Length: {len(content)}\r\n"
        line, in_head = self._patches((head + "\r\n").encode())
        moved = [(kind, offset + len(line), *rest) for kind, offset, *rest in in_body]
        self.templates.append((connection, line + content, in_head + moved))
        return self

    @staticmethod
    def _patches(marked):
        out, patches, end = bytearray(), [], 0
        for found in MARK.finditer(marked):
            kind, width, start, stride = (int(group) for group in found.groups())
            out += marked[end : found.start()]
            patches.append((kind, len(out), width, start, stride))
            out += b"0" * width
            end = found.end()
        return bytes(out + marked[end:]), patches

    def write(self, path):
        with open(path, "wb") as file:
            file.write(struct.pack("<I", len(self.templates)))
            for connection, content, patches in self.templates:
                file.write(struct.pack("<III", connection, len(content), len(patches)))
                file.write(content)
                for kind, offset, width, start, stride in patches:
                    file.write(struct.pack("<IIIIQQ", kind, offset, width, 0, start, stride))
        return path
