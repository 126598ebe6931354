"""Whether slices of a card can be made beside a running one: tried on one idle card in MIG mode.

1. The card has no instance, else it is not touched.
2. One slice is made, and a fixed piece of work runs on it alone.
3. The same work runs again while a neighbour is made and destroyed, over and over.
4. Output and step times are compared, and the layout is put back, whatever happened.

The helper with rights serves one at a time, so the daemon has to be down. The result is kept in the
home; until it says so, the daemon carves a card only while nothing runs there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles

from tenfold.folder.durable import write_json
from tenfold.rights.ask import Denied, Rights

KEPT = "mig-selftest.json"  # in the home
STEPS = 1000
WORK = (sys.executable, "-P", "-m", "tenfold.doctor.beside", str(STEPS))
# (profile id, start, size): 3g and 2g, the same on every card with eight memory slices.
OWN, NEIGHBOUR = (9, 4, 4), (14, 0, 2)
LEAST_ROUNDS = 5
SLOWER, SLOWEST = 1.02, 1.2  # of the median step, and of the slowest hundredth

Uuids = Callable[[str], Mapping[int, str]]  # MIG UUIDs of a card, by the numbers of instances


@dataclass(frozen=True)
class Run:
    digest: str
    steps_s: tuple[float, ...]
    rounds: int  # how often a neighbour came and went meanwhile


@dataclass(frozen=True)
class Tried:
    card: str
    passed: bool
    why: tuple[str, ...]  # what spoke against it
    alone: Run | None = None
    beside: Run | None = None


class _Failed(Exception):
    """The test could not be carried through."""


def selftest(rights: Rights, card: str, uuids: Uuids, work: tuple[str, ...] = WORK) -> Tried:
    standing = rights.ask("layout", card)
    if isinstance(standing, Denied):
        return Tried(card, False, (f"the layout could not be read: {standing.why}",))
    if standing["instances"]:
        return Tried(card, False, ("the card has instances; it has to be idle and empty",))
    alone = beside = None
    why: list[str] = []
    try:
        number = _made(rights, card, OWN)
        device = uuids(card).get(number, "")
        if not device:
            raise _Failed("the driver shows no MIG device for the slice that was made")
        alone = _run(work, device, lambda: None)
        beside = _run(work, device, lambda: _come_and_go(rights, card))
        why = against(alone, beside)
    except _Failed as failed:
        why = [str(failed)]
    finally:
        why += _put_back(rights, card)
    return Tried(card, not why, tuple(why), alone, beside)


def against(alone: Run, beside: Run) -> list[str]:
    """What the two runs say against carving beside running slices."""
    why = []
    if beside.digest != alone.digest:
        why.append("the output was another one")
    if beside.rounds < LEAST_ROUNDS:
        why.append(f"the neighbour came and went only {beside.rounds} times")
    slower = median(beside.steps_s) / median(alone.steps_s)
    if slower > SLOWER:
        why.append(f"the median step took {slower:.2f} times as long")
    slowest = _hundredth(beside) / _hundredth(alone)
    if slowest > SLOWEST:
        why.append(f"the slowest hundredth of the steps took {slowest:.2f} times as long")
    return why


def keep(home: Path, tried: Tried) -> Path:
    """The report to share; the newest of each card."""
    path = home / KEPT
    before = json.loads(path.read_text()) if path.exists() else {}
    write_json(path, {**before, tried.card: asdict(tried)})
    return path


def _run(work: tuple[str, ...], device: str, beside: Callable[[], None]) -> Run:
    """`beside` is called again and again from the first step to the last."""
    steps_s: list[float] = []
    digests: list[str] = []
    began = threading.Event()
    child = subprocess.Popen(
        work,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": device},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def listen() -> None:
        assert child.stdout is not None
        for line in child.stdout:
            told = json.loads(line)
            steps_s.extend([told["s"]] if "s" in told else [])
            digests.extend([told["digest"]] if "digest" in told else [])
            began.set()
        began.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    rounds = 0
    try:
        began.wait()
        while listener.is_alive() and not digests:
            beside()
            rounds += 1
            listener.join(0.01)
    finally:
        if not digests:
            child.kill()
        listener.join()
        _, said = child.communicate()
    if child.returncode or not digests:
        raise _Failed(f"the work on the slice failed: {said.strip()[-300:] or 'it ended early'}")
    return Run(digests[0], tuple(steps_s), rounds)


def _come_and_go(rights: Rights, card: str) -> None:
    number = _made(rights, card, NEIGHBOUR)
    gone = rights.ask("destroy", card, number)
    if isinstance(gone, Denied):
        raise _Failed(f"the neighbour could not be destroyed: {gone.why}")


def _made(rights: Rights, card: str, place: tuple[int, int, int]) -> int:
    answer = rights.ask("create", card, *place)
    if isinstance(answer, Denied):
        raise _Failed(f"a slice could not be made: {answer.why}")
    return int(answer["instance"])


def _put_back(rights: Rights, card: str) -> list[str]:
    """Empty, as it was; what could not be."""
    standing = rights.ask("layout", card)
    if isinstance(standing, Denied):
        return [f"the layout could not be put back: {standing.why}"]
    left = []
    for number, *_, mine in standing["instances"]:
        gone = rights.ask("destroy", card, number) if mine else Denied("foreign", "not ours")
        if isinstance(gone, Denied):
            left.append(f"instance {number} could not be destroyed: {gone.why}")
    return left


def _hundredth(run: Run) -> float:
    return quantiles(run.steps_s, n=100)[-1] if len(run.steps_s) > 1 else run.steps_s[0]
