"""A slot is given on when the cards show nothing of the old attempt, or after EMPTY_S."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterator, Mapping

import pytest

from tenfold.engine.vacate import EMPTY_S, Vacate, nobody
from tenfold.terms.box import DeviceKind, Slot
from tenfold.terms.job import Attempt
from tenfold.terms.reading import GpuProcess, Missing

GONE = 4_190_000  # above what the kernel counts to
OTHER = GONE + 1


class Cards:
    """What the driver shows of each card."""

    def __init__(self, **shown: list[int]) -> None:
        self.shown: dict[str, list[int] | Missing] = {**shown}

    def __call__(self, devices: Collection[str]) -> Mapping[str, tuple[GpuProcess, ...] | Missing]:
        return {id: self._of(id) for id in devices}

    def _of(self, id: str) -> tuple[GpuProcess, ...] | Missing:
        pids = self.shown[id]
        if isinstance(pids, Missing):
            return pids
        return tuple(GpuProcess(pid, "", 1.0) for pid in pids)


def attempt(*devices: str, kind: DeviceKind = DeviceKind.GPU) -> Attempt:
    return Attempt("7", 1, "a" * 32, Slot("host", devices, kind, 1, 1.0), 0.0)


def test_what_came_during_the_attempt_is_waited_for_and_told_once() -> None:
    cards = Cards(a=[], b=[])
    vacate = Vacate(cards)
    vacate.began(attempt("a", "b"))
    cards.shown["b"] = [GONE]
    lingers, (note,) = vacate.lingers(attempt("a", "b"), 100.0)
    assert lingers and f"process {GONE} on b" in note["text"] and note["at"] == 100.0
    assert vacate.lingers(attempt("a", "b"), 100.0 + EMPTY_S / 2) == (True, [])
    cards.shown["b"] = []
    assert vacate.lingers(attempt("a", "b"), 101.0 + EMPTY_S / 2) == (False, [])


def test_a_card_that_never_shows_empty_is_given_on() -> None:
    cards = Cards(a=[])
    vacate = Vacate(cards)
    vacate.began(attempt("a"))
    cards.shown["a"] = [GONE, OTHER]
    assert vacate.lingers(attempt("a"), 100.0)[0]
    assert vacate.lingers(attempt("a"), 99.9 + EMPTY_S)[0]
    lingers, (note,) = vacate.lingers(attempt("a"), 100.0 + EMPTY_S)
    assert not lingers and "given on all the same" in note["text"]
    assert "and 1 more" in note["text"]


def test_what_was_there_before_is_anothers() -> None:
    vacate = Vacate(Cards(a=[OTHER]))
    vacate.began(attempt("a"))
    assert vacate.lingers(attempt("a"), 100.0) == (False, [])


@pytest.fixture
def zombie() -> Iterator[int]:
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    yield child.pid
    child.wait()


def test_of_an_adopted_attempt_only_the_dead_are_waited_for(zombie: int) -> None:
    vacate = Vacate(Cards(a=[os.getpid()]))
    assert vacate.lingers(attempt("a"), 100.0) == (False, [])
    for dead in (GONE, zombie):
        lingers, (note,) = Vacate(Cards(a=[os.getpid(), dead])).lingers(attempt("a"), 100.0)
        assert lingers and f"process {dead} on a" in note["text"]


def test_where_nothing_is_told_nothing_is_waited_for() -> None:
    vacate = Vacate(Cards(a=[GONE]))
    vacate.began(attempt("a"))
    lost = Cards()
    lost.shown["a"] = Missing("the card fell off the bus")
    assert Vacate(lost).lingers(attempt("a"), 100.0) == (False, [])
    assert Vacate(nobody).lingers(attempt("a"), 100.0) == (False, [])


def test_a_share_of_the_cpu_is_not_asked_for() -> None:
    vacate = Vacate(Cards())
    vacate.began(attempt("cpu", kind=DeviceKind.CPU))
    assert vacate.lingers(attempt("cpu", kind=DeviceKind.CPU), 1.0) == (False, [])
