"""A model that answers on a port: the engine on its thread, HTTP on another, the caller's free.

    server = Server(Served(model="/models/mine", name="mine", port=8000))
    server.ready()                    # from here on it answers
    server.figures()                  # what to log
    server.close()

One process. On a CPU one torch thread, since small matrices are slower on two.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch
import uvicorn

from tenfold.science.retrieval.index import Index
from tenfold.science.serving.app import Service, build
from tenfold.science.serving.assistant import Assistant
from tenfold.science.serving.batching import Batching
from tenfold.science.serving.loading import load
from tenfold.terms.refusal import Refusal

START_S = 60.0
DRAIN_S = 30  # requests under way may end; the proxy has waited before
REMEMBERED = 1000  # first tokens


@dataclass(frozen=True)
class Served:
    model: str
    name: str
    port: int
    device: str = "cpu"
    adapter: str = ""
    context: int = 0
    rows: int = 8
    waiting: int = 64
    notes: str = ""


@final
class Server:
    """Loads the model, so it takes a while and may raise Refusals."""

    def __init__(self, served: Served, note: Callable[[str], None] = print) -> None:
        if served.device == "cpu":
            torch.set_num_threads(1)
        loaded = load(served.model, served.adapter, served.device, served.context, note)
        self.loaded = loaded
        self.engine = Batching(loaded, served.rows, served.waiting, note)
        self._notes = None
        if served.notes:
            folder = Path(served.notes).expanduser()
            self._notes = Assistant(folder, lambda text: len(loaded.encode(text)), Index.open)
        self._first_s: deque[float] = deque(maxlen=REMEMBERED)
        service = Service(served.name, loaded, self.engine, self._notes, self._first_s.append)
        self._port = served.port
        self._server = uvicorn.Server(
            uvicorn.Config(
                build(service),
                host="127.0.0.1",
                port=served.port,
                log_level="warning",
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=DRAIN_S,
            )
        )
        self._thread = threading.Thread(target=self._server.run, name="http", daemon=True)
        self._read = (time.monotonic(), 0)

    def ready(self) -> None:
        self._thread.start()
        end_s = time.monotonic() + START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > end_s:
                raise Refusal(
                    "serve.port",
                    f"It cannot listen on port {self._port}.",
                    "Another program may have that port.",
                    "leave out --port, or give another",
                )
            time.sleep(0.02)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive() and self.engine.load.alive

    def figures(self) -> dict[str, float]:
        """Since the last call: tokens/s; of the last requests: seconds to their first token."""
        load, (at_s, tokens) = self.engine.load, self._read
        now_s = time.monotonic()
        self._read = (now_s, load.tokens)
        told = {
            "tokens_per_s": (load.tokens - tokens) / max(now_s - at_s, 1e-9),
            "running": float(load.running),
            "waiting": float(load.waiting),
            "requests": float(load.requests),
        }
        if first_s := sorted(self._first_s):
            told["first_token_p50_s"] = first_s[len(first_s) // 2]
            told["first_token_p99_s"] = first_s[min(int(len(first_s) * 0.99), len(first_s) - 1)]
        return told

    def close(self) -> None:
        """Ends what listens, then the engine; who is still answered is told."""
        self._server.should_exit = True
        self._thread.join(DRAIN_S + 5)
        self.engine.close()
        if self._notes is not None:
            self._notes.close()
