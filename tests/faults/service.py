"""A tiny service for the tests of the proxy: `python service.py FOLDER [PORT]`, else $PORT.

/hold waits for the file FOLDER/go; /crash ends the process; FOLDER/sick makes /health fail.
"""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import os
import sys
import time
from pathlib import Path

FOLDER = Path(sys.argv[1])
PORT = int(sys.argv[2] if len(sys.argv) > 2 else os.environ["PORT"])
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a head and its body are 40 ms apart

    def log_message(self, *_: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        act = getattr(self, f"see_{path.strip('/') or 'root'}", None)
        if act is None:
            self.say(404, b"nothing here")
        else:
            act()

    def do_POST(self) -> None:
        if self.path == "/early":
            self.close_connection = True
            self.say(413, b"too much")
            return
        digest, length = hashlib.sha256(), 0
        for piece in self.body():
            digest.update(piece)
            length += len(piece)
        self.say(200, json.dumps({"length": length, "sha256": digest.hexdigest()}).encode())

    do_HEAD = do_GET

    def see_root(self) -> None:
        self.say(200, b"hello")

    def see_health(self) -> None:
        self.say(503 if (FOLDER / "sick").exists() else 200, b"")

    def see_head(self) -> None:
        told = [[name, value] for name, value in self.headers.items()]
        self.say(200, json.dumps({"path": self.path, "headers": told}).encode())

    def see_pid(self) -> None:
        self.say(200, str(os.getpid()).encode())

    def see_move(self) -> None:
        self.say(302, b"", [("Location", f"http://127.0.0.1:{PORT}/there")])

    def see_near(self) -> None:
        self.say(302, b"", [("Location", "/there"), ("Set-Cookie", "tenfold=x"), ("X-A", "1")])

    def see_hold(self) -> None:
        (FOLDER / "held").touch()
        while not (FOLDER / "go").exists():
            time.sleep(0.01)
        self.say(200, b"held")

    def see_stream(self) -> None:
        """One event, then another when the file is there."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.chunk(b"data: one\n\n")
        while not (FOLDER / "go").exists():
            time.sleep(0.01)
        self.chunk(b"data: two\n\n")
        self.chunk(b"")

    def see_endless(self) -> None:
        """Until nobody reads it; then the file FOLDER/left is there."""
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"more\n")
                time.sleep(0.01)
        except OSError:
            (FOLDER / "left").touch()

    def see_old(self) -> None:
        """A body that ends with the connection."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"until the end")
        self.close_connection = True

    def see_half(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"only half")
        self.close_connection = True

    def see_big(self) -> None:
        self.say(200, bytes(range(256)) * 40960)  # 10 MiB

    def see_crash(self) -> None:
        os._exit(7)

    def see_socket(self) -> None:
        key = self.headers["Sec-WebSocket-Key"].encode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        self.close_connection = True
        while data := self.connection.recv(65536):
            self.connection.sendall(data.upper())

    def say(self, status: int, body: bytes, more: list[tuple[str, str]] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in more or []:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def body(self):  # type: ignore[no-untyped-def]
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length", "0"))
        while left:
            piece = self.rfile.read(min(left, 65536))
            left -= len(piece)
            yield piece


if __name__ == "__main__":
    http.server.ThreadingHTTPServer.request_queue_size = 128  # five of its own: then SYNs are lost
    http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Service).serve_forever()
