"""Judges decisions. It shares no code with decide(): it has its own table of an H100's slices, its
own idea of what is free, and it follows a simulation from the outside.

`Checker.watch` is given to `simulate`; what is wrong is collected in `wrong`, in words.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from tenfold.placement.decide import decide
from tenfold.placement.simulate import Arrival, Record
from tenfold.terms.box import Box, Device, DeviceKind, Slot
from tenfold.terms.budget import Budget
from tenfold.terms.decision import Decision
from tenfold.terms.job import Job, Kind
from tenfold.terms.needs import Needs
from tenfold.terms.states import State

# Legal starts and memory slices of an H100's profiles, typed off `nvidia-smi mig -lgipp` anew, with
# compute slices and GiB. The order is that of "smallest first".
H100 = {
    "1g.10gb": ({0, 1, 2, 3, 4, 5, 6}, 1, 1, 9.75),
    "1g.20gb": ({0, 2, 4, 6}, 2, 1, 19.62),
    "2g.20gb": ({0, 2, 4}, 2, 2, 19.62),
    "3g.40gb": ({0, 4}, 4, 3, 39.5),
    "4g.40gb": ({0}, 4, 4, 39.5),
    "7g.80gb": ({0}, 8, 7, 79.25),
}
SM = {
    "1g.10gb": 16,
    "1g.20gb": 26,
    "2g.20gb": 32,
    "3g.40gb": 60,
    "4g.40gb": 64,
    "7g.80gb": 132,
}
HOLDING = (State.STARTING, State.RUNNING, State.YIELDING)


def cells(profile: str, start: int) -> set[int]:
    """The memory slices that an instance covers; an illegal one covers cell -1."""
    starts, size, _, _ = H100.get(profile, (set(), 0, 0, 0.0))
    return set(range(start, start + size)) if start in starts else {-1}


class Checker:
    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.wrong: list[str] = []
        self.promised_s: dict[str, float] = {}
        self._random = random.Random(5)

    def watch(self, box: Box, decision: Decision, jobs: Sequence[Job], now: float) -> None:
        slots = {job.id: job.slot for job in jobs if job.state in HOLDING and job.slot}
        self._same_again(box, decision, jobs, now)
        self._only_those_who_may(decision, jobs, now)
        standing = self._relaid(box, decision, slots)
        started = {start.job: start.slot for start in decision.starts}
        self._seats(box, {**slots, **started}, standing)
        by_id = {job.id: job for job in jobs}
        for id, slot in started.items():
            self._suits(box, by_id[id].spec.needs, slot, id)
        for wait in decision.waits:
            if wait.expected_s is not None:
                self.promised_s.setdefault(wait.job, wait.expected_s)
        told = {wait.job for wait in decision.waits} | set(started)
        silent = {job.id for job in jobs if job.state is State.QUEUED} - told
        if silent:
            self._say(f"nothing is said of {sorted(silent)}")

    def ended(self, box: Box, arrivals: Sequence[Arrival], record: Record) -> None:
        """Afterwards: whoever fits the empty box ran, and in bounded time."""
        bound_s = max((max(one.at_s, one.spec.not_before_s or 0.0) for one in arrivals), default=0)
        for one in arrivals:
            if not fits_empty(box, one.spec.needs):
                continue
            if one.id not in record.ended_s:
                self._say(f"job {one.id} fits and never ended")
            lasts_s = one.lasts_s if one.lasts_s is not None else one.spec.needs.time_s or 0.0
            # Somebody always runs; carving takes seconds, a yield its pause.
            slowest = min((rate for rate in one.spec.needs.speeds if rate > 0), default=1.0)
            bound_s += (lasts_s / slowest + 5.0) * (box.span_factor or 1.0)
        bound_s += record.yields * 40.0
        if record.ended_s and max(record.ended_s.values()) > bound_s:
            self._say(f"all is over after {bound_s:.0f} s at most, not as late as it was")

    def promises(self, arrivals: Sequence[Arrival], record: Record) -> None:
        """Afterwards: nobody started later than it was told at first. A job that runs on slices of
        several sizes may choose to wait one pause for a larger one: nobody else delays it."""
        needs = {one.id: one.spec.needs for one in arrivals}
        for id, promised_s in self.promised_s.items():
            own_s = needs[id].pause_s + 1.0 if needs[id].speeds else 0.0
            started_s = record.started_s.get(id, math.inf)
            if started_s > promised_s + own_s + 1e-6:
                self._say(f"job {id} was promised {promised_s:.2f} s, started {started_s:.2f} s")

    def _say(self, what: str) -> None:
        self.wrong.append(what)

    def _same_again(self, box: Box, decision: Decision, jobs: Sequence[Job], now: float) -> None:
        shuffled = list(jobs)
        self._random.shuffle(shuffled)
        if decide(box, self.budget, shuffled, now) != decision:
            self._say("another order of the same jobs, another decision")

    def _only_those_who_may(self, decision: Decision, jobs: Sequence[Job], now: float) -> None:
        by_id = {job.id: job for job in jobs}
        for start in decision.starts:
            job = by_id[start.job]
            if job.state is not State.QUEUED:
                self._say(f"job {job.id} starts though it is {job.state}")
            if any(before in by_id for before in job.spec.after):
                self._say(f"job {job.id} starts before what it comes after")
            if job.spec.not_before_s is not None and job.spec.not_before_s > now:
                self._say(f"job {job.id} starts too early")
        for leave in decision.yields:
            job = by_id[leave.job]
            if job.spec.kind is not Kind.BATCH or not job.spec.resumes:
                self._say(f"job {job.id} is asked to yield and cannot continue")
            if job.state is not State.RUNNING:
                self._say(f"job {job.id} is asked to yield and does not run")

    def _relaid(
        self, box: Box, decision: Decision, slots: dict[str, Slot]
    ) -> dict[str, set[tuple[str, int]]]:
        """Instances on every card after the re-layouts."""
        held = {
            (device, slot.slice.profile, slot.slice.start)
            for slot in slots.values()
            if slot.slice
            for device in slot.devices
        }
        standing = {gpu.id: {_key(one) for one in gpu.instances} for gpu in box.gpus}
        foreign = {(gpu.id, *_key(one)) for gpu in box.gpus for one in gpu.instances if one.foreign}
        for relayout in decision.relayouts:
            there = standing[relayout.device]
            gpu = next(gpu for gpu in box.gpus if gpu.id == relayout.device)
            if not gpu.carves_live and any(device == gpu.id for device, _, _ in held):
                self._say(f"{gpu.id} is carved beside running slices")
            for place in relayout.destroy:
                key = (place.profile, place.start)
                if (relayout.device, *key) in held:
                    self._say(f"{place.words} on {relayout.device} is destroyed under its job")
                if (relayout.device, *key) in foreign:
                    self._say(f"{place.words} on {relayout.device} is not ours to destroy")
                if key not in there:
                    self._say(f"{place.words} on {relayout.device} is not there to destroy")
                there.discard(key)
            for place in relayout.create:
                there.add((place.profile, place.start))
            covered: list[int] = []
            for profile, start in there:
                covered += cells(profile, start)
            if -1 in covered or len(covered) != len(set(covered)):
                self._say(f"{sorted(there)} on {relayout.device} is no legal layout")
        return standing

    def _seats(
        self, box: Box, slots: dict[str, Slot], standing: dict[str, set[tuple[str, int]]]
    ) -> None:
        """Nobody sits on anybody."""
        taken: dict[str, list[int]] = {gpu.id: [] for gpu in box.gpus}
        for gpu in box.gpus:
            for one in gpu.instances:
                if one.foreign:
                    taken[gpu.id] += cells(*_key(one))
        cores: dict[str, int] = {}
        memory_gib: dict[str, float] = {}
        accounts: dict[str, float] = {}
        for id, slot in slots.items():
            if slot.kind is DeviceKind.CPU:
                (cpu,) = slot.devices
                cores[cpu] = cores.get(cpu, 0) + slot.cores
                memory_gib[cpu] = memory_gib.get(cpu, 0.0) + slot.memory_gib
            elif slot.fraction is not None:
                (device,) = slot.devices
                accounts[device] = accounts.get(device, 0.0) + slot.memory_gib
                if standing[device]:
                    self._say(f"job {id} shares {device}, and it is carved")
            elif slot.slice is None:
                for device in slot.devices:
                    taken[device] += range(8)
                    if standing[device]:
                        self._say(f"job {id} has {device} whole, and it is carved")
            else:
                (device,) = slot.devices
                key = _key(slot.slice)
                taken[device] += cells(*key)
                if key not in standing[device]:
                    self._say(f"job {id} sits on {slot.slice.words} of {device}: it is not there")
        for gpu in box.gpus:
            if accounts.get(gpu.id, 0.0) > gpu.memory_gib + 1e-9:
                self._say(f"the accounts of {gpu.id} are more than it has")
            if gpu.id in accounts:
                taken[gpu.id] += range(8)
        for device, covered in taken.items():
            if -1 in covered or len(covered) != len(set(covered)):
                self._say(f"{device} is given twice, or in a way that is not legal")
        for cpu in (device for device in box.devices if device.kind is DeviceKind.CPU):
            if cores.get(cpu.id, 0) > cpu.cores:
                self._say(f"{cpu.id} has {cpu.cores} cores, {cores[cpu.id]} are given")
            if memory_gib.get(cpu.id, 0.0) > cpu.memory_gib + 1e-9:
                self._say(f"the memory of {cpu.id} is given twice")

    def _suits(self, box: Box, needs: Needs, slot: Slot, id: str) -> None:
        """What was asked is what is given, and no more than that."""
        devices = [gpu for gpu in box.gpus if gpu.id in slot.devices]
        if slot.kind is DeviceKind.CPU:
            if needs.gpus or needs.slice or slot.cores != needs.cores:
                self._say(f"job {id} was given a share of a CPU that it did not ask for")
        elif slot.slice is not None and needs.speeds:
            if not _runs_on(needs, slot.slice.profile):
                self._say(f"job {id} does not run on {slot.slice.profile}")
        elif slot.slice is not None:
            if slot.slice.profile != smallest(needs):
                self._say(f"job {id} was given {slot.slice.profile}, not {smallest(needs)}")
        elif slot.fraction is not None:
            (gpu,) = devices
            right = slot.memory_gib == needs.memory_gib == slot.fraction * gpu.memory_gib
            if not needs.shared or gpu.mig is not None or not right:
                self._say(f"job {id} was given an account that it did not ask for")
        else:
            if needs.shared:
                self._say(f"job {id} shares, and was given a whole card")
            if len(devices) > 1 and not all(gpu.gangs for gpu in devices):
                self._say(f"job {id} is a gang on a card that reaches no other")
            if len(devices) != max(1, needs.gpus):
                self._say(f"job {id} was given {len(devices)} GPUs")
            if any(gpu.memory_gib < needs.memory_gib for gpu in devices):
                self._say(f"job {id} was given a GPU that is too small")
            spans = len({gpu.node for gpu in devices}) > 1
            if spans and (box.span_factor is None or slot.factor != box.span_factor):
                self._say(f"job {id} spans nodes for nothing")


def _key(one: object) -> tuple[str, int]:
    place = getattr(one, "placement", one)
    return (place.profile, place.start)


def smallest(needs: Needs) -> str | None:
    """The profile that these needs get on a card that can be carved."""
    if needs.slice is not None:
        known = H100.get(needs.slice)
        return needs.slice if known and known[3] >= needs.memory_gib else None
    if needs.speeds:
        return next((profile for profile in H100 if _runs_on(needs, profile)), None)
    if needs.share is None and not needs.shared:
        return None
    for profile, (_, _, _, gib) in H100.items():
        if gib >= needs.memory_gib and SM[profile] >= (needs.share or 0.0) * 132:
            return profile
    return None


def _runs_on(needs: Needs, profile: str) -> bool:
    _, _, compute, gib = H100[profile]
    return gib >= needs.memory_gib and needs.speeds[[1, 2, 3, 4, 7].index(compute)] > 0


def fits_empty(box: Box, needs: Needs) -> bool:
    """Whether the empty box has a place. What is somebody else's stays."""
    if needs.slice is not None or needs.share is not None or needs.speeds or needs.shared:
        return any(_card_fits(gpu, needs) for gpu in box.gpus)
    if needs.gpus:
        able = [
            sum(
                _serves(gpu, needs) and not any(i.foreign for i in gpu.instances)
                for gpu in node.devices
                if gpu.kind is DeviceKind.GPU
            )
            for node in box.nodes
        ]
        if box.span_factor is not None and max(able) < needs.gpus:
            # A node that would hold the gang but for somebody else's slices is waited for.
            whole = [
                sum(d.kind is DeviceKind.GPU and _serves(d, needs) for d in n.devices)
                for n in box.nodes
            ]
            return max(whole) < needs.gpus <= sum(able)
        return max(able) >= needs.gpus
    return any(
        cpu.cores >= needs.cores and cpu.memory_gib >= needs.memory_gib
        for cpu in box.devices
        if cpu.kind is DeviceKind.CPU
    )


def _serves(gpu: Device, needs: Needs) -> bool:
    return gpu.memory_gib >= needs.memory_gib and (gpu.gangs or needs.gpus == 1)


def _card_fits(gpu: Device, needs: Needs) -> bool:
    foreign: set[int] = set()
    for one in gpu.instances:
        foreign |= cells(*_key(one)) if one.foreign else set()
    profile = smallest(needs)
    if gpu.mig is None or profile is None:
        whole = needs.slice is None and gpu.memory_gib >= needs.memory_gib
        return whole and not foreign
    if foreign and not gpu.carves_live:
        return False
    return any(not cells(profile, start) & foreign for start in H100[profile][0])
