"""A daemon of paper: an HTTP server in this process, and a child that holds the daemon's lock.

The child is needed because a process does not see the record locks that it holds itself.
"""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tenfold.client.call import Api

HOLD = """
import sys
from pathlib import Path
from tenfold.folder import lock
descriptor = lock.take(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


class PaperDaemon:
    """`answers(method, path, body)` returns (status, JSON value), or None to hang up."""

    def __init__(self, home):
        self.home = home
        self.seen = []  # (method, path, body, token)
        self.answers = lambda method, path, body: (200, {})
        daemon = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                daemon.seen.append((self.command, self.path, body, self.headers["Authorization"]))
                said = daemon.answers(self.command, self.path, body)
                if said is None:
                    self.close_connection = True
                    return
                data = said[1] if isinstance(said[1], bytes) else json.dumps(said[1]).encode()
                self.send_response(said[0])
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = _answer

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self._child = None

    def hold(self):
        self._child = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(self.home / "daemon.lock")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._child.stdout.readline() == b"held\n"
        self.write(self._child.pid)

    def write(self, pid):
        port = self.server.server_port
        told = {"pid": pid, "port": port, "url": f"http://127.0.0.1:{port}"}
        (self.home / "daemon.json").write_text(json.dumps(told))
        (self.home / "token").write_text("secret\n")

    def release(self):
        if self._child is not None:
            self._child.communicate()
            self._child = None

    def close(self):
        self.release()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def paper(tmp_path):
    daemon = PaperDaemon(tmp_path)
    daemon.hold()
    yield daemon
    daemon.close()


@pytest.fixture
def api(paper):
    made = Api(paper.home, timeout_s=5)
    yield made
    made.close()
