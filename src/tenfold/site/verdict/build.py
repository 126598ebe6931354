"""What has to be carried, mounted and plugged in: rack units, weight, slots, lanes, supplies."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tenfold.site.settings import EFFICIENCY, SiteConfig, Supplies
from tenfold.site.verdict.drawing import Drawing
from tenfold.site.verdict.figure import Figure, computed, owned, published, unknown
from tenfold.terms.box import Box, DeviceKind, Node
from tenfold.terms.chassis import Chassis

LANES = 16  # of a card: PCIe Gen5 x16 is 128 GB/s both ways
NO_CHASSIS = "its chassis is not known"
NO_NOISE = "no source publishes a noise level for it"


@dataclass(frozen=True)
class NodeBuild:
    node: str
    chassis: str
    source: str
    rack_units: Figure
    weight: Figure
    rated: Figure  # at the wall
    slots: Figure  # double-width
    lanes: Figure  # of PCIe, for all its cards
    lanes_how: str
    links: str  # NVLink: bridges or a board
    supplies: Figure
    supply_w: Figure  # output of one
    plugs: str
    inlet_lowest: Figure
    inlet_highest: Figure
    noise: Figure
    seen: str


@dataclass(frozen=True)
class SupplyCheck:
    """Whether the power supplies carry the worst case, whole and with the spare ones gone."""

    count: Figure
    spare: Figure
    needed: Figure  # W of output, all of them together
    whole: Figure  # W that all give
    without_spare: Figure  # W that those give which are left
    carries: bool | None  # without the spare ones; None: nobody knows


@dataclass(frozen=True)
class Build:
    nodes: tuple[NodeBuild, ...]
    rack_units: Figure
    weight: Figure
    supplies: SupplyCheck


def build(box: Box, config: SiteConfig, drawing: Drawing) -> Build:
    nodes = tuple(_node(node) for node in box.nodes)
    return Build(
        nodes=nodes,
        rack_units=_sum([node.rack_units for node in nodes], "U"),
        weight=_sum([node.weight for node in nodes], "kg"),
        supplies=_supplies(supplies_of(box, config), config, drawing),
    )


def supplies_of(box: Box, config: SiteConfig) -> Supplies | None:
    """The owner's, or those that the chassis of a box with one node is sold with."""
    if config.supplies is not None:
        return config.supplies
    told = [node.chassis for node in box.nodes]
    if len(told) != 1 or told[0] is None or told[0].supplies is None or told[0].supply_w is None:
        return None
    needed = told[0].supplies_needed or told[0].supplies
    return Supplies(told[0].supplies, told[0].supply_w, told[0].supplies - needed)


def _node(node: Node) -> NodeBuild:
    chassis = node.chassis or Chassis("not known", NO_CHASSIS)
    of = chassis.source
    why = NO_CHASSIS if node.chassis is None else f"not in {of}"
    cards = sum(device.kind is DeviceKind.GPU for device in node.devices)
    lanes = computed(
        cards * LANES if cards else None, "lanes", f"{cards} cards x {LANES}", "it has no card"
    )
    noise_why = NO_CHASSIS if node.chassis is None else NO_NOISE
    return NodeBuild(
        node=node.name,
        chassis=chassis.name,
        source=of,
        rack_units=published(chassis.rack_units, "U", of, why),
        weight=published(chassis.weight_kg, "kg", of, why),
        rated=published(chassis.rated_w, "W", of, why),
        slots=published(chassis.slots, "slots", of, why),
        lanes=lanes,
        lanes_how=chassis.lanes,
        links=_links(node),
        supplies=published(chassis.supplies, "supplies", of, why),
        supply_w=published(chassis.supply_w, "W", of, why),
        plugs=chassis.plugs,
        inlet_lowest=published(chassis.inlet_lowest_c, "°C", of, why),
        inlet_highest=published(chassis.inlet_highest_c, "°C", of, why),
        noise=published(chassis.noise_dba, "dBA", of, noise_why),
        seen=chassis.seen,
    )


def _links(node: Node) -> str:
    groups = Counter(device.bridge for device in node.devices if device.bridge)
    boards = [count for name, count in groups.items() if name.endswith(":board")]
    pairs = sum(count == 2 for name, count in groups.items() if not name.endswith(":board"))
    alone = sum(count == 1 for name, count in groups.items() if not name.endswith(":board"))
    told = [f"{count} cards on one board, NVLink from each to each" for count in boards]
    if pairs:
        told.append(f"{pairs} bridged {'pair' if pairs == 1 else 'pairs'} (NVLink bridges to buy)")
    if alone:
        told.append(f"{alone} card without a partner")
    return ", ".join(told) or "none"


def _supplies(supplies: Supplies | None, config: SiteConfig, drawing: Drawing) -> SupplyCheck:
    if supplies is None:
        why = "nobody says which power supplies it has ([psu])"
        gone = unknown("W", why)
        return SupplyCheck(
            unknown("supplies", why), unknown("supplies", why), gone, gone, gone, None
        )
    own = config.supplies is not None
    count = owned(supplies.count, "supplies", "[psu]")
    spare = owned(supplies.spare, "supplies", "[psu]")
    if not own:
        count = published(supplies.count, "supplies", "its chassis", "")
        spare = published(supplies.spare, "supplies", "its chassis", "")
    efficiency = supplies.efficiency
    how = f"worst case x {efficiency:g}, the supplies' efficiency"
    how += " (assumed: 80 PLUS Platinum to Titanium)" if efficiency == EFFICIENCY else ""
    known = drawing.known
    needed_w = drawing.worst_w() * efficiency if known else None
    left = supplies.count - supplies.spare
    without_w = left * supplies.watts
    return SupplyCheck(
        count=count,
        spare=spare,
        needed=computed(needed_w, "W", how, "the box's watts are not known"),
        whole=computed(
            supplies.count * supplies.watts, "W", f"{supplies.count} x {supplies.watts:g} W"
        ),
        without_spare=computed(without_w, "W", f"{left} x {supplies.watts:g} W"),
        carries=None if needed_w is None else needed_w <= without_w,
    )


def _sum(figures: list[Figure], unit: str) -> Figure:
    """Unknown as soon as one part is."""
    lacking = next((figure for figure in figures if figure.value is None), None)
    if lacking is not None:
        return unknown(unit, lacking.source)
    if len(figures) == 1:
        return figures[0]
    return computed(sum(figure.value or 0.0 for figure in figures), unit, "sum of its nodes")
