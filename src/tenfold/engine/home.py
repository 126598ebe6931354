"""The home: where a daemon keeps everything, and that there is one daemon per home."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from tenfold.folder import lock
from tenfold.folder.durable import write_bytes
from tenfold.terms.refusal import refusal


@dataclass(frozen=True)
class Home:
    path: Path

    @property
    def ledger(self) -> Path:
        return self.path / "ledger.sqlite"

    @property
    def jobs(self) -> Path:
        return self.path / "jobs"

    @property
    def config(self) -> Path:
        return self.path / "config.toml"

    @property
    def site(self) -> Path:
        return self.path / "site.toml"

    @property
    def curves(self) -> Path:
        """What `tenfold calibrate` has measured of the cards."""
        return self.path / "curves.json"

    @property
    def token_file(self) -> Path:
        return self.path / "token"

    @property
    def daemon_file(self) -> Path:
        return self.path / "daemon.json"

    @property
    def carves_live(self) -> frozenset[str]:
        """Cards that have passed `tenfold doctor --mig-selftest`."""
        try:
            tried = json.loads((self.path / "mig-selftest.json").read_text())
            return frozenset(card for card, told in tried.items() if told["passed"] is True)
        except (OSError, ValueError, AttributeError, KeyError, TypeError):
            return frozenset()  # none is known to have

    def prepare(self) -> None:
        """Make the folders; a Refusal (`home.unwritable`) if that cannot be done."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            with contextlib.suppress(PermissionError):  # somebody else's folder that we may write
                self.path.chmod(0o700)
            self.jobs.mkdir(exist_ok=True)
            probe = self.path / f".probe.{os.getpid()}"
            probe.write_bytes(b"x")
            probe.unlink()
        except OSError as error:
            raise refusal("home.unwritable", home=self.path, why=f"{error.strerror}.") from error

    def take(self) -> int:
        """Be this home's daemon for as long as the process lives; else `daemon.second`."""
        descriptor = lock.take(self.path / "daemon.lock")
        if descriptor is None:
            pid = lock.holder(self.path / "daemon.lock")
            raise refusal("daemon.second", home=self.path, pid=pid)
        return descriptor

    def token(self) -> str:
        """The secret that lets its reader ask the daemon anything; made once, mode 0600."""
        kept = self.token_file.read_text().strip() if self.token_file.exists() else ""
        if not kept:  # an empty token would let everybody in
            kept = secrets.token_urlsafe(32)
            write_bytes(self.token_file, kept.encode())
        self.token_file.chmod(0o600)
        return kept
