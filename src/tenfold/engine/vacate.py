"""Whether the GPUs of an ended attempt show empty, so that the next one finds all their memory.

A driver takes a moment to clean up after a process that was killed, and one that hangs in it may
take for ever. So what came onto a card while the attempt had it is waited for, EMPTY_S at most.
What was there before, and what lives and is none of ours, belongs to others: it is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from tenfold.terms.box import DeviceKind
from tenfold.terms.job import Attempt
from tenfold.terms.reading import GpuProcess, Missing

EMPTY_S = 30.0

# Who has something on these devices now.
Users = Callable[[Collection[str]], Mapping[str, tuple[GpuProcess, ...] | Missing]]


def nobody(devices: Collection[str]) -> Mapping[str, tuple[GpuProcess, ...] | Missing]:
    """The Users of a machine without GPUs."""
    return {}


class Vacate:
    def __init__(self, users: Users) -> None:
        self._users = users
        self._before: dict[str, frozenset[int]] = {}  # token -> pids of others, when it began
        self._since: dict[str, float] = {}  # token -> when it was found to linger

    def began(self, attempt: Attempt) -> None:
        # Beside a part of a card others come and go: of these only what died there counts as left.
        slot = attempt.slot
        if slot.kind is DeviceKind.GPU and slot.slice is None and slot.fraction is None:
            self._before[attempt.token] = frozenset(self._pids(attempt))

    def lingers(self, attempt: Attempt, now_s: float) -> tuple[bool, list[dict[str, Any]]]:
        """Whether the cards of an attempt that is over still show something of it; and notes for
        its events, when the wait begins and when it is given up."""
        if attempt.slot.kind is not DeviceKind.GPU:
            return False, []
        left = self._left(attempt)
        since_s = self._since.get(attempt.token)
        if left and (since_s is None or now_s - since_s < EMPTY_S):
            self._since.setdefault(attempt.token, now_s)
            told = [_note(_waiting(left), now_s)] if since_s is None else []
            return True, told
        self._since.pop(attempt.token, None)
        self._before.pop(attempt.token, None)
        return False, [_note(_given_up(left), now_s)] if left else []

    def _left(self, attempt: Attempt) -> dict[int, str]:
        """pid -> device."""
        found = self._pids(attempt)
        before = self._before.get(attempt.token)
        if before is not None:
            return {pid: device for pid, device in found.items() if pid not in before}
        # A daemon that is gone started it: what lives here lacks its token, so it is another's.
        return {pid: device for pid, device in found.items() if not _alive(pid)}

    def _pids(self, attempt: Attempt) -> dict[int, str]:
        """Nothing where the driver does not tell: a wait would be for nothing."""
        seen = self._users(attempt.slot.devices)
        return {
            process.pid: device
            for device, processes in seen.items()
            if not isinstance(processes, Missing)
            for process in processes
        }


def _waiting(left: Mapping[int, str]) -> str:
    return (
        f"It is over, but {_named(left)}. Its slot stays taken meanwhile, {EMPTY_S:.0f} s at most."
    )


def _given_up(left: Mapping[int, str]) -> str:
    return f"{EMPTY_S:.0f} s after its end {_named(left)}. The slot is given on all the same."


def _named(left: Mapping[int, str]) -> str:
    pid, device = next(iter(left.items()))
    more = f" and {len(left) - 1} more" if len(left) > 1 else ""
    return f"the driver still shows process {pid}{more} on {device}"


def _note(text: str, now_s: float) -> dict[str, Any]:
    return {"kind": "note", "at": now_s, "text": text}


def _alive(pid: int) -> bool:
    """A zombie counts as gone: only the driver can still be busy with it."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False
