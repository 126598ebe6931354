"""A gang: one rank process a GPU (or as many as the job asks of a CPU share), forked by the runner.

The runner keeps the lock and follows them; `run` is called in each rank, where torch.distributed
is ready (gloo on a CPU, nccl beside it on GPUs). A stop and what is due are agreed by a broadcast
of rank 0 over a gloo group of our own, so that no rank saves or ends without the others.

A rank that raises ends the attempt with its error. A rank that is killed ends it without an
outcome: the attempt has crashed, and what the job says about retries applies.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold.catalogue.extras import install_command, missing
from tenfold.runner import log
from tenfold.runner.claim import Claim
from tenfold.runner.context import JobContext
from tenfold.runner.frame import framed
from tenfold.runner.process import dies_with
from tenfold.runner.stop import StopFlag
from tenfold.runner.threads import set_threads
from tenfold.runner.variables import thread_variables
from tenfold.terms.box import DeviceKind
from tenfold.terms.outcome import Ending, Outcome
from tenfold.terms.refusal import refusal
from tenfold.terms.wire import from_json, to_json

LOOK_S = 0.5
# After one rank has failed, the others get this long to fail of themselves: if one of them was
# killed, that is the cause and the error of the first only its consequence.
SETTLE_S = 1.0

_GOOD = (Ending.SUCCEEDED, Ending.STOPPED, Ending.AWAITS_CHILDREN)


@dataclass(frozen=True)
class Rank:
    number: int
    pid: int
    pidfd: int
    report: int  # a memory file, so that a full disk loses no report


@dataclass(frozen=True)
class RankEnd:
    rank: Rank
    status: int  # negative: the signal that killed it
    outcome: Outcome | None  # what it reported


def fork_ranks(
    held: Claim, job: JobContext, world: int, act: Callable[[], Outcome]
) -> tuple[Rank, ...]:
    """One process a rank, each calling `act`. Raises a Refusal where torch is missing."""
    if missing(("gang",)):
        command = install_command(("gang",))
        raise refusal("workload.requires", name=job.spec.workload, missing="gang", next=command)
    importlib.import_module("torch.distributed")  # once here, instead of once in each rank
    return tuple(_forked(held, job, number, world, act) for number in range(world))


def followed(ranks: tuple[Rank, ...], job: JobContext, stop: StopFlag) -> Outcome | None:
    """Wait for all; None where one was killed. When this returns, none lives."""
    try:
        ends = _ends(ranks, stop)
    finally:
        _kill(ranks)
    for end in ends:
        if end.outcome is None:
            status = end.status if end.status >= 0 else 128 - end.status
            lost = refusal(
                "job.ranks", rank=end.rank.number, world=len(ranks), status=status, id=job.id
            )
            job.note(f"{lost.what} {lost.why}")
            log.say(str(lost))
            return None
    outcomes = [(end.rank.number, end.outcome) for end in ends if end.outcome]
    for _, outcome in outcomes:  # in the order they ended: the first error is the cause
        if outcome.ending not in _GOOD:
            return outcome
    return dict(outcomes)[0]


def _forked(
    held: Claim, job: JobContext, number: int, world: int, act: Callable[[], Outcome]
) -> Rank:
    report = os.memfd_create(f"rank-{number}", os.MFD_CLOEXEC)
    runner = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return Rank(number, pid, os.pidfd_open(pid), report)
    try:
        dies_with(runner)()
        os.close(held.lock)  # it is the runner's; here it is only a number
        outcome = framed(job, lambda: _ranked(held, job, number, world, act))
        os.write(report, json.dumps(to_json(outcome)).encode())
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(0)


def _ranked(
    held: Claim, job: JobContext, number: int, world: int, act: Callable[[], Outcome]
) -> Outcome:
    on_gpu = job.slot.kind is DeviceKind.GPU
    cores = max(1, job.slot.cores // world)
    os.environ.update(
        thread_variables(cores),
        RANK=str(number),
        LOCAL_RANK=str(number),
        WORLD_SIZE=str(world),
        LOCAL_WORLD_SIZE=str(world),
        GLOO_SOCKET_IFNAME="lo",
    )
    set_threads(cores)
    import torch
    from torch import distributed

    if on_gpu:
        torch.cuda.set_device(number)
    meeting = held.folder.attempt(held.number) / "rendezvous"
    distributed.init_process_group(
        backend="cpu:gloo,cuda:nccl" if on_gpu else "gloo",
        store=distributed.FileStore(str(meeting), world),
        rank=number,
        world_size=world,
    )
    group = distributed.new_group(backend="gloo")
    job.become_rank(number, world, _agreement(torch, distributed, group))
    outcome = act()
    # Nobody leaves while another may still read what it sent.
    with contextlib.suppress(RuntimeError):
        distributed.barrier(group)
    return outcome


def _agreement(torch: Any, distributed: Any, group: Any) -> Callable[[bool], bool]:
    word = torch.zeros(1, dtype=torch.uint8)

    def agree(value: bool) -> bool:
        word[0] = int(value)
        distributed.broadcast(word, 0, group=group)
        return bool(word.item())

    return agree


def _ends(ranks: tuple[Rank, ...], stop: StopFlag) -> list[RankEnd]:
    """How the ranks ended, in that order. Those that were still alive when the others had failed
    are left out."""
    poll = select.poll()
    waiting = {rank.pidfd: rank for rank in ranks}
    for pidfd in waiting:
        poll.register(pidfd, select.POLLIN)
    ends: list[RankEnd] = []
    told = False
    settled_s: float | None = None
    while waiting and (settled_s is None or time.monotonic() < settled_s):
        for pidfd, _ in poll.poll((SETTLE_S if settled_s is not None else LOOK_S) * 1000):
            poll.unregister(pidfd)
            ends.append(_end(waiting.pop(pidfd)))
            outcome = ends[-1].outcome
            if settled_s is None and (outcome is None or outcome.ending not in _GOOD):
                settled_s = time.monotonic() + SETTLE_S
        if stop.asked and not told:
            told = True
            for rank in waiting.values():
                signal.pidfd_send_signal(rank.pidfd, signal.SIGTERM)
    return ends


def _end(rank: Rank) -> RankEnd:
    status = os.waitstatus_to_exitcode(os.waitpid(rank.pid, 0)[1])
    text = Path(f"/proc/self/fd/{rank.report}").read_bytes()
    outcome = from_json(Outcome, json.loads(text)) if text and status == 0 else None
    return RankEnd(rank, status, outcome)


def _kill(ranks: tuple[Rank, ...]) -> None:
    for rank in ranks:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(rank.pidfd, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(rank.pid, 0)
        os.close(rank.pidfd)
        os.close(rank.report)
