"""What a box draws at the wall: idle, typical, at worst; each node and all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tenfold.site.verdict.cap import curve_source
from tenfold.site.verdict.drawing import NO_HOST, Drawing, Host
from tenfold.site.verdict.figure import Figure, computed, unknown

MEASURED = "eight H100 that trained drew 76 % of the DGX's rating, about 7.75 kW (arXiv 2506.14551)"
TYPICAL_MEANS = (
    "every card at work that draws most of its limit, as such work does by its curve, and host and"
    f" fans as at worst, since no source tells them otherwise; measured: {MEASURED}"
)
IDLE_MEANS = "every card idle; host and fans as at worst, so the truth is lower"


@dataclass(frozen=True)
class NodePower:
    node: str
    cards: int
    model: str
    host: Figure
    idle: Figure
    typical: Figure
    worst: Figure


@dataclass(frozen=True)
class Power:
    nodes: tuple[NodePower, ...]
    host: Figure
    cards_idle: Figure
    idle: Figure
    typical: Figure
    worst: Figure
    hosts_known: bool
    typical_means: str = TYPICAL_MEANS
    idle_means: str = IDLE_MEANS


def power(drawing: Drawing) -> Power:
    nodes = tuple(_node(host, drawing.of(host.node)) for host in drawing.hosts)
    return Power(
        nodes=nodes,
        host=_host_figure(drawing),
        cards_idle=_figure(
            drawing, sum(card.idle_w for card in drawing.cards), "every card's idle watts"
        ),
        idle=_figure(drawing, drawing.idle_w, f"sum: {IDLE_MEANS}"),
        typical=_figure(drawing, drawing.typical_w, _typical_source(drawing)),
        worst=_figure(drawing, drawing.worst_w(), _worst_source(drawing)),
        hosts_known=drawing.hosts_known,
    )


def scaled(figure: Figure, factor: float, unit: str, how: str) -> Figure:
    """Another unit of the same; unknown stays unknown."""
    if figure.value is None:
        return replace(figure, unit=unit)
    return computed(figure.value * factor, unit, how)


def _node(host: Host, of_node: Drawing) -> NodePower:
    models = dict.fromkeys(card.model for card in of_node.cards)
    return NodePower(
        node=host.node,
        cards=len(of_node.cards),
        model=", ".join(models),
        host=_host_figure(of_node),
        idle=_figure(of_node, of_node.idle_w, f"sum: {IDLE_MEANS}"),
        typical=_figure(of_node, of_node.typical_w, _typical_source(of_node)),
        worst=_figure(of_node, of_node.worst_w(), _worst_source(of_node)),
    )


def _figure(drawing: Drawing, value: float, source: str) -> Figure:
    if not drawing.known:
        cards = [card.model for card in drawing.cards if card.highest_w <= 0]
        why = f"no source tells the watts of {cards[0]}" if cards else NO_HOST
        return unknown("W", why)
    if not drawing.hosts_known:
        lacking = ", ".join(host.node for host in drawing.hosts if host.watts is None)
        source = f"{source}; without host and fans of {lacking}, so the truth is higher"
    return computed(value, "W", source)


def _host_figure(drawing: Drawing) -> Figure:
    known = [host for host in drawing.hosts if host.watts is not None]
    if len(known) < len(drawing.hosts) or not known:
        return unknown("W", NO_HOST)
    told = "; ".join(dict.fromkeys(host.source for host in known))
    return computed(drawing.host_w, "W", told)


def _typical_source(drawing: Drawing) -> str:
    return f"cards by their curve ({curve_source(drawing)}); host and fans as at worst"


def _worst_source(drawing: Drawing) -> str:
    counted: dict[tuple[float, str], int] = {}
    for card in drawing.cards:
        key = (card.highest_w * card.overdraw, card.source)
        counted[key] = counted.get(key, 0) + 1
    cards = [f"{n} x {watts:g} W ({source})" for (watts, source), n in counted.items()]
    hosts = [f"{host.watts:g} W ({host.source})" for host in drawing.hosts if host.watts]
    return " + ".join([*cards, *hosts])
