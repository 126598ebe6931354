"""A ten-card box that misbehaves, for `replay.py`: what its cards really draw, and what they tell.

Cards are told limits as a driver is told them. A call may fail; a limit may take hold only later; a
card may draw more than its limit; somebody else's process may come; a power supply may be lost. The
draw at the wall is kept as a list of (s, W), for the judge.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tenfold.rights.ask import Denied
from tenfold.terms.box import Box
from tenfold.terms.reading import (
    DeviceReading,
    GpuLinks,
    GpuProcess,
    GpuReading,
    Missing,
    PlaceReading,
    Reading,
)

LATE_S = 2.0  # a limit that takes hold late
OVER = 1.1  # a card that overshoots
FOREIGN_GIB = 20.0
THEIRS = 1  # a process that lives, and is no job of ours
NOT_ASKED = Missing("it is not asked")
LINKS = GpuLinks(NOT_ASKED, NOT_ASKED, NOT_ASKED, NOT_ASKED)


@dataclass
class _Card:
    idle_w: float
    told_w: float  # what the driver shows
    holds_w: float  # what the card keeps
    due: list[tuple[float, float]] = field(default_factory=list)  # limits on their way: (s, W)


class World:
    def __init__(self, box: Box, faults: list[dict[str, Any]], supplies: int, now: float) -> None:
        self.faults, self.supplies, self.now = faults, supplies, now
        self.host_w = box.host_w
        self.cards = {gpu.id: _Card(gpu.idle_w, gpu.cap_w, gpu.cap_w) for gpu in box.gpus}
        self.busy: dict[str, float] = {}  # card -> share of its limit that our work draws
        self.draws: list[tuple[float, float]] = []
        self.note()

    def set(self, verb: str, card: str, number: int) -> object:
        """As the helper with rights is asked."""
        if verb != "set-cap":
            return None
        if self._now("fail", card):
            return Denied(999, "the driver says no")
        known = self.cards[card]
        known.told_w = float(number)
        if self._now("late", card):
            known.due.append((self.now + LATE_S, float(number)))
        else:
            known.holds_w, known.due = float(number), []
        self.note()
        return None

    def pass_to(self, now: float) -> None:
        """The clock goes on; limits that are due take hold."""
        due = sorted((at_s, id, w) for id, card in self.cards.items() for at_s, w in card.due)
        for at_s, id, watts in due:
            if at_s <= now:
                self.now = at_s
                self.cards[id].holds_w = watts
                self.cards[id].due = [one for one in self.cards[id].due if one[0] > at_s]
                self.note()
        self.now = now
        self.note()

    def note(self) -> None:
        watts = self.host_w + sum(self.draw_w(id) for id in self.cards)
        if self.draws and self.draws[-1][0] == self.now:
            self.draws[-1] = (self.now, watts)
        elif not self.draws or self.draws[-1][1] != watts:
            self.draws.append((self.now, watts))

    def draw_w(self, id: str) -> float:
        card = self.cards[id]
        share = 1.0 if self._now("foreign", id) else self.busy.get(id, 0.0)
        if share == 0.0:
            return card.idle_w
        drawn_w = card.holds_w * share * (OVER if self._now("overshoot", id) else 1.0)
        return max(card.idle_w, drawn_w)

    def reading(self) -> Reading:
        lost = sum(self._now("supply", "") for _ in (0,))
        place = PlaceReading(NOT_ASKED, float(self.supplies - lost), NOT_ASKED)
        return Reading(self.now, tuple(self._card(id) for id in self.cards), place)

    def _card(self, id: str) -> DeviceReading:
        foreign = self._now("foreign", id)
        others = (GpuProcess(THEIRS, "theirs", FOREIGN_GIB),) if foreign else ()
        busy = foreign or id in self.busy
        return DeviceReading(
            device=id,
            power_w=self.draw_w(id),
            temperature_c=60.0,
            memory_used_gib=FOREIGN_GIB if foreign else 0.0,
            utilisation=1.0 if busy else 0.0,
            fan=NOT_ASKED,
            gpu=GpuReading(
                limit_w=self.cards[id].told_w,
                margin_c=25.0,
                energy_j=NOT_ASKED,
                throttle=(),
                processes=others,
                links=LINKS,
                slices=(),
            ),
        )

    def _now(self, kind: str, card: str) -> bool:
        return any(
            fault["kind"] == kind
            and fault["card"] in ("", card)
            and fault["from_s"] <= self.now < fault["until_s"]
            for fault in self.faults
        )
