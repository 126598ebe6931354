"""The cards of the box as they are watched: relieved while they are hot, set aside when they break.

`look` takes a reading and gives the box as placement may have it: limits lowered, cards set aside,
with what they were seen to draw and who else is on them. What changed becomes an event of kind
`card`. All of it is kept in memory: another daemon begins anew, which is how the owner says that a
card is well again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tenfold.engine.card_errors import Errors, errors, failed
from tenfold.engine.card_use import TOLD, Draw, Guests, draw, guests
from tenfold.engine.relief import WORDS, Heat, Step, ceiling_w, relief
from tenfold.ledger.ledger import Ledger
from tenfold.ledger.transaction import Transaction
from tenfold.terms.box import Aside, Box, Device, DeviceKind, Node, Slot
from tenfold.terms.reading import DeviceReading, GpuProcess, Missing, Reading

EVENT = "card"
JobOf = Callable[[int], str | None]  # pid -> the job of this daemon that it belongs to


@dataclass(frozen=True)
class _Card:
    heat: Heat = field(default_factory=Heat)
    errors: Errors = field(default_factory=Errors)
    draw: Draw = field(default_factory=Draw)
    guests: Guests = field(default_factory=Guests)
    held: bool = False  # a job of ours has a part of it


class Cards:
    """For the tick's thread, but for `relieved`, which any may read."""

    def __init__(self, ledger: Ledger, job_of: JobOf) -> None:
        self._ledger = ledger
        self._job_of = job_of
        self._cards: dict[str, _Card] = {}

    def look(self, box: Box, reading: Reading, slots: Iterable[Slot], now_s: float) -> Box:
        """`box` is without what was shown before; `slots` are held by jobs."""
        readings = {one.device: one for one in reading.devices}
        held = {id for slot in slots if slot.kind is DeviceKind.GPU for id in slot.devices}
        cards, events = dict(self._cards), list[dict[str, Any]]()
        for gpu in box.gpus:
            if gpu.id not in readings:
                continue
            before = cards.get(gpu.id, _Card())
            after, told = self._after(gpu, readings[gpu.id], gpu.id in held, before, now_s)
            cards[gpu.id] = after
            events += [{"device": gpu.id, "step": step, "why": why} for step, why in told]
        self._cards = cards
        if events:
            self._ledger.write(lambda transaction: _write(transaction, events, now_s))
        return self.shown(box)

    def shown(self, box: Box) -> Box:
        """The box as the last look left its cards."""
        return replace(box, nodes=tuple(map(self._node, box.nodes)))

    @property
    def leaving(self) -> dict[str, str]:
        """Cards that whoever can go on elsewhere has to leave, and why."""
        found = {id: _why_aside(card) for id, card in self._cards.items()}
        return {id: why for id, why in found.items() if why}

    def failed(self, xids: Mapping[str, tuple[int, ...] | Missing], now_s: float) -> bool:
        """Whether a job on these cards that ends now may have died of one of them."""
        known = self._cards
        return any(failed(known.get(id, _Card()).errors, seen, now_s) for id, seen in xids.items())

    def relieved(self) -> list[dict[str, Any]]:
        """For whoever asks: every card that is held down or set aside here, and why."""
        found: list[dict[str, Any]] = []
        for id, card in self._cards.items():
            if card.errors.aside:
                found.append({"device": id, "step": "aside", "why": card.errors.aside})
            elif card.heat.step:
                word, since_s = WORDS[card.heat.step], card.heat.stepped_s
                found.append({"device": id, "step": word, "why": card.heat.why, "since_s": since_s})
        return found

    def _after(
        self, gpu: Device, reading: DeviceReading, held: bool, before: _Card, now_s: float
    ) -> tuple[_Card, list[tuple[str, str]]]:
        told: list[tuple[str, str]] = []
        heat = relief(gpu, reading, before.heat, now_s)
        if heat.step is not before.heat.step:
            told.append(_step_words(gpu, before.heat, heat))
        wrong = before.errors
        if reading.gpu is not None:
            wrong, logged = errors(reading.gpu, wrong, now_s)
            told += [("error", words) for words in logged]
        if wrong.aside and not before.errors.aside:
            told.append(("aside", f"{wrong.aside}; until tenfold is started anew"))
        drawn = draw(gpu, reading, before.draw, now_s)
        if drawn.most > TOLD >= before.draw.most:
            told.append(("overdraw", f"it draws {drawn.most:.2f} times its limit"))
        there = guests(reading, self._foreign(reading, held), held, before.guests, now_s)
        if there.there is not before.guests.there:
            told.append(("others", there.why) if there.there else ("alone", "nobody else is on it"))
        return _Card(heat, wrong, drawn, there, held), told

    def _foreign(self, reading: DeviceReading, held: bool) -> tuple[GpuProcess, ...]:
        """In a container the driver tells pids of the host, which have no name here: on a card of
        ours they count as ours. Processes are read a little late: some are gone."""
        if reading.gpu is None or isinstance(reading.gpu.processes, Missing):
            return ()
        return tuple(
            one
            for one in reading.gpu.processes
            if (not held if not one.name else _lives(one.pid) and self._job_of(one.pid) is None)
        )

    def _node(self, node: Node) -> Node:
        devices, aside, aside_w = list[Device](), list(node.aside), 0.0
        for device in node.devices:
            card = self._cards.get(device.id)
            if card is None:
                devices.append(device)
                continue
            why = _why_aside(card)
            shown = _shown(device, card)
            if not why:
                devices.append(shown)
                continue
            aside.append(Aside(shown, why))
            # The wall does not ask whether it is given to anybody.
            used = card.held or card.guests.there
            aside_w += device.cap_w * shown.overdraw if used else device.idle_w
        return replace(
            node, devices=tuple(devices), aside=tuple(aside), host_w=node.host_w + aside_w
        )


def _shown(device: Device, card: _Card) -> Device:
    now = (ceiling_w(device, card.heat.step), card.draw.most, card.guests.there)
    if now == (device.ceiling_w, device.overdraw, device.others):
        return device
    return replace(device, ceiling_w=now[0], overdraw=now[1], others=now[2])


def _why_aside(card: _Card) -> str:
    if card.errors.aside:
        return f"it broke: {card.errors.aside}; it takes jobs again when tenfold is started anew"
    if card.heat.step >= Step.YIELD:
        return f"it is too hot: {card.heat.why}; it takes jobs again when it is cool"
    return ""


def _step_words(gpu: Device, before: Heat, heat: Heat) -> tuple[str, str]:
    """The step in a word, and a sentence with what is done."""
    level_w = ceiling_w(gpu, heat.step)
    limit = "its limit is its own" if level_w is None else f"its limit is {level_w:.0f} W at most"
    if heat.step < before.step:
        return "back", f"{heat.why}: {limit}"
    if heat.step is Step.YIELD:
        return "yield", f"{heat.why}: jobs that can go on elsewhere leave it, and nobody new comes"
    if heat.step is Step.ASIDE:
        return "aside", f"{heat.why}, although its jobs were asked to leave: look at its air"
    return WORDS[heat.step], f"{heat.why}: {limit}"


def _write(transaction: Transaction, events: list[dict[str, Any]], now_s: float) -> None:
    for event in events:
        transaction.note_box(EVENT, now_s, event)


def _lives(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")
