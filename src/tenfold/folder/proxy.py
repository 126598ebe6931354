"""Names inside `HOME/proxy`: the files by which the daemon and the proxy know of each other.

lock          record lock; held by the proxy as long as it lives
port          where it listens; the same again after a restart, so that links stay good
routes.json   where each service is; written by the daemon, which then sends SIGHUP
seen.json     what the proxy saw; written by the proxy, which then rings the bell
models.json   the models that each service had when it was last asked; the proxy's own memory
bell          a FIFO that the daemon reads
log           what the proxy prints
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tenfold.folder.durable import write_json
from tenfold.terms.refusal import Refusal
from tenfold.terms.route import Offers, Routes, Seen
from tenfold.terms.wire import from_json, to_json

PORT_TAKEN = 4  # exit status of a proxy that could not listen


@dataclass(frozen=True)
class ProxyFolder:
    path: Path

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def port(self) -> Path:
        return self.path / "port"

    @property
    def bell(self) -> Path:
        return self.path / "bell"

    @property
    def log(self) -> Path:
        return self.path / "log"

    @property
    def routes(self) -> Path:
        return self.path / "routes.json"

    @property
    def seen(self) -> Path:
        return self.path / "seen.json"

    @property
    def models(self) -> Path:
        return self.path / "models.json"

    def write_routes(self, routes: Routes) -> None:
        """Not fsynced: the ledger has it all, and the next daemon writes it again."""
        write_json(self.routes, to_json(routes), sync=False)

    def read_routes(self) -> Routes:
        """No routes where there is no whole file."""
        try:
            return from_json(Routes, json.loads(self.routes.read_bytes()))
        except (OSError, ValueError, Refusal):
            return Routes()

    def write_seen(self, seen: Seen) -> None:
        write_json(self.seen, to_json(seen), sync=False)

    def read_seen(self) -> Seen:
        """Nothing seen where there is no whole file."""
        try:
            return from_json(Seen, json.loads(self.seen.read_bytes()))
        except (OSError, ValueError, Refusal):
            return Seen()

    def write_models(self, offers: Offers) -> None:
        write_json(self.models, to_json(offers), sync=False)

    def read_models(self) -> Offers:
        """Nothing known where there is no whole file."""
        try:
            return from_json(Offers, json.loads(self.models.read_bytes()))
        except (OSError, ValueError, Refusal):
            return Offers()
