"""What is free: which job sits on which device, and the slot that suits some needs.

A GPU job gets whole GPUs of one node and a fair share of its cores. Those cores are not taken from
the CPU shares: GPUs are what the box is short of, and a sweep that fills every core must not keep
a free GPU from the job that waits for it; the host's scheduler divides the cores between the two.
Links between cards are not looked at: nothing in `terms` tells them yet.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tenfold.terms.box import Box, Device, DeviceKind, Slot
from tenfold.terms.needs import Needs


@dataclass(frozen=True)
class Hold:
    """A slot that is in use."""

    job: str
    slot: Slot
    end_s: float  # expected; inf where nobody knows, the present where it should be any moment
    extra_w: float  # above idle, at the lowest caps
    stays: bool = False  # a service: it is not waited for


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
NOTHING_KEPT: Spare = {}


class Occupancy:
    """Who sits where. `take` and `release` change it; everything else only looks."""

    def __init__(self, box: Box, holds: Iterable[Hold] = ()) -> None:
        self.hosts = [_host(box, node.name) for node in box.nodes]
        self.holder: dict[str, str] = {}  # GPU -> job
        self.sharers: dict[str, list[str]] = {}  # CPU -> jobs, in the order they were taken
        self._gpus = frozenset(gpu.id for host in self.hosts for gpu in host.gpus)
        self._host_of = {host.cpu.id: host for host in self.hosts if host.cpu}
        for hold in holds:
            self.take(hold)

    def take(self, hold: Hold) -> None:
        if hold.slot.kind is DeviceKind.GPU:
            # A job that outlived a change of the box may sit on a device that is gone.
            here = (device for device in hold.slot.devices if device in self._gpus)
            self.holder.update((device, hold.job) for device in here)
            return
        self._change_share(hold.slot, -1)
        self.sharers.setdefault(hold.slot.devices[0], []).append(hold.job)

    def release(self, hold: Hold) -> None:
        if hold.slot.kind is DeviceKind.GPU:
            for device in hold.slot.devices:
                if self.holder.get(device) == hold.job:
                    del self.holder[device]
            return
        self._change_share(hold.slot, 1)
        self.sharers[hold.slot.devices[0]].remove(hold.job)

    def _change_share(self, slot: Slot, sign: int) -> None:
        host = self._host_of.get(slot.devices[0]) if slot.devices else None
        if host is not None:
            host.cores += sign * slot.cores
            host.memory_gib += sign * slot.memory_gib

    def slot(
        self,
        needs: Needs,
        kept: frozenset[str] = frozenset(),
        spare: Spare = NOTHING_KEPT,
        rank: Mapping[str, float] | None = None,
    ) -> Slot | None:
        """The slot for `needs` out of what is free, or None.

        `kept` are GPUs and `spare` the limits of CPU shares that a reservation sets. GPUs of lower
        `rank` come first, then the ones with the least memory that suffices; the node with the
        fewest of rank inf, then with the least memory and the least that is free.
        """
        if needs.gpus:
            return self._gpu_slot(needs, kept, rank or {})
        return self._cpu_slot(needs, spare)

    def _gpu_slot(
        self, needs: Needs, kept: frozenset[str], rank: Mapping[str, float]
    ) -> Slot | None:
        if len(self.holder) + needs.gpus > len(self._gpus):
            return None
        best: tuple[float, ...] = ()
        chosen: tuple[Host, list[Device]] | None = None
        for host in self.hosts:
            able = [gpu for gpu in self.free_gpus(host, needs.memory_gib) if gpu.id not in kept]
            if len(able) < needs.gpus:
                continue
            # The order of the node's listing decides among equals, since sorting is stable.
            able.sort(key=lambda gpu: (rank.get(gpu.id, 0.0), gpu.memory_gib))
            gpus = able[: needs.gpus]
            endless = sum(rank.get(gpu.id, 0.0) == math.inf for gpu in gpus)
            score = (endless, sum(gpu.memory_gib for gpu in gpus), len(able))
            if chosen is None or score < best:
                best, chosen = score, (host, gpus)
        return None if chosen is None else _gpu_slot(*chosen)

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

    def free_gpus(self, host: Host, memory_gib: float) -> list[Device]:
        """The GPUs of `host` that nobody holds and that have so much memory."""
        if len(self.holder) == len(self._gpus):
            return []
        return [
            gpu for gpu in host.gpus if gpu.id not in self.holder and gpu.memory_gib >= memory_gib
        ]


def _host(box: Box, name: str) -> Host:
    devices = next(node.devices for node in box.nodes if node.name == name)
    gpus = tuple(device for device in devices if device.kind is DeviceKind.GPU)
    cpu = next((device for device in devices if device.kind is DeviceKind.CPU), None)
    if cpu is None:
        return Host(name, gpus, None)
    return Host(name, gpus, cpu, cpu.cores, cpu.memory_gib)


def _gpu_slot(host: Host, gpus: list[Device]) -> Slot:
    of_node = host.cpu.cores * len(gpus) // len(host.gpus) if host.cpu else 0
    return Slot(
        node=host.name,
        devices=tuple(sorted((gpu.id for gpu in gpus), key=[g.id for g in host.gpus].index)),
        kind=DeviceKind.GPU,
        cores=max(1, of_node),
        memory_gib=sum(gpu.memory_gib for gpu in gpus),
    )
