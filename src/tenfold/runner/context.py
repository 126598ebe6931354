"""`job`: what a workload is given (the `Job` of `catalogue.contract`), one per rank."""

from __future__ import annotations

import math
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tenfold.catalogue.contract import Checkpoint
from tenfold.runner import children, gpu_memory
from tenfold.runner.checkpoint import Checkpoints
from tenfold.runner.claim import Claim, sync_names
from tenfold.runner.events import Events
from tenfold.runner.process import run_process
from tenfold.runner.progress import reported
from tenfold.runner.stop import AwaitChildren, StopFlag, Stopped
from tenfold.runner.used import used
from tenfold.runner.watching import Health, Idleness
from tenfold.terms.box import DeviceKind
from tenfold.terms.outcome import Outcome, Used
from tenfold.terms.refusal import refusal

T = TypeVar("T")

ARTIFACT_KINDS = (
    "image",
    "table",
    "plot",
    "audio",
    "video",
    "mesh",
    "points",
    "text",
    "data",
)


def alone(value: bool) -> bool:
    """The agreement of a job with one rank."""
    return value


class JobContext:
    """See `catalogue.contract.Job` for what each call promises to the workload.

    `agree` turns a rank's own yes or no into the one of rank 0, by broadcast; `clock` counts
    seconds for checkpoints and progress.
    """

    def __init__(
        self,
        held: Claim,
        stop: StopFlag,
        started_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        slot = held.current.slot
        self.id = held.job.id
        self.attempt = held.number
        self.spec = held.job.spec
        self.slot = slot
        self.devices = slot.devices
        self.device = "cuda:0" if slot.kind is DeviceKind.GPU else "cpu"
        self.rank = 0
        self.world = 1
        self.folder = held.folder.path
        self.artifacts = held.folder.artifacts
        self.started_s = started_s
        self.exit_code: int | None = None
        self.last_step: int | None = None
        self.agree: Callable[[bool], bool] = alone
        self._held = held
        self._stop = stop
        self._clock = clock
        self._saved_at_s = clock()
        self._found: Checkpoint | None = None
        self._events = Events(held.folder.events(held.number))
        self._checkpoints = Checkpoints(held.folder.checkpoints)
        self._strange: set[str] = set()  # metrics that were not finite, told once

    def begin(self, found: Checkpoint | None) -> None:
        """Called once, before the workload; `found` is what `resume` will say."""
        self._found = found
        self.last_step = found.step if found else None
        self._events.write("began", pid=os.getpid(), resumed_step=self.last_step)

    def become_rank(self, rank: int, world: int, agree: Callable[[bool], bool]) -> None:
        """One of a gang: called in the rank's own process, before the workload."""
        self.rank, self.world, self.agree = rank, world, agree
        if self.slot.kind is DeviceKind.GPU:
            self.device = f"cuda:{rank}"

    def used(self) -> Used:
        """For the outcome."""
        return used(self.started_s, self._held.folder.joined_cgroup(self.attempt))

    @property
    def stop_asked(self) -> bool:
        return self.agree(self._stop.asked)

    def progress(
        self, iterable: Iterable[T], total: float | None = None, unit: str = "step"
    ) -> Iterator[T]:
        if self.rank:
            return iter(iterable)
        return reported(iterable, total, unit, self._events, self._clock)

    def log(self, step: int, **metrics: float) -> None:
        if self.rank:
            return
        values = {name: float(value) for name, value in metrics.items()}
        for name, value in values.items():
            if not math.isfinite(value) and name not in self._strange:
                self._strange.add(name)
                self.note(f"{name} is {value} at step {step}")
        curves = {name: value for name, value in values.items() if math.isfinite(value)}
        self._events.write("metrics", step=step, values=curves)

    def note(self, text: str) -> None:
        if self.rank == 0:
            self._events.write("note", text=text)

    def health(self, healthy: bool, why: str) -> None:
        if self.rank == 0:
            self._events.write("health", healthy=healthy, why=why)

    def cap(self, watts: float | None) -> None:
        if watts is not None and not 0 < watts < math.inf:
            raise ValueError(f"a power limit is a positive number of watts; got {watts}")
        if self.rank == 0:
            self._events.write("cap", watts=watts)

    def serves(self, port: int = 0) -> int:
        if not port:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
        if self.rank == 0:
            self._events.write("serves", port=port)
        return port

    def checkpoint(self, save: Callable[[Path], object], step: int, every_s: float = 30.0) -> None:
        stop = self._stop.asked
        due = stop or self._clock() - self._saved_at_s >= every_s
        # Two questions only when the first says yes: a step costs a gang one broadcast.
        if not self.agree(due):
            return
        stop = self.agree(stop)
        if step != self.last_step:  # else this very state is saved already
            if self.rank == 0:
                sync_names(self._held)
                self._checkpoints.write(save, step)
                self._events.write("checkpoint", step=step)
            self.last_step = step
        self._saved_at_s = self._clock()
        if stop:
            raise Stopped

    def resume(self) -> Checkpoint | None:
        return self._found

    def artifact(self, path: str | Path, kind: str, title: str) -> None:
        if kind not in ARTIFACT_KINDS:
            raise ValueError(f"an artifact is one of {', '.join(ARTIFACT_KINDS)}; got {kind!r}")
        place = (self.artifacts / path).resolve()
        if not place.is_relative_to(self.artifacts.resolve()):
            raise ValueError(f"an artifact has to be in {self.artifacts}; got {path}")
        if not place.exists():
            raise FileNotFoundError(f"there is no artifact {place}")
        if self.rank == 0:
            relative = os.path.relpath(place, self.folder.resolve())
            self._events.write("artifact", path=relative, artifact_kind=kind, title=title)

    def spawn(
        self, workload: str, params: Mapping[str, Any], key: str, size: str | None = None
    ) -> None:
        if self.rank == 0:
            children.want(self._held, workload, params, key, size)

    def gather(self) -> dict[str, Outcome]:
        # Rank 0 has written what it wants; the others may not see it before they agree.
        if not self.agree(children.all_ended(self._held)):
            raise AwaitChildren
        return children.outcomes(self._held)

    def process(
        self,
        argv: Sequence[str],
        env: str = "",
        cwd: Path | None = None,
        variables: Mapping[str, str] | None = None,
        port: int = 0,
        health: str = "",
        idle_minutes: float = 0.0,
        ready: str = "",
    ) -> int:
        if self._stop.asked:
            raise Stopped
        ended = run_process(
            tuple(argv),
            env=env,
            cwd=self._held.folder.work / (cwd or ""),
            home=self._held.home,
            variables=variables or {},
            stop=self._stop,
            watch=self._watch(port, health, idle_minutes, ready),
        )
        self.exit_code = ended.status
        if ended.stopped:
            raise Stopped
        if ended.why:
            self.note(ended.why)
            self.exit_code = 0
        on_gpu = self.slot.kind is DeviceKind.GPU
        if self.exit_code and on_gpu and gpu_memory.told(self._held.folder.log(self.attempt)):
            raise refusal("gpu.memory", gib=self.slot.memory_gib, id=self.id)
        return self.exit_code

    def _watch(
        self, port: int, health: str, idle_minutes: float, ready: str
    ) -> Callable[[int], str | None] | None:
        if not port and not idle_minutes:
            return None
        untold = [ready] if ready else []

        def tell(healthy: bool, why: str) -> None:
            self.health(healthy, why)
            if healthy and untold:
                self.note(untold.pop())

        asked = Health(port, health, tell) if port else None
        idle = Idleness(idle_minutes * 60, clock=self._clock) if idle_minutes else None

        def look(pid: int) -> str | None:
            if asked is not None:
                asked.look()
            if idle is not None and idle.reached(pid):
                return f"It used no CPU for {idle_minutes:g} minutes and was ended."
            return None

        return look
