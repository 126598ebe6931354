"""How the helper with rights is asked; where none is installed everything else works.

The connection is a lease: as long as this process lives, what was set stays set. So it is opened
once and kept, and looked for again with a growing pause. An answer is waited for a few seconds at
most: the tick's thread asks. What a request looks like stands in `rights/helper.py`.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from tenfold.rights.unit import SOCKET

VARIABLE = "TENFOLD_RIGHTS"  # names another socket
ANSWER_S = 10.0  # to create the largest instance takes a driver half a second
GREETING_S = 1.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 60.0

NOT_INSTALLED = "no helper with rights is installed"
NOT_OURS = "the helper with rights serves somebody else, or another daemon of yours"


@dataclass(frozen=True)
class Denied:
    """`code` is NVML's number, or a word of the helper's; `gone` is ours: it does not answer."""

    code: int | str
    why: str


class Rights:
    """Used by the tick's thread only, but for `granted` and `why`, which any may read."""

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = monotonic) -> None:
        self.why = NOT_INSTALLED
        self._path = path or Path(os.environ.get(VARIABLE, SOCKET))
        self._clock = clock
        self._lease: socket.socket | None = None
        self._pause_s = FIRST_PAUSE_S
        self._next_s = -1.0

    @property
    def granted(self) -> bool:
        return self._lease is not None

    def look(self) -> bool:
        """Whether there is a lease; looks for one if it is time to."""
        if self._lease is None and self._clock() >= self._next_s:
            self._open()
            longer_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
            self._pause_s = FIRST_PAUSE_S if self.granted else longer_s
            self._next_s = self._clock() + self._pause_s
        return self.granted

    def ask(self, verb: str, card: str, *numbers: int) -> dict[str, Any] | Denied:
        if self._lease is None:
            return Denied("gone", self.why)
        try:
            answer = _answer(self._lease, [verb, card, *numbers])
        except (OSError, ValueError) as error:
            self.close()
            self.why = f"the helper with rights does not answer: {error}"
            return Denied("gone", self.why)
        if answer.pop("ok") is True:
            return answer
        return Denied(answer["code"], answer["why"])

    def close(self) -> None:
        """The helper puts limits and clocks back."""
        if self._lease is not None:
            self._lease.close()
            self._lease = None

    def _open(self) -> None:
        """The helper greets nobody: what it says to nonsense shows that it has put back what the
        lease before ours had changed, and that it listens to us."""
        lease = socket.socket(socket.AF_UNIX)
        lease.settimeout(GREETING_S)
        try:
            lease.connect(str(self._path))
            _answer(lease, [])
        except (OSError, ValueError) as error:
            lease.close()
            self.why = NOT_INSTALLED if isinstance(error, FileNotFoundError) else NOT_OURS
            return
        lease.settimeout(ANSWER_S)
        self._lease, self.why = lease, ""


def _answer(lease: socket.socket, asked: list[Any]) -> dict[str, Any]:
    lease.sendall(json.dumps(asked).encode() + b"\n")
    line = b""
    while not line.endswith(b"\n"):
        more = lease.recv(65536)
        if not more:
            raise ConnectionError("it has closed the connection")
        line += more
    answer = json.loads(line)
    if not isinstance(answer, dict) or "ok" not in answer:
        raise ValueError("its answer is none")
    return answer
