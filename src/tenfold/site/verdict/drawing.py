"""A box as a verdict sees it: cards and hosts in watts at the wall. `drawing(box, config)`.

A card's limit and its host's watts are added up as they are: the host's figure was taken at the
wall, with losses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tenfold.site.settings import SiteConfig
from tenfold.terms.box import Box, Device, DeviceKind, Node
from tenfold.terms.curve import Curve

TYPICAL_LOAD = "compute"
NO_HOST = "what host and fans draw stands in no source: say host_watts"
_NOT_OF_WATTS = ("memory", "idle", "knee", "lowest cap")  # clauses of a card's source


@dataclass(frozen=True)
class Card:
    """One GPU, in watts."""

    model: str
    node: str
    idle_w: float
    lowest_w: float  # the least limit that makes sense: its range, and the knee of its curve
    highest_w: float
    curve: Curve | None
    overdraw: float = 1.0
    source: str = ""

    def cap_w(self, cap_w: float) -> float:
        """Its own limit where all cards are told `cap_w`."""
        return min(self.highest_w, max(self.lowest_w, cap_w))

    def speed(self, cap_w: float) -> float:
        share = self.cap_w(cap_w) / self.highest_w
        return share if self.curve is None else self.curve.speed(share)

    @property
    def typical_w(self) -> float:
        return self.highest_w * (1.0 if self.curve is None else self.curve.draw(1.0))


@dataclass(frozen=True)
class Host:
    node: str
    watts: float | None
    source: str


@dataclass(frozen=True)
class Drawing:
    cards: tuple[Card, ...]
    hosts: tuple[Host, ...]

    @property
    def known(self) -> bool:
        """Whether anything can be said; hosts that nobody knows count as 0."""
        cards = bool(self.cards) and all(card.highest_w > 0 for card in self.cards)
        return cards or (not self.cards and self.hosts_known)

    @property
    def hosts_known(self) -> bool:
        return all(host.watts is not None for host in self.hosts)

    @property
    def host_w(self) -> float:
        return sum(host.watts or 0.0 for host in self.hosts)

    @property
    def idle_w(self) -> float:
        return self.host_w + sum(card.idle_w for card in self.cards)

    @property
    def typical_w(self) -> float:
        return self.host_w + sum(card.typical_w for card in self.cards)

    def worst_w(self, cap_w: float = math.inf) -> float:
        """With every card at work and told this limit."""
        drawn = sum(card.cap_w(cap_w) * card.overdraw for card in self.cards)
        return self.host_w + drawn

    def speed(self, cap_w: float) -> float:
        """Mean over the cards, of work that draws much."""
        if not self.cards:
            return 1.0
        return sum(card.speed(cap_w) for card in self.cards) / len(self.cards)

    def some_w(self, count: int) -> float:
        """`count` cards at work at their lowest limit, those that add least, and the rest idle."""
        adds = sorted(card.lowest_w * card.overdraw - card.idle_w for card in self.cards)
        return self.idle_w + sum(adds[:count])

    def of(self, node: str) -> Drawing:
        return Drawing(
            tuple(card for card in self.cards if card.node == node),
            tuple(host for host in self.hosts if host.node == node),
        )


def drawing(box: Box, config: SiteConfig) -> Drawing:
    cards = tuple(_card(gpu) for gpu in box.gpus)
    return Drawing(cards, tuple(_host(node, box, config) for node in box.nodes))


def _card(gpu: Device) -> Card:
    highest_w = gpu.cap_max_w or gpu.cap_w
    curve = next((curve for curve in gpu.curves if curve.load == TYPICAL_LOAD), None)
    least_w = gpu.lowest_w or gpu.cap_min_w
    knee_w = math.ceil(gpu.knee * highest_w - 1e-9)
    return Card(
        model=gpu.model,
        node=gpu.node,
        idle_w=gpu.idle_w,
        lowest_w=min(highest_w, max(least_w, knee_w)),
        highest_w=highest_w,
        curve=curve,
        overdraw=max(1.0, gpu.overdraw),
        source="; ".join(
            clause for clause in gpu.source.split("; ") if not clause.startswith(_NOT_OF_WATTS)
        ),
    )


def _host(node: Node, box: Box, config: SiteConfig) -> Host:
    """The settings' figure is for all nodes together: an even share of it; cards that stand aside
    come on top. Of a real node nobody else knows the watts of its host."""
    if config.host_watts is not None:
        aside_w = sum(one.device.cap_w for one in node.aside)
        told = "host_watts in the settings" + (" and cards that stand aside" if aside_w else "")
        return Host(node.name, config.host_watts / len(box.nodes) + aside_w, told)
    if node.host_w <= 0 or not box.modelled:
        return Host(node.name, None, NO_HOST)
    sources = [one.source for one in node.devices if one.kind is DeviceKind.CPU]
    clauses = [clause for source in sources for clause in source.split("; ")]
    found = [clause for clause in clauses if clause.startswith("watts") or "host_w" in clause]
    return Host(node.name, node.host_w, found[0] if found else "the box's own description")
