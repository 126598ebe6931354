"""How a stop reaches the workload, and the two ways out of `run` that are not errors."""

from __future__ import annotations

import signal
from types import FrameType

from tenfold.folder.paths import JobFolder
from tenfold.terms.refusal import Refusal


class Stopped(BaseException):
    """The stop was heard and what had to be saved is saved. Not an Exception, so that a workload
    that catches those does not swallow it."""


class AwaitChildren(BaseException):
    """The children are not done; the attempt gives its slot back."""


class StopFlag:
    """Whether a stop is asked of this attempt: by SIGTERM (from the daemon, or from a machine that
    goes down), or by the stop.json that was there before we could hear one."""

    def __init__(self, folder: JobFolder, number: int) -> None:
        self._folder = folder
        self._number = number
        self._looked = False
        self._asked = False

    def listen(self) -> None:
        """From here on SIGTERM does not kill this process."""
        signal.signal(signal.SIGTERM, self._heard)

    @property
    def asked(self) -> bool:
        if not self._looked and not self._asked:
            self._looked = True
            self._asked = self._written()
        return self._asked

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self._asked = True

    def _written(self) -> bool:
        try:
            return self._folder.read_stop(self._number) is not None
        except Refusal:
            return True  # the daemon wrote a stop; that it cannot be read is no reason to go on
