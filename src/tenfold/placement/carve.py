"""What has to be carved so that the starts of a decision have their slices, and how long it takes.

On each card: destroy idle instances that are in the way, then create what is missing, each with its
placement. Whoever runs on the card runs on: nothing that a live job holds, and nothing that
somebody else made, is ever touched. A whole-card job finds no instance left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tenfold.placement.slots import mask_of
from tenfold.terms.box import Box, Device, Slot
from tenfold.terms.decision import Relayout
from tenfold.terms.job import Job
from tenfold.terms.mig import Placement


@dataclass
class _Card:
    gpu: Device
    idle: list[Placement]  # stand there, ours, and nobody is on them
    destroy: list[Placement] = field(default_factory=list)
    create: list[Placement] = field(default_factory=list)
    spent_s: float = 0.0  # by what is done there first: the driver does one thing at a time


class Carving:
    """The instances of every card while a decision is made."""

    def __init__(self, box: Box, live: Sequence[Job]) -> None:
        held = {
            (device, job.slot.slice)
            for job in live
            if job.slot is not None
            for device in job.slot.devices
        }
        self._cards = {gpu.id: _card(gpu, held) for gpu in box.gpus if gpu.mig is not None}

    def timed(self, slot: Slot) -> Slot:
        """The slot with the seconds until it stands."""
        cards = [self._cards[id] for id in slot.devices if id in self._cards]
        carve_s = max((_takes_s(card, slot) for card in cards), default=0.0)
        return replace(slot, carve_s=carve_s) if carve_s else slot

    def take(self, slot: Slot) -> None:
        """A start: what is in its way goes, and its slice comes."""
        for id in slot.devices:
            card = self._cards.get(id)
            if card is None:
                continue
            gone, made = _changes(card, slot)
            if gone or made:
                card.spent_s = _takes_s(card, slot)
            card.idle = [place for place in card.idle if place not in (*gone, slot.slice)]
            card.destroy += gone
            card.create += made

    def relayouts(self) -> tuple[Relayout, ...]:
        return tuple(
            Relayout(id, tuple(card.destroy), tuple(card.create))
            for id, card in self._cards.items()
            if card.destroy or card.create
        )


def _card(gpu: Device, held: set[tuple[str, Placement | None]]) -> _Card:
    ours = [one.placement for one in gpu.instances if not one.foreign]
    return _Card(gpu, [place for place in ours if (gpu.id, place) not in held])


def _changes(card: _Card, slot: Slot) -> tuple[list[Placement], list[Placement]]:
    """What `slot` needs destroyed and created on this card."""
    if slot.slice in card.idle:
        return [], []
    gone = [place for place in card.idle if place.mask & mask_of(slot)]
    return gone, [] if slot.slice is None else [slot.slice]


def _takes_s(card: _Card, slot: Slot) -> float:
    gone, made = _changes(card, slot)
    if not gone and not made:
        return 0.0
    assert card.gpu.mig is not None
    by_name = {profile.name: profile for profile in card.gpu.mig.profiles}
    gone_s = sum(by_name[p.profile].destroy_s for p in gone if p.profile in by_name)
    made_s = sum(by_name[p.profile].create_s for p in made if p.profile in by_name)
    return card.spent_s + gone_s + made_s
