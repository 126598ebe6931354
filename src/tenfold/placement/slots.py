"""What is free: which job sits on which device, and the slot that suits some needs.

A GPU job gets whole GPUs, or a slice of one, and a fair share of the node's cores. Those cores are
not taken from the CPU shares: GPUs are what the box is short of, and a sweep that fills every core
must not keep a free GPU from the job that waits for it; the host's scheduler divides the cores
between the two.

A card is a mask of its memory slices: a whole job covers all of it, a slice its placement. Idle
instances cover nothing, since they can be destroyed beside running ones; those that somebody else
made are left alone, so they do.

A card on which somebody else's process works is given to nobody until that is gone.

A card that is not carved can be shared by jobs that say so. It is covered as a whole for all
others, until the last of them has left; among themselves they divide its memory by account. Who
computes when is the driver's business: the time of a job beside others is not known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tenfold.placement.links import linked
from tenfold.placement.packing import FULL, Packing, by_slice, packing, speed
from tenfold.terms.box import Box, Device, DeviceKind, Slot
from tenfold.terms.mig import Geometry, Placement, Profile
from tenfold.terms.needs import Needs


@dataclass(frozen=True)
class Hold:
    """A slot that is in use."""

    job: str
    slot: Slot
    end_s: float  # expected; inf where nobody knows, the present where it should be any moment
    extra_w: float  # above idle, at the lowest caps; of a slice: of its whole card
    stays: bool = False  # a service: it is not waited for
    card: str = ""  # of a part: the card that draws `extra_w` once for all of its parts


@dataclass
class Host:
    """A node with what is free of its CPU."""

    name: str
    gpus: tuple[Device, ...]
    cpu: Device | None
    cores: int = 0
    memory_gib: float = 0.0


# What may be used of a node's CPU where the rest is kept for a reservation: cores, GiB.
Spare = Mapping[str, tuple[int, float]]
NOTHING_SPARED: Spare = {}
# GPU -> memory slices that a reservation keeps.
Kept = Mapping[str, int]
NOTHING_KEPT: Kept = {}


def mask_of(slot: Slot) -> int:
    """What a GPU slot covers of each of its cards."""
    return FULL if slot.slice is None else slot.slice.mask


def serves(gpu: Device, needs: Needs) -> bool:
    """Whether the empty card can be given as a whole for these needs, or be one of a gang's."""
    return gpu.memory_gib >= needs.memory_gib and (needs.gpus < 2 or gpu.gangs)


class Occupancy:
    """Who sits where. `take` and `release` change it; everything else only looks."""

    def __init__(self, box: Box, holds: Iterable[Hold] = ()) -> None:
        self.hosts = [_host(box, node.name) for node in box.nodes]
        self.span_factor = box.span_factor
        self.taken: dict[str, int] = {}  # GPU -> memory slices in use
        self.tenants: dict[str, dict[str, Slot]] = {}  # GPU -> job -> slot
        self._foreign: dict[str, int] = {}  # what is somebody else's stays so
        self.sharers: dict[str, list[str]] = {}  # CPU -> jobs, in the order they were taken
        self._gpus = {gpu.id: gpu for host in self.hosts for gpu in host.gpus}
        self._free = len(self._gpus)  # cards that nobody uses any part of
        self._host_of = {host.cpu.id: host for host in self.hosts if host.cpu}
        self._packings: dict[int, Packing] = {}
        for gpu in self._gpus.values():
            foreign = 0
            for instance in gpu.instances:
                foreign |= instance.placement.mask if instance.foreign else 0
            self._foreign[gpu.id] = FULL if gpu.others else foreign
            if self._foreign[gpu.id]:
                self._set(gpu.id, self._foreign[gpu.id])
        for hold in holds:
            self.take(hold)

    def take(self, hold: Hold) -> None:
        if hold.slot.kind is DeviceKind.CPU:
            self._change_share(hold.slot, -1)
            self.sharers.setdefault(hold.slot.devices[0], []).append(hold.job)
            return
        for device in hold.slot.devices:
            # A job that outlived a change of the box may sit on a device that is gone.
            if device in self._gpus:
                self._set(device, self.taken.get(device, 0) | mask_of(hold.slot))
                self.tenants.setdefault(device, {})[hold.job] = hold.slot

    def release(self, hold: Hold) -> None:
        if hold.slot.kind is DeviceKind.CPU:
            self._change_share(hold.slot, 1)
            self.sharers[hold.slot.devices[0]].remove(hold.job)
            return
        for device in hold.slot.devices:
            if self.tenants.get(device, {}).pop(hold.job, None) is None:
                continue
            if hold.slot.fraction is None or not self.tenants[device]:
                free = self.taken[device] & ~mask_of(hold.slot)
                self._set(device, free | self._foreign[device])

    def keep(self, slot: Slot) -> None:
        """Nobody else gets any of these cards' memory slices."""
        for device in slot.devices:
            self._set(device, self.taken.get(device, 0) | mask_of(slot))

    def _set(self, device: str, mask: int) -> None:
        before = self.taken.get(device, 0)
        self.taken[device] = mask
        self._free += (mask == 0) - (before == 0)

    def _change_share(self, slot: Slot, sign: int) -> None:
        host = self._host_of.get(slot.devices[0]) if slot.devices else None
        if host is not None:
            host.cores += sign * slot.cores
            host.memory_gib += sign * slot.memory_gib

    def slot(
        self,
        needs: Needs,
        kept: Kept = NOTHING_KEPT,
        spare: Spare = NOTHING_SPARED,
        rank: Mapping[str, float] | None = None,
    ) -> Slot | None:
        """The slot for `needs` out of what is free, or None.

        `kept` are GPUs and `spare` the limits of CPU shares that a reservation sets. GPUs of lower
        `rank` come first, then the ones with the least memory that suffices; the node with the
        fewest of rank inf, then with the least memory and the least that is free.
        """
        if by_slice(needs):
            return self._slice_slot(needs, kept)
        if needs.gpus:
            return self._gpu_slot(needs, kept, rank or {})
        return self._cpu_slot(needs, spare)

    def packing(self, geometry: Geometry) -> Packing:
        found = self._packings.get(id(geometry))
        if found is None:
            found = self._packings[id(geometry)] = packing(geometry)
        return found

    # -- slices ---------------------------------------------------------------------------------

    def _slice_slot(self, needs: Needs, kept: Kept) -> Slot | None:
        """The smallest slice that suffices, where it costs the least of what is free; a whole card
        where none does and the job asked for no profile by name."""
        best: tuple[object, ...] = ()
        chosen: tuple[Host, Device, Profile, Placement] | None = None
        for host in self.hosts:
            for gpu in host.gpus:
                found = self._place(gpu, needs, kept.get(gpu.id, 0))
                if found is None:
                    continue
                cost, profile, place = found
                standing = all(one.placement != place for one in gpu.instances)
                score = (profile.size, profile.memory_gib, cost, standing, -place.start)
                if chosen is None or score < best:
                    best, chosen = score, (host, gpu, profile, place)
        if chosen is not None:
            return slice_slot(*chosen, needs)
        return None if needs.slice is not None else self._whole_instead(needs, kept)

    def _place(
        self, gpu: Device, needs: Needs, kept: int
    ) -> tuple[float, Profile, Placement] | None:
        if gpu.mig is None:
            return None
        pack = self.packing(gpu.mig)
        profile = pack.wanted(needs)
        if profile is None or (profile.with_media and self._has_media(gpu, profile)):
            return None
        taken = self.taken.get(gpu.id, 0)
        found = pack.best(profile.name, taken | kept)
        if gpu.carves_live or not taken:
            return None if found is None else (*found[:1], profile, found[1])
        there = self.standing(gpu, taken | kept)
        place = next((one for one in there if one.profile == profile.name), None)
        return None if place is None else (0.0, profile, place)

    def _has_media(self, gpu: Device, profile: Profile) -> bool:
        slots = self.tenants.get(gpu.id, {}).values()
        return any(slot.slice is not None and slot.slice.profile == profile.name for slot in slots)

    def standing(self, gpu: Device, taken: int) -> list[Placement]:
        """Instances that stand on the card already and that nothing taken is in the way of."""
        return [one.placement for one in gpu.instances if not taken & one.placement.mask]

    def _whole_instead(self, needs: Needs, kept: Kept) -> Slot | None:
        """A whole card, or an account of its memory, for a job that a slice would do for: of cards
        that have no such slice."""
        if needs.shared:
            return self._account(needs, kept)
        able = [
            (gpu.memory_gib, place, host, gpu)
            for host in self.hosts
            for place, gpu in enumerate(host.gpus)
            if gpu.memory_gib >= needs.memory_gib
            and (gpu.mig is None or self.packing(gpu.mig).wanted(needs) is None)
            and not self.taken.get(gpu.id, 0)
            and not kept.get(gpu.id, 0)
        ]
        if not able:
            return None
        _, _, host, gpu = min(able, key=lambda one: one[:2])
        return gpu_slot([(host, [gpu])])

    def _account(self, needs: Needs, kept: Kept) -> Slot | None:
        """Memory of a card that is shared, on the fullest that still has it."""
        able = [
            (spare_gib, place, host, gpu)
            for host in self.hosts
            for place, gpu in enumerate(host.gpus)
            if gpu.mig is None
            and not kept.get(gpu.id, 0)
            and (spare_gib := self.spare_gib(gpu)) >= needs.memory_gib
        ]
        if not able:
            return None
        _, _, host, gpu = min(able, key=lambda one: one[:2])
        return account_slot(host, gpu, needs.memory_gib)

    def spare_gib(self, gpu: Device) -> float:
        """What is left of a card's memory for one more job that shares it; 0 beside one that does
        not."""
        slots = self.tenants.get(gpu.id, {}).values()
        if any(slot.fraction is None for slot in slots) or (self.taken.get(gpu.id) and not slots):
            return 0.0
        return gpu.memory_gib - sum(slot.memory_gib for slot in slots)

    # -- whole cards ----------------------------------------------------------------------------

    def _gpu_slot(self, needs: Needs, kept: Kept, rank: Mapping[str, float]) -> Slot | None:
        if needs.gpus > self._free:
            return None
        best: tuple[float, ...] = ()
        chosen: tuple[Host, list[Device]] | None = None
        by_host = []
        for host in self.hosts:
            able = [gpu for gpu in self.free_gpus(host, needs) if not kept.get(gpu.id)]
            # The order of the node's listing decides among equals, since sorting is stable. Cards
            # in MIG mode come last: they are of more use to slices.
            able.sort(key=lambda gpu: (rank.get(gpu.id, 0.0), not gpu.gangs, gpu.memory_gib))
            by_host.append((host, able))
            if len(able) < needs.gpus:
                continue
            gpus = linked(able, needs.gpus, rank)
            endless = sum(rank.get(gpu.id, 0.0) == math.inf for gpu in gpus)
            score = (endless, sum(gpu.memory_gib for gpu in gpus), len(able))
            if chosen is None or score < best:
                best, chosen = score, (host, gpus)
        if chosen is not None:
            return gpu_slot([chosen])
        if self.span_factor is None or self._one_node_holds(needs):
            return None
        return self._spanning(by_host, needs.gpus, rank)

    def _one_node_holds(self, needs: Needs) -> bool:
        """Whether a node is large enough when it is empty: then the job waits for it."""
        return any(
            sum(serves(gpu, needs) for gpu in host.gpus) >= needs.gpus for host in self.hosts
        )

    def _spanning(
        self, by_host: list[tuple[Host, list[Device]]], count: int, rank: Mapping[str, float]
    ) -> Slot | None:
        """Over as few nodes as will do."""
        parts = []
        for host, able in sorted(by_host, key=lambda one: -len(one[1])):
            some = min(count, len(able))
            if some:
                parts.append((host, linked(able, some, rank)))
                count -= some
        if count or self.span_factor is None:
            return None
        parts.sort(key=lambda part: self.hosts.index(part[0]))
        return gpu_slot(parts, self.span_factor)

    def free_gpus(self, host: Host, needs: Needs) -> list[Device]:
        """The GPUs of `host` that nobody uses any part of and that serve these needs as a whole."""
        if not self._free:
            return []
        return [gpu for gpu in host.gpus if not self.taken.get(gpu.id) and serves(gpu, needs)]

    # -- shares of a CPU ------------------------------------------------------------------------

    def _cpu_slot(self, needs: Needs, spare: Spare) -> Slot | None:
        best: Host | None = None
        for host in self.hosts:
            if host.cpu is None:
                continue
            cores, memory_gib = spare.get(host.name, (host.cores, host.memory_gib))
            if needs.cores > min(cores, host.cores):
                continue
            if needs.memory_gib > min(memory_gib, host.memory_gib):
                continue
            # The fullest node that still fits, so that large shares keep a place.
            if best is None or host.cores < best.cores:
                best = host
        if best is None or best.cpu is None:
            return None
        return Slot(best.name, (best.cpu.id,), DeviceKind.CPU, needs.cores, needs.memory_gib)


def _host(box: Box, name: str) -> Host:
    devices = next(node.devices for node in box.nodes if node.name == name)
    gpus = tuple(device for device in devices if device.kind is DeviceKind.GPU)
    cpu = next((device for device in devices if device.kind is DeviceKind.CPU), None)
    if cpu is None:
        return Host(name, gpus, None)
    return Host(name, gpus, cpu, cpu.cores, cpu.memory_gib)


def gpu_slot(parts: list[tuple[Host, list[Device]]], factor: float = 1.0) -> Slot:
    """Whole cards; `factor` times slower than on one node."""
    cores = 0
    devices: list[str] = []
    for host, gpus in parts:
        cores += host.cpu.cores * len(gpus) // len(host.gpus) if host.cpu else 0
        chosen = {gpu.id for gpu in gpus}
        devices += [gpu.id for gpu in host.gpus if gpu.id in chosen]
    return Slot(
        node="+".join(host.name for host, _ in parts),
        devices=tuple(devices),
        kind=DeviceKind.GPU,
        cores=max(1, cores),
        memory_gib=sum(gpu.memory_gib for _, gpus in parts for gpu in gpus),
        factor=factor,
    )


def account_slot(host: Host, gpu: Device, memory_gib: float) -> Slot:
    """A part of a shared card's memory, and as much of the card's fair share of the cores."""
    fraction = memory_gib / gpu.memory_gib
    of_card = host.cpu.cores / len(host.gpus) if host.cpu else 0.0
    return Slot(
        node=host.name,
        devices=(gpu.id,),
        kind=DeviceKind.GPU,
        cores=max(1, int(of_card * fraction)),
        memory_gib=memory_gib,
        fraction=fraction,
    )


def slice_slot(host: Host, gpu: Device, profile: Profile, place: Placement, needs: Needs) -> Slot:
    of_card = host.cpu.cores / len(host.gpus) if host.cpu else 0.0
    instance = next((one.id for one in gpu.instances if one.placement == place), "")
    return Slot(
        node=host.name,
        devices=(gpu.id,),
        kind=DeviceKind.GPU,
        cores=max(1, int(of_card * profile.compute / 7)),
        memory_gib=profile.memory_gib,
        slice=place,
        instance=instance,
        factor=1 / (speed(needs, profile.compute) or 1.0),
    )
