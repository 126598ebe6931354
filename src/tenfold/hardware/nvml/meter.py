"""Reads the cards in every tick, in the tick's thread.

What changes with the work is asked each time. Processes, links, slices and the state of the memory
cost more and change rarely: of these one card is asked anew in a reading, and each card at most
every SLOW_S seconds.
A card that is lost is Missing everywhere; `Library.heal` looks for it again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tenfold.hardware.nvml import card, users, words
from tenfold.hardware.nvml.errors import Errors
from tenfold.hardware.nvml.library import Library
from tenfold.hardware.nvml.links import links
from tenfold.hardware.nvml.slices import slices
from tenfold.terms.box import Device
from tenfold.terms.reading import (
    DeviceReading,
    GpuLinks,
    GpuProcess,
    GpuReading,
    GpuSlice,
    Measured,
    Missing,
)

SLOW_S = 5.0


@dataclass(frozen=True)
class _Slow:
    at_s: float
    processes: tuple[GpuProcess, ...] | Missing
    links: GpuLinks
    slices: tuple[GpuSlice, ...] | Missing
    ecc_errors: Measured
    rows: tuple[bool | Missing, bool | Missing]


class GpuMeter:
    """Readings of `devices`, whose ids are UUIDs (or are missing, and so is all that is read)."""

    def __init__(self, devices: Iterable[Device], library: Library) -> None:
        self.devices = tuple(devices)
        self.lost: dict[str, str] = {}  # as of the last reading: id -> why
        self._library = library
        self._session = -1
        library.open()
        self._handles: dict[str, Any] = {}
        self._buses: dict[str, str] = {}
        self._slow: dict[str, _Slow] = {}
        self._errors = Errors(library)

    def readings(self, now: float) -> list[DeviceReading]:
        self._library.heal(now)
        self._renew()
        self._errors.hear()
        self._read_slowly(now)
        found = [self._reading(device.id) for device in self.devices]
        self.lost = {reading.device: why for reading in found if (why := _lost(reading))}
        if self.lost:
            self._library.stale = True  # also where the driver has forgotten the card
        else:
            self._library.well()
        return found

    def processes(self, devices: Collection[str]) -> Mapping[str, tuple[GpuProcess, ...] | Missing]:
        """Who has something on these cards at this moment."""
        self._renew()
        return {id: users.processes(self._library, self._handle(id)) for id in devices}

    def lost_now(self, devices: Collection[str]) -> bool:
        """Whether one of these cards is lost at this moment, or was in the last reading."""
        self._renew()
        memories = [card.memory_of(self._library, self._handle(id)) for id in devices]
        return bool(self.lost.keys() & set(devices)) or any(
            isinstance(memory, Missing) and memory in words.GONE for memory in memories
        )

    def xids_now(self, devices: Collection[str]) -> Mapping[str, tuple[int, ...] | Missing]:
        """Errors (XID) that these cards have logged since the daemon looks, up to this moment."""
        self._renew()
        self._errors.hear()
        return {id: self._errors.of(id) for id in devices}

    def mig_uuids(self, device: str) -> dict[int, str]:
        """Of the slices of a card at this moment, by the numbers of their instances."""
        self._renew()
        found = slices(self._library, self._handle(device))
        return {} if isinstance(found, Missing) else {one.instance: one.id for one in found}

    def close(self) -> None:
        self._library.close()

    def _renew(self) -> None:
        """Handles belong to a session."""
        if self._session == self._library.opened:
            return
        self._session = self._library.opened
        self._handles.clear()
        self._slow.clear()
        for device in self.devices:
            pci = self._library.ask("nvmlDeviceGetPciInfo", self._handle(device.id))
            if not isinstance(pci, Missing):
                self._buses[pci.busId] = device.id
        self._errors.watch({device.id: self._handle(device.id) for device in self.devices})

    def _handle(self, id: str) -> Any:
        """Or a Missing, with which every call answers the same again."""
        if id not in self._handles:
            found = self._library.ask("nvmlDeviceGetHandleByUUID", id.encode())
            if isinstance(found, Missing):
                return found
            self._handles[id] = found
        return self._handles[id]

    def _reading(self, id: str) -> DeviceReading:
        library, handle, slow = self._library, self._handle(id), self._slow[id]
        memory = card.memory_of(library, handle)
        return DeviceReading(
            device=id,
            power_w=card.power_w(library, handle),
            temperature_c=card.temperature_c(library, handle),
            memory_used_gib=memory if isinstance(memory, Missing) else memory[1],
            utilisation=card.utilisation(library, handle),
            fan=card.fan(library, handle),
            gpu=GpuReading(
                limit_w=card.limit_w(library, handle),
                margin_c=card.margin_c(library, handle),
                energy_j=card.energy_j(library, handle),
                throttle=card.throttle(library, handle),
                processes=slow.processes,
                links=slow.links,
                slices=slow.slices,
                xids=self._errors.of(id),
                ecc_errors=slow.ecc_errors,
                rows_pending=slow.rows[0],
                rows_failed=slow.rows[1],
            ),
        )

    def _read_slowly(self, now: float) -> None:
        """Of the cards never read so in this session, and of the one whose turn it is."""
        ids = [device.id for device in self.devices]
        due = [id for id in ids if id not in self._slow]
        oldest = min((id for id in ids if id in self._slow), key=self._age, default=None)
        if oldest is not None and not 0 <= now - self._slow[oldest].at_s < SLOW_S:
            due.append(oldest)
        for id in due:
            self._slow[id] = self._slow_reading(id, now)

    def _age(self, id: str) -> float:
        return self._slow[id].at_s

    def _slow_reading(self, id: str, now: float) -> _Slow:
        library, handle = self._library, self._handle(id)
        others = {device.id: self._handle(device.id) for device in self.devices if device.id != id}
        return _Slow(
            now,
            users.processes(library, handle),
            links(library, handle, others, self._buses),
            slices(library, handle),
            card.ecc_errors(library, handle),
            card.rows(library, handle),
        )


def _lost(reading: DeviceReading) -> str:
    """Why the card is not there any more; empty if it is. Its memory is what every card tells."""
    memory = reading.memory_used_gib
    return memory.why if isinstance(memory, Missing) and memory in words.GONE else ""
