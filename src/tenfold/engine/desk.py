"""The daemon's side of the proxy: it starts one, tells it the routes, and reads what it saw.

The proxy outlives the daemon. Whether one is there is asked of its lock, as with a runner; the next
daemon finds it, its port and its files as the one before left them.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tenfold.folder import lock
from tenfold.folder.durable import write_bytes
from tenfold.folder.proxy import PORT_TAKEN, ProxyFolder
from tenfold.terms.route import Route, Routes, Seen

AGAIN_S = 2.0  # between two starts

log = logging.getLogger("tenfold.proxy")


class Desk:
    """`wake` is called, in a thread of its own, when the proxy has news. The port is `near`, or the
    next that is free, and from then on the same."""

    def __init__(self, home: Path, near: int, wake: Callable[[], None]) -> None:
        self._home = home
        self._near = near
        self._wake = wake
        self._folder = ProxyFolder(home / "proxy")
        self._guard = threading.Lock()
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = -AGAIN_S
        self._bell: int | None = None
        self._told: Routes | None = None

    @property
    def port(self) -> int:
        """Any thread may ask; chosen when it is asked for the first time."""
        with self._guard:
            if not self._port:
                self._port = self._kept_port() or self._choose(self._near)
            return self._port

    def publish(self, routes: tuple[Route, ...], is_needed: bool) -> None:
        """Let the proxy follow `routes`, and see to it that there is one if there are any. One that
        is not needed is ended: no request is under way in it."""
        if self._told is None:
            if not routes and not self._folder.path.is_dir():
                return  # never a service here
            self._open()
        assert self._told is not None
        if routes != self._told.routes:
            self._told = Routes(self._told.number + 1, routes)
            self._folder.write_routes(self._told)
            self._send(signal.SIGHUP)
        if routes:
            self._keep_up()
        elif not is_needed:
            self._send(signal.SIGTERM)
            if self._process is not None and self._process.poll() is None:
                self._process.terminate()  # it may not have come to its lock yet

    def seen(self) -> Seen | None:
        """None while no proxy lives."""
        if self._told is None or lock.holder(self._folder.lock) is None:
            return None
        return self._folder.read_seen()

    def follows(self, seen: Seen) -> bool:
        """Whether the proxy follows the routes that were published last."""
        return self._told is not None and seen.routes >= self._told.number

    def close(self) -> None:
        """Let go; the proxy stays."""
        if self._bell is not None:
            bell, self._bell = self._bell, None
            os.write(bell, b"x")  # ends the thread, which closes it

    def _open(self) -> None:
        self._folder.path.mkdir(mode=0o700, exist_ok=True)
        self._told = self._folder.read_routes()
        if not self._folder.bell.exists():
            os.mkfifo(self._folder.bell, 0o600)
        # Both ends: it never ends, and a writer always finds a reader.
        self._bell = os.open(self._folder.bell, os.O_RDWR)
        threading.Thread(target=self._listen, args=(self._bell,), name="bell", daemon=True).start()

    def _listen(self, bell: int) -> None:
        while os.read(bell, 4096) and self._bell is not None:
            self._wake()
        os.close(bell)

    def _keep_up(self) -> None:
        ended = None if self._process is None else self._process.poll()
        if lock.holder(self._folder.lock) is not None:
            return
        if time.monotonic() - self._started_s < AGAIN_S and ended != PORT_TAKEN:
            return
        if ended == PORT_TAKEN:
            with self._guard:
                self._port = self._choose(0)
            log.warning("the proxy's port was taken; it is now %d", self._port)
        self._started_s = time.monotonic()
        argv = [sys.executable, "-P", "-m", "tenfold.proxy"]  # -P: see client.start
        with open(self._folder.log, "ab") as output:
            self._process = subprocess.Popen(
                [*argv, "--home", str(self._home), "--port", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._home,
                start_new_session=True,
            )

    def _send(self, number: signal.Signals) -> None:
        pid = lock.holder(self._folder.lock)
        if pid is None:
            return
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            return
        try:
            if lock.holder(self._folder.lock) == pid:  # so that a reused pid is never hit
                signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            pass  # ended in between
        finally:
            os.close(handle)

    def _kept_port(self) -> int:
        try:
            return int(self._folder.port.read_text())
        except (OSError, ValueError):
            return 0

    def _choose(self, wanted: int) -> int:
        port = next(p for p in (_bindable(wanted), _bindable(0)) if p)
        self._folder.path.mkdir(mode=0o700, exist_ok=True)
        write_bytes(self._folder.port, b"%d\n" % port, sync=False)
        return port


def _bindable(port: int) -> int:
    """`port`, or any where it is 0, if it can be had; else 0."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return 0
        return int(probe.getsockname()[1])
