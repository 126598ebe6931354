"""The words of a Wait: one sentence why, and device by device why not.

The words hold no relative times, so that they change only when the reason does; the expected start
stands in `Wait.expected_s`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from tenfold.placement.fits import asked, largest, share
from tenfold.placement.packing import FULL, by_slice
from tenfold.placement.slots import Host, Occupancy
from tenfold.terms.box import Box, Device
from tenfold.terms.decision import Place
from tenfold.terms.needs import Needs

NAMED = 4  # jobs that a sentence names


class Cause(Enum):
    NEVER = "never"  # larger than the box
    BUSY = "busy"
    WATTS = "watts"
    ROOM = "room"  # somebody leaves for it
    AHEAD = "ahead"  # what is free is kept for a job that comes first


@dataclass(frozen=True, eq=False)
class Block:
    """Why some needs have no slot now. Jobs that ask for the same share one, and its words."""

    needs: Needs
    cause: Cause
    ahead: str = ""  # the job that a reservation is kept for
    load_w: float = 0.0  # of the box with this job, at the lowest caps
    limit_w: float = 0.0


def why(box: Box, occupied: Occupancy, block: Block) -> str:
    """One sentence for a person."""
    needs = block.needs
    if block.cause is Cause.NEVER:
        most = largest(box, needs)
        return f"It never fits this box: it asks for {asked(needs)}; the largest here is {most}."
    if block.cause is Cause.WATTS:
        return _watts(block)
    if block.cause is Cause.ROOM:
        return "Its card is laid out anew; those that have to move for it save their work first."
    if block.cause is Cause.AHEAD:
        unknown = needs.time_s is None
        late = "nobody knows how long this one takes" if unknown else "this one ends too late"
        return f"What is free is kept for job {block.ahead}, which is ahead; {late}."
    if by_slice(needs):
        return f"It asks for {asked(needs)}; {_no_slice(occupied, needs)}."
    if not needs.gpus:
        return f"It asks for {asked(needs)}; {_most_free(occupied)}."
    free = max(len(occupied.free_gpus(host, needs)) for host in occupied.hosts)
    here = "none is free" if free == 0 else f"{free} {'is' if free == 1 else 'are'} free"
    return f"It asks for {asked(needs)}; {here}."


def _watts(block: Block) -> str:
    if block.load_w == math.inf:
        return "Nobody knows what it would draw, and the site limits the watts."
    return (
        f"With it the box may draw {block.load_w:,.0f} W at the lowest caps; "
        f"the site allows {block.limit_w:,.0f} W while it runs."
    )


def _no_slice(occupied: Occupancy, needs: Needs) -> str:
    """How far the cards are from having such a slice."""
    cards = [gpu for host in occupied.hosts for gpu in host.gpus]
    able = [gpu for gpu in cards if gpu.mig and occupied.packing(gpu.mig).wanted(needs)]
    whole = sum(occupied.taken.get(gpu.id, 0) == FULL for gpu in able)
    if not able and needs.shared:
        return "no card that can be shared has so much memory left"
    if not able:
        return "no card that would do as a whole is free"
    if whole == len(able):
        return "every card is in use as a whole" if len(able) > 1 else "the card is in use"
    return f"no card has room for one ({len(able)} looked at)"


def _most_free(occupied: Occupancy) -> str:
    most = max(
        (host for host in occupied.hosts if host.cpu),
        key=lambda host: (host.cores, host.memory_gib),
    )
    words = share(max(0, most.cores), max(0.0, most.memory_gib))
    return f"{words} {'is' if most.cores == 1 else 'are'} free"


class Places:
    """The places of waiting jobs, device by device."""

    def __init__(self, occupied: Occupancy, kept: Mapping[str, tuple[str, int]]) -> None:
        self.occupied = occupied
        self.kept = kept  # device -> the job that a reservation keeps memory slices for, and which
        gpus = [gpu for host in occupied.hosts for gpu in host.gpus]
        self._busy = {
            gpu.id: Place(gpu.id, self._holders(gpu)) for gpu in gpus if occupied.taken.get(gpu.id)
        }
        # Thousands of jobs may wait while every GPU is in use: these get one and the same tuple.
        all_busy = len(self._busy) == len(gpus)
        self._all_busy = tuple(self._busy[gpu.id] for gpu in gpus) if all_busy else ()
        self._least_gib = min((gpu.memory_gib for gpu in gpus), default=0.0)

    def of(self, block: Block) -> tuple[Place, ...]:
        """Every device that was looked at for these needs, and why it did not do."""
        needs = block.needs
        if by_slice(needs):
            return tuple(
                Place(gpu.id, self._slice(gpu, block))
                for host in self.occupied.hosts
                for gpu in host.gpus
            )
        if needs.gpus:
            if self._all_busy and needs.memory_gib <= self._least_gib:
                return self._all_busy
            return tuple(
                self._gpu(host, gpu, block) for host in self.occupied.hosts for gpu in host.gpus
            )
        return tuple(
            Place(host.cpu.id, self._share(host, host.cpu, block))
            for host in self.occupied.hosts
            if host.cpu
        )

    def _holders(self, gpu: Device) -> str:
        """Who is on a card: `busy with job 4`, `carved: 1g.10gb@6 job 7, 2g.20gb@0 job 3`,
        `shared: 8 GiB job 2`."""
        tenants = self.occupied.tenants.get(gpu.id, {})
        if gpu.others and not tenants:
            return "somebody else's process works on it"
        accounts = [
            f"{slot.memory_gib:g} GiB job {job}"
            for job, slot in tenants.items()
            if slot.fraction is not None
        ]
        if accounts:
            return f"shared: {', '.join(accounts)}"
        whole = [job for job, slot in tenants.items() if slot.slice is None]
        if whole:
            return f"busy with job {whole[0]}"
        sliced = sorted(
            (slot.slice.start, f"{slot.slice.words} job {job}")
            for job, slot in tenants.items()
            if slot.slice is not None
        )
        foreign = [one.placement.words for one in gpu.instances if one.foreign]
        words = [told for _, told in sliced] + [f"{told} somebody else's" for told in foreign]
        return f"carved: {', '.join(words)}"

    def _slice(self, gpu: Device, block: Block) -> str:
        """Why a card has no slice for these needs now."""
        needs = block.needs
        if gpu.mig is None:
            if needs.slice is not None:
                return "cannot be carved"
            if needs.shared:
                return self._account(gpu, block)
            return self._gpu(self._host_of(gpu), gpu, block).why
        profile = self.occupied.packing(gpu.mig).wanted(needs)
        if profile is None:
            if needs.slice is not None and gpu.mig.profile(needs.slice) is None:
                return f"has no profile {needs.slice}"
            return f"none of its slices has {asked(needs)}"
        taken = self.occupied.taken.get(gpu.id, 0)
        if taken == FULL and gpu.id in self._busy and "carved" not in self._busy[gpu.id].why:
            return self._busy[gpu.id].why
        pack = self.occupied.packing(gpu.mig)
        there = f" ({self._busy[gpu.id].why})" if gpu.id in self._busy else ""
        if pack.best(profile.name, taken) is None:
            starts = ", ".join(str(start) for start in profile.starts)
            return f"no room for a {profile.name}, which starts at {starts}{there}"
        if taken and not gpu.carves_live:
            return f"has room, but is not carved beside running slices{there}"
        if block.cause is Cause.WATTS:
            return f"has room for a {profile.name}, but the site's watts are used up"
        job, mask = self.kept.get(gpu.id, ("", 0))
        if mask and pack.best(profile.name, taken | mask) is None:
            return f"has room for a {profile.name}, but it is kept for job {job}"
        return f"has room for a {profile.name}, but not beside what is kept for job {block.ahead}"

    def _account(self, gpu: Device, block: Block) -> str:
        """Why a card that can be shared has no account for these needs now."""
        asked_gib, spare_gib = block.needs.memory_gib, self.occupied.spare_gib(gpu)
        there = f" ({self._busy[gpu.id].why})" if gpu.id in self._busy else ""
        if spare_gib < asked_gib:
            if there and "shared" not in there:
                return self._busy[gpu.id].why
            return f"{asked_gib:g} GiB asked, {spare_gib:.4g} of {gpu.memory_gib:g} GiB left{there}"
        if block.cause is Cause.WATTS:
            return f"has {spare_gib:.4g} GiB left, but the site's watts are used up"
        job = self.kept.get(gpu.id, (block.ahead, 0))[0]
        return f"has {spare_gib:.4g} GiB left, but it is kept for job {job}"

    def _host_of(self, gpu: Device) -> Host:
        return next(host for host in self.occupied.hosts if gpu in host.gpus)

    def _gpu(self, host: Host, gpu: Device, block: Block) -> Place:
        memory_gib = block.needs.memory_gib
        if gpu.memory_gib < memory_gib:
            return Place(gpu.id, f"{memory_gib:g} GiB asked, {gpu.memory_gib:g} GiB there")
        if block.needs.gpus > 1 and not gpu.gangs:
            return Place(gpu.id, "is in MIG mode, where cards do not work together")
        if gpu.id in self._busy:
            return self._busy[gpu.id]
        return Place(gpu.id, self._free(host, gpu, block))

    def _free(self, host: Host, gpu: Device, block: Block) -> str:
        """Why a GPU that is free and large enough does not do."""
        needs = block.needs
        free = len(self.occupied.free_gpus(host, needs))
        if needs.gpus > free:
            return f"free, but only {free} of {needs.gpus} GPUs are free on its node"
        if block.cause is Cause.WATTS:
            return "free, but the site's watts are used up"
        if gpu.id in self.kept:
            return f"free, but kept for job {self.kept[gpu.id][0]}"
        return f"free, but not beside what is kept for job {block.ahead}"

    def _share(self, host: Host, cpu: Device, block: Block) -> str:
        needs = block.needs
        held = _held_by(self.occupied.sharers.get(cpu.id, []))
        if host.cores < needs.cores:
            cores = "1 core" if needs.cores == 1 else f"{needs.cores} cores"
            return f"{cores} asked, {max(0, host.cores)} of {cpu.cores} free{held}"
        if host.memory_gib < needs.memory_gib:
            there = f"{max(0.0, host.memory_gib):.4g} of {cpu.memory_gib:.4g} GiB free"
            return f"{needs.memory_gib:.4g} GiB asked, {there}{held}"
        if block.cause is Cause.WATTS:
            return "free, but the site's watts are used up"
        return f"free, but kept for job {block.ahead}"


def _held_by(jobs: list[str]) -> str:
    if not jobs:
        return ""
    some = ", ".join(jobs[:NAMED]) + (f" and {len(jobs) - NAMED} more" if len(jobs) > NAMED else "")
    return f"; the rest is held by job{'s' if len(jobs) > 1 else ''} {some}"
