"""Stands between a client and a server and counts what goes up."""

import re
import socket
import threading

UPLOAD = re.compile(rb"PUT (\S+) HTTP/1\.1\r\n")


class Relay:
    """`port` leads to the server. `bytes_up` and the targets of `uploads` tell what clients sent."""

    def __init__(self, port):
        self.target, self.bytes_up, self.uploads = port, 0, []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            for source, sink, is_up in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._carry, args=(source, sink, is_up), daemon=True).start()

    def _carry(self, source, sink, is_up):
        last = b""
        try:
            while part := source.recv(1 << 16):
                if is_up:
                    last = self._note(last, part)
                sink.sendall(part)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            sink.close()

    def _note(self, last, part):
        """Counts; a request line may begin in one part and end in the next."""
        seen = last + part
        ends = [found for found in UPLOAD.finditer(seen) if found.end() > len(last)]
        with self.lock:
            self.bytes_up += len(part)
            self.uploads += [found[1].decode() for found in ends]
        return seen[-2000:]
