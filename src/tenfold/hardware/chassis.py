"""One node by its name: `10xH100-PCIe` or `cpu`. What cannot be bought is refused.

SXM cards come on boards of 4 or 8 (1 or 2 of a board can be rented); other cards up to ten to a
chassis.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from tenfold.hardware import models
from tenfold.hardware.chassis_facts import chassis_of
from tenfold.hardware.models import Card, HostData
from tenfold.terms.chassis import Chassis
from tenfold.terms.refusal import Refusal, refusal

CPU = "cpu"
_CARDS = re.compile(r"(\d+)\s*[x×]\s*(\S+)", re.IGNORECASE)


@dataclass(frozen=True)
class NodePlan:
    """A node before its devices have ids."""

    cards: tuple[Card, ...]
    host: HostData
    name: str = ""  # numbered where empty
    chassis: Chassis | None = None


def chassis(text: str) -> NodePlan:
    """The node that `text` names, without `+`."""
    if text.lower() == CPU:
        return NodePlan((), models.host_data(None, 0))
    match = _CARDS.fullmatch(text)
    if match is None:
        raise _unknown(text)
    count, card = int(match[1]), _card(match[2])
    if card is None:
        raise _unknown(text)
    if count == 0:
        why = f"It has no card; a box without cards is called '{CPU}'."
        raise refusal("box.unknown", text=text, why=why)
    if card.on_board and count not in models.BOARDS:
        raise refusal("box.sxm", count=count, model=card.title, instead=_instead(count, card))
    if not card.on_board and count > models.LARGEST_CHASSIS:
        nodes = _split(count, card, (models.LARGEST_CHASSIS,))
        why = f"A chassis holds at most {models.LARGEST_CHASSIS} cards; declare {nodes}."
        raise refusal("box.unknown", text=text, why=why)
    return NodePlan((card,) * count, models.host_data(card, count), chassis=chassis_of(card, count))


def numbered(index: int) -> str:
    """The name of a node that was given none."""
    return f"node{index}"


def _card(name: str) -> Card | None:
    wanted = {alias.lower(): full.lower() for alias, full in models.ALIASES.items()}
    full = wanted.get(name.lower(), name.lower())
    return next((card for card in models.CARDS if card.name.lower() == full), None)


def _unknown(text: str) -> Refusal:
    """Names the nearest model, keeping the count that was asked for."""
    match = _CARDS.fullmatch(text)
    count, name = (match[1], match[2].lower()) if match else ("1", text.lower())
    known = {card.name.lower(): card.name for card in models.CARDS}
    known |= {alias.lower(): alias for alias in models.ALIASES}
    begin = [full for low, full in sorted(known.items()) if name and low.startswith(name)]
    near = begin or [known[low] for low in difflib.get_close_matches(name, known, 3, 0.5)]
    near = near or ["H100-PCIe"]
    names = " or ".join(f"{count}x{full}" for full in near)
    why = f"Near it are {names}; there are also 'auto', '{CPU}' and the path of a .toml file."
    return refusal("box.unknown", text=text, why=why)


def _instead(count: int, card: Card) -> str:
    """What to declare in place of so many SXM cards: nodes, or the same chip on PCIe cards."""
    nodes = _split(count, card, models.BOARDS)
    chip = card.name.partition("-")[0]
    plain = [card.name for card in models.CARDS if not card.on_board]
    same = next((name for name in plain if name.startswith(f"{chip}-")), None)
    if same is None or count > models.LARGEST_CHASSIS:
        return nodes
    return f"{nodes}, or tenfold up --box {count}x{same}"


def _split(count: int, card: Card, sizes: tuple[int, ...]) -> str:
    """`count` cards over nodes of the largest of `sizes` that still fit."""
    nodes = []
    while count > 0:
        size = next((size for size in sizes if size <= count), count)
        nodes.append(f"{size}x{card.name}")
        count -= size
    return "+".join(nodes)
