"""Carries out the power limits of a decision, so that at no moment more may be drawn than before it
and after it: lower limits first, then what was counted on them, higher limits last.

- A limit that was lowered is given SETTLE_S to take hold, and the card has to show it. Until then
  nothing starts and no limit is raised.
- Where a limit could not be set, nothing starts and none is raised, since the budget was divided by
  it; and for a while that card counts as one whose limit cannot be changed, so that the next
  decision makes do with what it really allows.
- A card that shows a higher limit than was set, three times in a row, counts so as well: somebody
  else sets it.

Clocks are locked where a decision says so; that they could not be is no reason to wait.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tenfold.rights.ask import Denied
from tenfold.terms.box import Box, Device, DeviceKind
from tenfold.terms.decision import Cap, Clock, Decision, Wait
from tenfold.terms.reading import Missing, Reading

# Longer than a driver takes to hold a card down to a new limit, with its mean over a second.
SETTLE_S = 3.0
STUCK_S = 10.0  # so long a card whose limit could not be set counts as one that has none to set
DEFIED = 3  # readings in a row above the limit that was set
TOLERANCE_W = 1.0  # limits are read in milliwatts and set in watts

Set = Callable[[str, str, int], object]  # verb, card, number -> Denied, or anything else
Ask = Callable[[str, str], dict[str, Any] | Denied]


@dataclass
class _Card:
    asked_w: float
    lowered_s: float | None = None  # while it settles
    stuck_until_s: float = 0.0
    why: str = ""
    defied: int = 0


@dataclass
class Limits:
    """`set` sets; `settle_s` is 0 where limits hold at once."""

    set: Set
    settle_s: float = SETTLE_S
    _cards: dict[str, _Card] = field(default_factory=dict)
    _clocks: dict[str, int] = field(default_factory=dict)  # MHz that they are locked to

    def seen(self, reading: Reading) -> None:
        """What the cards show of what was set."""
        there = {one.device: one.gpu for one in reading.devices if one.gpu is not None}
        for id in self._cards.keys() - there.keys():
            del self._cards[id]
        for id, card in self._cards.items():
            limit_w = there[id].limit_w
            # A card that does not tell its limit is trusted once its time is over.
            holds = isinstance(limit_w, Missing) or limit_w <= card.asked_w + TOLERANCE_W
            settled = card.lowered_s is None or reading.at_s - card.lowered_s >= self.settle_s
            if holds:
                card.defied = 0
                card.lowered_s = None if settled else card.lowered_s
            elif settled:
                card.defied, card.lowered_s = card.defied + 1, None
            if card.defied >= DEFIED:
                self._stuck(id, "something else sets it as well", reading.at_s + STUCK_S)

    def shown(self, box: Box, now_s: float) -> Box:
        """The box as the next decision has to see it: cards that are stuck have no range."""
        stuck = {id for id, card in self._cards.items() if card.stuck_until_s > now_s}
        if not stuck and not self._clocks:
            return box

        def shown(device: Device) -> Device:
            if device.id in self._clocks:
                device = replace(device, clock_mhz=self._clocks[device.id])
            return _fixed(device) if device.id in stuck else device

        nodes = (
            replace(node, devices=tuple(shown(one) for one in node.devices)) for node in box.nodes
        )
        return replace(box, nodes=tuple(nodes))

    def stuck(self, now_s: float) -> dict[str, str]:
        """Cards whose limit cannot be set, and why. Any thread may ask."""
        cards = dict(self._cards)
        return {id: card.why for id, card in cards.items() if card.stuck_until_s > now_s}

    def carry_out(self, decision: Decision, box: Box, now_s: float) -> Decision:
        """The decision as far as it may be carried out now; its caps are those that were set."""
        by_id = {device.id: device for device in box.devices}
        lower = [cap for cap in decision.caps if cap.watts < by_id[cap.device].cap_w]
        higher = [cap for cap in decision.caps if cap not in lower]
        done = [cap for cap in lower if self._lowered(cap, now_s)]
        why = self._holding(lower, done, now_s)
        if not why:
            done += [cap for cap in higher if self._raised(cap, now_s)]
        clocks = tuple(clock for clock in decision.clocks if self._locked(clock))
        decision = replace(decision, caps=tuple(done), clocks=clocks)
        if not why or not (decision.starts or decision.relayouts):
            return decision
        waits = tuple(Wait(start.job, why) for start in decision.starts)
        return replace(decision, starts=(), relayouts=(), waits=(*decision.waits, *waits))

    def _holding(self, lower: list[Cap], done: list[Cap], now_s: float) -> str:
        """Why nothing may start or be raised yet; empty if it may."""
        for cap in lower:
            if cap not in done:
                why = self._cards[cap.device].why
                return f"The power limit of {cap.device} could not be set: {why}."
        for id, card in self._cards.items():
            if card.lowered_s is not None or card.defied:
                return f"The lower power limit of {id} has yet to take hold."
        return ""

    def _lowered(self, cap: Cap, now_s: float) -> bool:
        known = self._cards.get(cap.device)
        if known is not None and known.lowered_s is not None and known.asked_w == cap.watts:
            return True  # on its way
        if not self._told(cap, now_s):
            return False
        self._cards[cap.device].lowered_s = now_s if self.settle_s > 0 else None
        return True

    def _raised(self, cap: Cap, now_s: float) -> bool:
        return self._told(cap, now_s)

    def _told(self, cap: Cap, now_s: float) -> bool:
        answer = self.set("set-cap", cap.device, round(cap.watts))
        if isinstance(answer, Denied):
            # Without a helper to ask there is no range: the next reading finds none.
            self._stuck(cap.device, answer.why, now_s if answer.code == "gone" else now_s + STUCK_S)
            return False
        card = self._cards.setdefault(cap.device, _Card(cap.watts))
        card.asked_w, card.stuck_until_s = cap.watts, 0.0
        return True

    def _stuck(self, id: str, why: str, until_s: float) -> None:
        card = self._cards.setdefault(id, _Card(math.inf))
        card.stuck_until_s, card.why, card.lowered_s, card.defied = until_s, why, None, 0

    def _locked(self, clock: Clock) -> bool:
        """One that the driver refuses is not asked for again."""
        answer = self.set("lock-clock", clock.device, clock.mhz)
        if isinstance(answer, Denied) and answer.code == "gone":
            return False
        self._clocks[clock.device] = clock.mhz
        return not isinstance(answer, Denied)


def owners(box: Box, ask: Ask) -> Box:
    """The box with the limits that its owner had set: on a card that jobs of an earlier daemon are
    still on, the limit now is that daemon's, and the helper knows the one before it."""

    def before(device: Device) -> Device:
        if device.kind is not DeviceKind.GPU:
            return device
        answer = ask("layout", device.id)
        milliwatts = 0 if isinstance(answer, Denied) else answer.get("limit", 0)
        return replace(device, cap_w=milliwatts / 1000) if milliwatts else device

    nodes = (replace(node, devices=tuple(map(before, node.devices))) for node in box.nodes)
    return replace(box, nodes=tuple(nodes))


def _fixed(device: Device) -> Device:
    """At what it allows now: nothing lower can be counted on."""
    return replace(device, cap_min_w=device.cap_w, cap_max_w=device.cap_w, ceiling_w=None)


def modelled(verb: str, card: str, number: int) -> object:
    """How a declared box sets limits: they hold."""
    return None
