"""Whether Tenfold keeps a site's watts: random arrivals and faults on ten H100, judged outside.

Each pattern is a place (a circuit or several, quiet hours, power supplies), jobs of all kinds that
come at random, and faults: calls for a limit that fail for minutes, limits that take hold two
seconds late, cards that draw a tenth more than their limit, a process of somebody else, a lost
power supply. The site's budget, decide(), the setting of limits and the watch over cards are
Tenfold's own. The box is `replay_world`. `replay_judge` imports nothing of Tenfold: it reckons anew
what was allowed, and whether a breaker's heat ever comes to where it trips.

A tick follows whatever happens within half a second, and more follow for as long as something may
settle; before a step of the clock there is one every quarter of a minute. Ticks in between would
see what the one before saw.

    python benchmarks/replay.py --patterns 10000 --workers 2
    python benchmarks/replay.py --plant late     # a fault in the controller: it has to be caught
"""

from __future__ import annotations

import argparse
import heapq
import math
import os
import random
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial, partialmethod
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.kept import keep
from replay_judge import Judgement, judged
from replay_world import World

from tenfold.engine import limits as limits_file
from tenfold.engine.cards import Cards
from tenfold.engine.limits import Limits
from tenfold.hardware.declared import box as declared
from tenfold.hardware.modelled import capped, carved
from tenfold.placement import caps as caps_file
from tenfold.placement import decide as decide_file
from tenfold.placement.power import speed
from tenfold.rights.ask import Denied
from tenfold.site.budget import budget
from tenfold.site.config.config import parsed
from tenfold.terms.box import Box, DeviceKind
from tenfold.terms.job import Job, JobSpec, Kind, Pace, StopFor, worked_s
from tenfold.terms.needs import Needs
from tenfold.terms.states import LIVE, State

MONDAY_S = 4 * 86_400.0  # 1970-01-05, 00:00 UTC
HOUR_S = 3600.0
BOX = declared("10xH100-PCIe")
PLANTS = ("late", "denied", "lead")
SETTLING_S = (0.6, 1.4, 4.2, 8.0)  # ticks after something happened
WATCHED_S = tuple(0.5 * n for n in range(1, 21))  # and after a fault

SITES: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "one circuit of 208 V and 30 A",
        {
            "circuits": [{"volts": 208.0, "amps": 30.0, "phases": 1, "supplies": 4}],
            "supplies": 4,
            "supply_w": 2700.0,
            "quiet": 3900.0,
        },
    ),
    (
        "two circuits of 208 V and 20 A",
        {
            "circuits": [
                {"volts": 208.0, "amps": 20.0, "phases": 1, "supplies": 2},
                {"volts": 208.0, "amps": 20.0, "phases": 1, "supplies": 2},
            ],
            "supplies": 4,
            "supply_w": 2000.0,
            "quiet": 3700.0,
        },
    ),
    (
        "three phases of 208 V and 20 A",
        {
            "circuits": [{"volts": 208.0, "amps": 20.0, "phases": 3, "supplies": 6}],
            "supplies": 6,
            "supply_w": 1600.0,
            "quiet": 4200.0,
        },
    ),
)


# -- a pattern ------------------------------------------------------------------------------------


def place(chance: random.Random) -> tuple[dict[str, Any], str]:
    """The site in the judge's words, and in those of site.toml."""
    _, told = chance.choice(SITES)
    hours = chance.choice([(22, 7), (20, 8), (23, 6)])
    site = {
        **told,
        "efficiency": 0.94,
        "quiet": [{"from_min": 60 * hours[0], "until_min": 60 * hours[1], "watts": told["quiet"]}],
    }
    lines = ["[site]", 'zone = "UTC"']
    for n, circuit in enumerate(told["circuits"]):
        lines += ["[[circuit]]", f'name = "c{n}"']
        lines += [f"{name} = {value}" for name, value in circuit.items()]
    lines += ["[psu]", f"count = {told['supplies']}", f"watts = {told['supply_w']}"]
    lines += ["efficiency = 0.94", "[[quiet]]"]
    lines += [f'from = "{hours[0]}:00"', f'until = "0{hours[1]}:00"', f"watts = {told['quiet']}"]
    return site, "\n".join(lines)


def jobs_of(
    chance: random.Random, begin_s: float, lasts_s: float
) -> list[tuple[float, Job, float]]:
    """(when it is asked for, the job, how long it really runs at full speed)."""
    found = []
    for n in range(chance.randint(6, 18)):
        at_s = begin_s + chance.random() ** 2 * 0.8 * lasts_s
        told_s = math.exp(chance.uniform(math.log(600.0), math.log(4 * HOUR_S)))
        kind = chance.random()
        resumes = kind < 0.8
        fields: dict[str, Any] = {"gpus": 1, "memory_gib": 20.0}
        if kind < 0.2:
            fields["gpus"] = chance.choice([2, 2, 3, 4, 8])
        elif kind < 0.32:
            fields = {"slice": chance.choice(["1g.10gb", "2g.20gb", "3g.40gb"]), "memory_gib": 8.0}
        elif kind < 0.36:
            fields = {"gpus": 1, "memory_gib": 20.0, "shared": True}
        load = chance.choice(["compute", "compute", "light", "decode"])
        needs = Needs(time_s=told_s, load=load, **fields)
        service = kind > 0.97
        spec = JobSpec(
            "replay",
            kind=Kind.SERVICE if service else Kind.BATCH,
            priority=chance.choice([0, 0, 0, 5]),
            needs=replace(needs, time_s=None) if service else needs,
            resumes=resumes,
        )
        # One that cannot leave says how long it takes at most; the others may well take longer.
        real_s = told_s * (chance.uniform(0.6, 1.5) if resumes else chance.uniform(0.5, 1.0))
        job = Job(str(n + 1), spec, State.QUEUED, at_s, at_s)
        found.append((at_s, job, math.inf if service else real_s))
    return found


def faults_of(
    chance: random.Random, site: dict[str, Any], begin_s: float, lasts_s: float
) -> list[dict[str, Any]]:
    found = []
    for _ in range(chance.choice([0, 1, 1, 2, 3])):
        kind = chance.choice(["fail", "fail", "late", "late", "overshoot", "foreign", "supply"])
        from_s = begin_s + chance.uniform(0.05, 0.9) * lasts_s
        if kind == "fail" and chance.random() < 0.5:  # when limits have to fall for the evening
            from_s = _evening_s(site, begin_s) - chance.uniform(30.0, 400.0)
        card = f"gpu{chance.randrange(10)}"
        if kind in ("late", "supply") or (kind == "fail" and chance.random() < 0.3):
            card = ""
        span_s = chance.uniform(20.0, 240.0) if kind == "fail" else chance.uniform(300.0, HOUR_S)
        until_s = from_s + span_s
        if kind == "late":
            from_s, until_s = begin_s, begin_s + lasts_s
        if kind == "supply":
            until_s = begin_s + 2 * lasts_s
            if any(fault["kind"] == "supply" for fault in found):
                continue
        found.append({"kind": kind, "card": card, "from_s": from_s, "until_s": until_s})
    return found


def _evening_s(site: dict[str, Any], begin_s: float) -> float:
    """When the quiet hours begin next."""
    at_s = begin_s - begin_s % 86_400.0 + 60.0 * site["quiet"][0]["from_min"]
    return at_s if at_s > begin_s else at_s + 86_400.0


# -- the play -------------------------------------------------------------------------------------


class _NoLedger:
    def write(self, work: Callable[[Any], Any]) -> None:
        """What the watch over the cards would write down."""


class Play:
    """Tenfold's own parts around a world, as the tick puts them together."""

    def __init__(self, chance: random.Random, number: int) -> None:
        self.chance = chance
        self.site, text = place(chance)
        self.config = parsed(text, Path("site.toml"))
        begin_s = MONDAY_S + 86_400.0 * chance.randrange(7) + HOUR_S * chance.uniform(16, 30)
        if chance.random() < 0.75:  # the evening comes while it plays
            begin_s = _evening_s(self.site, begin_s) - HOUR_S * chance.uniform(0.5, 3.0)
        self.begin_s, self.lasts_s = begin_s, HOUR_S * chance.uniform(2.0, 7.0)
        self.end_s = begin_s + self.lasts_s
        self.faults = faults_of(chance, self.site, begin_s, self.lasts_s)
        cards = {
            fault["card"] for fault in self.faults if fault["kind"] in ("overshoot", "foreign")
        }
        self.faulty = cards  # the watch has nothing to say of the others
        self.coming = jobs_of(chance, begin_s, self.lasts_s)
        self.real_s = {job.id: real_s for _, job, real_s in self.coming}
        self.draw = {
            job.id: chance.choice([1.0, chance.uniform(0.8, 1.0)]) for _, job, _ in self.coming
        }
        self.world = World(BOX, self.faults, self.site["supplies"], begin_s)
        self.limits = Limits(self.world.set)
        self.cards = Cards(_NoLedger(), lambda pid: None)  # type: ignore[arg-type]
        self.bare = BOX
        self.jobs: dict[str, Job] = {}
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.count = self.ticks = self.starts = 0
        self.planned: set[int] = set()  # half seconds that have a tick
        self.number = number

    def play(self) -> dict[str, Any]:
        for at_s, job, _ in self.coming:
            self._at(at_s, partial(self._arrive, job))
        for fault in self.faults:
            for at_s in (fault["from_s"], fault["until_s"]):
                self._at(at_s, self._changed)
                self._ticks(at_s, WATCHED_S)
        for step in budget(self.config, self.world.reading(), self.begin_s).steps:
            if self.begin_s < step.start_s < self.end_s:
                before = [step.start_s - 15.0 * n for n in range(23)]
                for at_s in before:
                    self._at(max(self.begin_s, at_s + self.chance.uniform(0.0, 2.0)), self._tick)
                self._ticks(step.start_s, SETTLING_S)
        every_s = self.begin_s
        while every_s < self.end_s:
            self._at(every_s, self._tick)
            every_s += 600.0
        while self.events and self.events[0][0] < self.end_s:
            at_s, _, work = heapq.heappop(self.events)
            self.world.pass_to(at_s)
            work()
        self.world.pass_to(self.end_s)
        return {
            "site": self.site,
            "faults": self.faults,
            "draws": self.world.draws,
            "end_s": self.end_s,
            "number": self.number,
        }

    def _at(self, at_s: float, work: Callable[[], None]) -> None:
        self.count += 1
        heapq.heappush(self.events, (at_s, self.count, work))

    def _ticks(self, at_s: float, after: Iterable[float]) -> None:
        """The daemon's are a quarter of a second apart at least; here half a second."""
        for lead_s in after:
            tick_s = at_s + lead_s * self.chance.uniform(0.8, 1.0)
            if int(2 * tick_s) not in self.planned:
                self.planned.add(int(2 * tick_s))
                self._at(tick_s, self._tick)

    def _happened(self) -> None:
        self._ticks(self.world.now, SETTLING_S)

    def _changed(self) -> None:
        self.world.note()

    def _arrive(self, job: Job) -> None:
        self.jobs[job.id] = job
        self._happened()

    def _tick(self) -> None:
        """`engine/tick.py` without a ledger."""
        self.ticks += 1
        now = self.world.now
        reading = self.world.reading()
        seen_w = {one.device: one.gpu.limit_w for one in reading.devices if one.gpu}
        slots = [job.slot for job in self.jobs.values() if job.state in LIVE and job.slot]
        self.limits.seen(reading)
        told = tuple(one for one in reading.devices if one.device in self.faulty)
        bare = self.limits.shown(self.bare, now)
        box = self.cards.look(bare, replace(reading, devices=told), slots, now)
        allowed = budget(self.config, reading, now)
        decided = decide_file.decide(box, allowed, tuple(self.jobs.values()), now, words=False)
        decision = self.limits.carry_out(decided, box, now)
        for leave in decision.yields:
            job = self.jobs[leave.job]
            self.jobs[job.id] = replace(
                job, state=State.YIELDING, stop_for=StopFor.YIELD, changed_s=now
            )
            pause_s = self.chance.uniform(1.0, job.spec.needs.pause_s)
            self._at(now + pause_s, partial(self._leave, job.id, job.attempt))
        for start in decision.starts:
            self._start(start.job, start.slot, now)
        bare = capped(_as_read(self.bare, seen_w), decision.caps)
        self.bare = carved(bare, decision.relayouts)
        self._keep_pace(capped(box, decision.caps), now)
        if decision.caps or decision.starts or decision.yields:
            self._happened()

    def _start(self, id: str, slot: Any, now: float) -> None:
        self.starts += 1
        job = self.jobs[id]
        for fault in self.faults:  # other work may draw more of its limit, and so overshoot anew
            if fault["kind"] == "overshoot" and fault["card"] in slot.devices:
                fault.setdefault("again_s", []).append(now)
        self.jobs[id] = replace(
            job,
            state=State.RUNNING,
            slot=slot,
            started_s=now,
            changed_s=now,
            attempt=job.attempt + 1,
            pace=None,
        )
        self._draw()

    def _keep_pace(self, box: Box, now: float) -> None:
        cards = {gpu.id: gpu for gpu in box.gpus}
        for job in list(self.jobs.values()):
            if job.state is not State.RUNNING or job.slot is None or job.started_s is None:
                continue
            there = [cards[id] for id in job.slot.devices if id in cards]
            load = job.spec.needs.load
            rate = min((speed(gpu, gpu.cap_w, load) for gpu in there), default=1.0)
            fresh = job.started_s == now
            if not fresh and rate == (1.0 if job.pace is None else job.pace.speed):
                continue
            begins_s = max(now, job.started_s + job.slot.carve_s)
            job = self.jobs[job.id] = replace(job, pace=Pace(begins_s, rate, worked_s(job, now)))
            self._end_later(job)

    def _end_later(self, job: Job) -> None:
        assert job.pace is not None and job.slot is not None
        left_s = self.real_s[job.id] * (1.0 - (job.done or 0.0)) * job.slot.factor
        left_s = max(0.0, left_s - job.pace.worked_s)
        if left_s < math.inf:
            at_s = job.pace.at_s + left_s / job.pace.speed
            self._at(at_s, partial(self._end, job.id, job.pace))

    def _end(self, id: str, pace: Pace) -> None:
        job = self.jobs.get(id)
        if job is not None and job.state is State.RUNNING and job.pace == pace:
            del self.jobs[id]
            self._draw()
            self._happened()

    def _leave(self, id: str, attempt: int) -> None:
        job = self.jobs.get(id)
        if job is None or job.state is not State.YIELDING or job.attempt != attempt:
            return
        assert job.slot is not None
        real_s = self.real_s[id] * job.slot.factor
        done = min(0.99, (job.done or 0.0) + worked_s(job, job.changed_s) / real_s)
        self.jobs[id] = replace(
            job, state=State.QUEUED, slot=None, stop_for=None, done=done, pace=None
        )
        self._draw()
        self._happened()

    def _draw(self) -> None:
        busy: dict[str, float] = {}
        for job in self.jobs.values():
            if job.state in LIVE and job.slot is not None and job.slot.kind is DeviceKind.GPU:
                for id in job.slot.devices:
                    busy[id] = max(busy.get(id, 0.0), self.draw[job.id])
        self.world.busy = busy
        self.world.note()


def _as_read(box: Box, limits_w: dict[str, Any]) -> Box:
    if all(limits_w[gpu.id] == gpu.cap_w for gpu in box.gpus):
        return box
    nodes = tuple(
        replace(
            node,
            devices=tuple(
                replace(one, cap_w=limits_w[one.id]) if one.id in limits_w else one
                for one in node.devices
            ),
        )
        for node in box.nodes
    )
    return replace(box, nodes=nodes)


# -- faults in the controller, to see that they are caught -----------------------------------


def plant(name: str) -> None:
    if name == "late":  # a lower limit is trusted at once
        limits_file.SETTLE_S = 0.0  # type: ignore[misc]
        Limits.__init__.__defaults__ = (0.0, *Limits.__init__.__defaults__[1:])  # type: ignore
    elif name == "denied":  # a call that failed is taken for one that did not, and never looked at
        World.set = partialmethod(_believed, World.set)  # type: ignore
    elif name == "lead":  # caps fall when the step begins, and jobs leave then
        caps_file.CAP_LEAD_S = 0.0  # type: ignore[misc]
        decide_file.yields = partial(_yields_late, decide_file.yields)  # type: ignore


def _believed(world: World, real: Any, verb: str, card: str, number: int) -> object:
    if isinstance(real(world, verb, card, number), Denied):
        world.cards[card].told_w = float(number)
    return None


def _yields_late(real: Any, watts: Any, allowed: Any, live: Any, holds: Any, now: float) -> Any:
    return real(watts, replace(allowed, steps=(allowed.at(now),)), live, holds, now)


# -- all of them ------------------------------------------------------------------------------


def one(number: int, planted: str = "") -> tuple[Judgement, int, int, float]:
    if planted:
        plant(planted)
    chance = random.Random(f"replay {number}")
    begun = time.perf_counter()
    play = Play(chance, number)
    found = judged(play.play())
    return found, play.ticks, play.starts, time.perf_counter() - begun


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--patterns", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--planted", type=int, default=400, help="patterns of each planted fault")
    parser.add_argument("--plant", choices=PLANTS, default="", help="a fault in the controller")
    parser.add_argument("--out", type=Path, help="JSON file, instead of the kept one")
    asked = parser.parse_args()
    numbers = range(asked.first, asked.first + asked.patterns)
    if asked.plant:
        return 0 if summary(numbers, asked.workers, asked.plant)["wrong"] else 1
    found = summary(numbers, asked.workers, "")
    found["planted"] = {name: summary(range(asked.planted), asked.workers, name) for name in PLANTS}
    keep("replay", found, asked.out)
    caught = all(one["wrong"] for one in found["planted"].values())
    return 0 if not found["wrong"] and caught else 1


def summary(numbers: range, workers: int, planted: str) -> dict[str, Any]:
    play = partial(one, planted=planted)
    # Never in this process: what is planted stays.
    with ProcessPoolExecutor(workers) as pool:
        told = list(pool.map(play, numbers, chunksize=8))
    judgements = [found for found, _, _, _ in told]
    wrong = [n for n, found in zip(numbers, judgements, strict=True) if found.wrong]
    for n in wrong[:5]:
        print(f"pattern {n}: {judgements[n - numbers.start].wrong[:3]}", flush=True)
    figures = {
        "patterns": len(told),
        "starts": sum(starts for _, _, starts, _ in told),
        "ticks": sum(ticks for _, ticks, _, _ in told),
        "over_ws": sum(found.over_ws for found in judgements),
        "late_ws": sum(found.late_ws for found in judgements),
        "excused_ws": sum(found.excused_ws for found in judgements),
        "longest_s": max(found.longest_s for found in judgements),
        "breaker": max(found.breaker for found in judgements),
        "wrong": len(wrong),
        "wrong_patterns": wrong[:20],
    }
    print(
        planted or "as it is",
        {k: v for k, v in figures.items() if k != "wrong_patterns"},
        flush=True,
    )
    return figures


if __name__ == "__main__":
    sys.exit(main())
