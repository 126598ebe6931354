"""The cards of this machine as devices: those that jobs may have, and those that stand aside."""

from __future__ import annotations

from dataclasses import replace

from tenfold.hardware import models
from tenfold.hardware.curves import CURVES
from tenfold.hardware.nvml.card import Facts, facts
from tenfold.hardware.nvml.geometry import geometry
from tenfold.hardware.nvml.library import Library
from tenfold.hardware.nvml.links import bridges, switches
from tenfold.terms.box import Aside, Device, DeviceKind
from tenfold.terms.reading import Missing

IN_MIG_MODE = "it is in MIG mode; slices are given where the helper with rights runs"


def find(library: Library, node: str) -> tuple[tuple[Device, ...], tuple[Aside, ...]]:
    """In the driver's order, that of the PCI bus. Without a driver there are none."""
    devices, aside = [], []
    found = cards(library)
    handles = [library.ask("nvmlDeviceGetHandleByIndex", card.index) for card in found]
    joined = bridges(library, handles, [str(card.bus) for card in found])
    near = switches(library, handles)
    for card, handle, bridge, switch in zip(found, handles, joined, near, strict=True):
        device = replace(_device(card, node), bridge=bridge, switch=switch)
        if card.mig is True:
            known = models.DRIVER_NAMES.get(str(card.name), "")
            device = replace(device, mig=geometry(library, handle, known))
        why = _why_not(card)
        if why:
            aside.append(Aside(device, why))
        else:
            devices.append(device)
    return tuple(devices), tuple(aside)


def cards(library: Library) -> list[Facts]:
    count = library.ask("nvmlDeviceGetCount")
    if isinstance(count, Missing):
        return []
    return [facts(library, index) for index in range(count)]


def _why_not(card: Facts) -> str:
    if isinstance(card.uuid, Missing):
        return f"it has no id to ask for it by: {card.uuid.why}"
    if card.mig is True:  # first: in this mode a card may tell its memory to root only
        return IN_MIG_MODE
    if isinstance(card.memory_gib, Missing):
        return f"nobody knows its memory: {card.memory_gib.why}"
    return ""


def _device(card: Facts, node: str) -> Device:
    """The limit now is also lowest and highest, until somebody with rights may set it."""
    known = None if isinstance(card.name, Missing) else models.by_driver_name(card.name)
    now_w = 0.0 if isinstance(card.limit_w, Missing) else card.limit_w
    idle = "idle watts: unknown, counted as 0"
    if known is not None and known.idle_w:
        idle = f"idle watts: those of {known.title} ({known.source})"
    limit = "limit: the driver"
    if isinstance(card.limit_w, Missing):
        limit = f"limit: unknown, {card.limit_w.why}"
    return Device(
        id=f"card{card.index}" if isinstance(card.uuid, Missing) else card.uuid,
        kind=DeviceKind.GPU,
        model="GPU" if isinstance(card.name, Missing) else card.name.removeprefix("NVIDIA "),
        node=node,
        # Two digits, cut: more would be asked for than there is.
        memory_gib=0.0
        if isinstance(card.memory_gib, Missing)
        else int(card.memory_gib * 100) / 100,
        idle_w=min(known.idle_w, now_w) if known is not None else 0.0,
        cap_w=now_w,
        cap_min_w=now_w,
        cap_max_w=now_w,
        lowest_w=0.0 if isinstance(card.limit_lowest_w, Missing) else card.limit_lowest_w,
        highest_w=0.0 if isinstance(card.limit_highest_w, Missing) else card.limit_highest_w,
        curves=CURVES,
        knee=models.KNEE if known is None else known.knee,
        max_operating_c=_max_operating_c(card, known),
        source=f"memory: the driver, without what it keeps for itself; {limit}; {idle}",
    )


def _max_operating_c(card: Facts, known: models.Card | None) -> float | None:
    """As the card says; newer ones tell only their margin to it."""
    if not isinstance(card.max_operating_c, Missing) and card.max_operating_c > 0:
        return card.max_operating_c
    return None if known is None else known.max_operating_c
