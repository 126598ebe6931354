"""Makes and unmakes slices on the cards of this machine, as decisions say.

1. The layout that is wanted is written to the ledger.
2. Instances are destroyed, then made, each kind from the largest down, each with its placement.
3. The layout is read back from the driver: a start has its slice only if it stands there, where it
   was asked for, with a MIG UUID. Else the start waits and the next tick decides anew.

After a reboot no instance is left; `rebuild` makes those that the ledger knows. What was not made
here is shown as foreign and never touched; so is what the driver refused to destroy TRIES times.
Only cards in MIG mode are carved, and only with rights. The mode is the owner's to set.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tenfold.ledger.ledger import Ledger
from tenfold.rights.ask import Denied, Rights
from tenfold.terms.box import Box, Device, DeviceKind, Node, Slot
from tenfold.terms.decision import Decision, Relayout, Start, Wait
from tenfold.terms.mig import SLICES, Instance, Placement

TRIES = 40  # ticks, some ten seconds: a driver may be busy with a process that has just ended
SLOW_S = 5.0  # how old what others changed may be
_FACT = "layouts"

log = logging.getLogger("tenfold.engine")


@dataclass(frozen=True)
class _Standing:
    number: int
    mine: bool
    uuid: str  # empty without its compute instance


class Carver:
    """`uuids` tells the MIG UUIDs of a card by the numbers of their instances. For one thread."""

    def __init__(
        self, rights: Rights, ledger: Ledger, uuids: Callable[[str], Mapping[int, str]]
    ) -> None:
        self._rights = rights
        self._ledger = ledger
        self._uuids = uuids
        self._standing: dict[str, dict[Placement, _Standing]] = {}
        self._read_s: dict[str, float] = {}
        self._refused: Counter[tuple[str, Placement]] = Counter()

    def rebuild(self, box: Box) -> None:
        """What stood before a reboot, as far as it can be made again."""
        layouts = self._ledger.fact(_FACT) or {}
        for device in _carved(box):
            if self._read(device) is not None:
                continue
            wanted = [Placement(*place) for place in layouts.get(device.id, ())]
            missing = tuple(one for one in wanted if one not in self._standing[device.id])
            why = self._change(device, Relayout(device.id, (), missing)) if missing else ""
            if why:
                log.warning("%s is not as it was: %s", device.id, why)

    def shown(self, box: Box, now_s: float) -> Box:
        """The box with the instances that stand on its cards; of one card they are read anew."""
        cards = _carved(box)
        oldest = min(cards, key=lambda card: self._read_s.get(card.id, 0.0), default=None)
        if oldest is not None and now_s - self._read_s.get(oldest.id, 0.0) >= SLOW_S:
            self._read_s[oldest.id] = now_s
            self._read(oldest)
        nodes = (replace(node, devices=tuple(map(self._shown, node.devices))) for node in box.nodes)
        return replace(box, nodes=tuple(nodes))

    def carry_out(self, box: Box, decision: Decision) -> Decision:
        """The decision with the slices of its starts; those that have none wait."""
        cards = {card.id: card for card in _carved(box)}
        whys = {
            relayout.device: self._change(cards[relayout.device], relayout)
            for relayout in decision.relayouts
            if relayout.device in cards
        }
        starts, waits = [], []
        for start in decision.starts:
            if start.slot.kind is DeviceKind.GPU and cards.keys() & set(start.slot.devices):
                slot = self._seated(cards, start.slot)
                if isinstance(slot, str):
                    why = whys.get(start.slot.devices[0]) or slot
                    waits.append(Wait(start.job, f"{why}; it is tried again"))
                    continue
                start = Start(start.job, slot)
            starts.append(start)
        return replace(decision, starts=tuple(starts), waits=(*decision.waits, *waits))

    def _seated(self, cards: Mapping[str, Device], slot: Slot) -> Slot | str:
        """The slot with its MIG UUID; why there is none. A whole card in MIG mode is its largest
        instance."""
        device = cards[slot.devices[0]]
        place = slot.slice
        unread = self._read(device)
        if unread is not None:
            return f"{device.id} cannot be looked at: {unread.why}"
        if place is None:
            place = _whole(device)
            if place is None:
                return f"{device.id} is in MIG mode and offers no instance of its whole size"
            if place not in self._standing[device.id]:
                why = self._change(device, Relayout(device.id, (), (place,)))
                if why:
                    return why
        found = self._standing.get(device.id, {}).get(place)
        if found is None or not found.mine:
            return f"{place.words} does not stand on {device.id}"
        if not found.uuid:  # half of one, left by a crash
            self._change(device, Relayout(device.id, (place,)))
            return f"{place.words} of {device.id} has no compute instance"
        return replace(slot, instance=found.uuid)

    def _change(self, device: Device, relayout: Relayout) -> str:
        """Carry it out; empty, or what was in the way. What was done stays done."""
        why = self._read(device)
        if why is not None:
            return why.why
        self._write_down(device.id, relayout)
        for place in _larger_first(relayout.destroy):
            found = self._standing[device.id].get(place)
            if found is None or not found.mine:
                continue
            refused = self._ask("destroy", device, found.number)
            if isinstance(refused, Denied):
                self._refused[device.id, place] += 1
                return f"{place.words} of {device.id} could not be destroyed: {refused.why}"
            self._refused.pop((device.id, place), None)
        for place in _larger_first(relayout.create):
            profile = device.mig.profile(place.profile) if device.mig else None
            if profile is None:
                return f"{device.id} has no profile {place.profile}"
            refused = self._ask("create", device, profile.id, place.start, place.size)
            if isinstance(refused, Denied):
                self._read(device)
                return f"{place.words} could not be made on {device.id}: {refused.why}"
        why = self._read(device)
        return "" if why is None else why.why

    def _ask(self, verb: str, device: Device, *numbers: int) -> dict[str, Any] | Denied:
        answer = self._rights.ask(verb, device.id, *numbers)
        if isinstance(answer, Denied):
            log.warning("%s %s %s: %s", verb, device.id, numbers, answer)
        return answer

    def _read(self, device: Device) -> Denied | None:
        """From the driver: what stands on the card now."""
        answer = self._rights.ask("layout", device.id)
        if isinstance(answer, Denied):
            self._standing.pop(device.id, None)  # nothing is given that cannot be looked at
            return answer
        names = {profile.id: profile.name for profile in device.mig.profiles} if device.mig else {}
        uuids = self._uuids(device.id)
        self._standing[device.id] = {
            Placement(names.get(profile, f"profile {profile}"), start, size): _Standing(
                number, mine, uuids.get(number, "")
            )
            for number, profile, start, size, mine in answer["instances"]
        }
        return None

    def _write_down(self, card: str, relayout: Relayout) -> None:
        """What will stand there of ours, before it does."""
        mine = {place for place, found in self._standing[card].items() if found.mine}
        wanted = sorted((mine - set(relayout.destroy)) | set(relayout.create), key=str)
        layouts = {
            **(self._ledger.fact(_FACT) or {}),
            card: [[place.profile, place.start, place.size] for place in wanted],
        }
        self._ledger.write(lambda transaction: transaction.remember(_FACT, layouts))

    def _shown(self, device: Device) -> Device:
        standing = self._standing.get(device.id)
        if standing is None:
            return device
        instances = tuple(
            Instance(place, found.uuid, foreign=not found.mine or self._stuck(device.id, place))
            for place, found in standing.items()
        )
        return replace(device, instances=instances)

    def _stuck(self, card: str, place: Placement) -> bool:
        return self._refused[card, place] >= TRIES


def carvable(box: Box, live: Collection[str] = ()) -> Box:
    """The box with its cards in MIG mode as devices: for slices, and as a whole for a job on one
    GPU, but for no gang.

    A card is carved only while nothing runs on it, unless it is one of `live`: those have passed
    `tenfold doctor --mig-selftest`.
    """
    return replace(box, nodes=tuple(_opened(node, live) for node in box.nodes))


def _opened(node: Node, live: Collection[str]) -> Node:
    able = [aside.device for aside in node.aside if aside.device.mig is not None]
    devices = [
        replace(
            device,
            carves_live=device.id in live,
            gangs=False,
            memory_gib=_memory_gib(device),
        )
        for device in able
    ]
    return replace(
        node,
        devices=(*devices, *node.devices),
        aside=tuple(aside for aside in node.aside if aside.device.mig is None),
        host_w=node.host_w - sum(device.cap_w for device in able),
    )


def _memory_gib(device: Device) -> float:
    """What a program can have of it: of its largest instance, where the card tells nothing."""
    profiles = device.mig.profiles if device.mig else ()
    return max((profile.memory_gib for profile in profiles), default=device.memory_gib)


def _carved(box: Box) -> list[Device]:
    return [gpu for gpu in box.gpus if gpu.mig is not None]


def _whole(device: Device) -> Placement | None:
    places = device.mig.placements if device.mig else ()
    return next((place for place in places if place.size == SLICES), None)


def _larger_first(places: tuple[Placement, ...]) -> list[Placement]:
    return sorted(places, key=lambda place: (-place.size, place.start))
