"""What the wall bears: amps of each circuit and phase at worst, breakers, and the cap that fits.

Without circuits of the owner's, common ones are judged instead: on which the box runs whole, on
which with a cap, on which not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tenfold.site import circuits
from tenfold.site.circuits import CircuitLoad
from tenfold.site.settings import Circuit, SiteConfig, Supplies
from tenfold.site.verdict.build import supplies_of
from tenfold.site.verdict.cap import Cap, below, cap_within
from tenfold.site.verdict.drawing import Drawing
from tenfold.site.verdict.figure import Figure, computed, owned
from tenfold.terms.box import Box

PHASES = ("A", "B", "C")
RULE = "80 % of the breaker for loads of three hours or more (NEC 210.20)"
# HP, Power basics for IT professionals, table 4; the rest, and 230 and 400 V as in Europe, by the
# same share.
COMMON = tuple(
    Circuit(f"{volts} V {'three-phase ' if phases == 3 else ''}{amps} A", volts, amps, phases)
    for volts, phases, breakers in (
        (120, 1, (15, 20, 30)),
        (208, 1, (30,)),
        (230, 1, (16, 32)),
        (240, 1, (20, 30, 40, 50)),
        (208, 3, (30, 60)),
        (400, 3, (16, 32)),
    )
    for amps in breakers
)


@dataclass(frozen=True)
class PhaseLoad:
    phase: str
    amps: Figure  # at worst
    over_rule: bool  # more than it may carry for hours
    over_breaker: bool  # more than its breaker's rating: it trips


@dataclass(frozen=True)
class CircuitVerdict:
    name: str
    volts: float
    amps: float
    phases: int
    rule_a: float  # amps for hours
    carries: Figure  # W for hours, in balance
    share: float  # of the box's watts
    loads: tuple[PhaseLoad, ...]
    over_rule: bool  # one of its phases is
    over_breaker: bool


@dataclass(frozen=True)
class CommonCircuit:
    name: str
    carries: Figure  # W for hours
    runs: str  # `whole`, `with a cap`, `some cards`, `no`, `not these supplies`, `unknown`
    cap: Cap | None


@dataclass(frozen=True)
class Limit:
    """One thing at the wall that bounds the watts of the box."""

    name: str
    allowed: Figure


@dataclass(frozen=True)
class Wall:
    limits: tuple[Limit, ...]
    circuits: tuple[CircuitVerdict, ...]
    cap: Cap | None  # that fits all limits; None where there is no limit, or no watts are known
    common: tuple[CommonCircuit, ...]
    rule: str = RULE


def wall(box: Box, config: SiteConfig, drawing: Drawing) -> Wall:
    limits = _limits(box, config)
    worst_w = drawing.worst_w() if drawing.known else None
    cap = None
    if limits and worst_w is not None:
        tightest = min(limits, key=lambda limit: limit.allowed.value or math.inf)
        cap = cap_within(drawing, tightest.allowed, below(tightest.allowed.value or 0.0))
    judged: tuple[CircuitVerdict, ...] = ()
    if worst_w is not None:
        loads = circuits.loads(config.circuits, config.supplies, worst_w)
        judged = tuple(_circuit(load) for load in loads)
    return Wall(limits, judged, cap, tuple(_common(one, box, drawing) for one in COMMON))


def supplies_w(supplies: Supplies) -> float:
    """W at the wall that the supplies carry once the spare ones are lost."""
    return (supplies.count - supplies.spare) * supplies.watts / supplies.efficiency


def _limits(box: Box, config: SiteConfig) -> tuple[Limit, ...]:
    found = []
    if math.isfinite(config.watts):
        found.append(Limit("the limit in the settings", owned(config.watts, "W", "watts")))
    if config.circuits:
        watts, name = circuits.allowed_w(config.circuits, config.supplies)
        how = f"circuit {name} sets it, its fullest phase at the amps that it may carry for hours"
        found.append(Limit(f"circuit {name}", computed(watts, "W", how)))
    supplies = supplies_of(box, config)
    # Those a chassis is sold with carry what it is rated for; the owner's have to be reckoned.
    if supplies is not None and config.supplies is not None:
        left = supplies.count - supplies.spare
        how = f"{left} x {supplies.watts:g} W / {supplies.efficiency:g}"
        found.append(Limit("the power supplies", computed(supplies_w(supplies), "W", how)))
    return tuple(found)


def _circuit(load: CircuitLoad) -> CircuitVerdict:
    circuit = load.circuit
    rule_a = circuit.amps * circuit.continuous
    names = PHASES if circuit.phases == 3 else ("",)
    phases = tuple(
        PhaseLoad(
            name,
            computed(amps, "A", f"worst case x {load.share:.3g} at {circuit.volts:g} V"),
            amps > rule_a * (1 + 1e-9),
            amps > circuit.amps * (1 + 1e-9),
        )
        for name, amps in zip(names, load.amps, strict=True)
    )
    return CircuitVerdict(
        name=circuit.name,
        volts=circuit.volts,
        amps=circuit.amps,
        phases=circuit.phases,
        rule_a=rule_a,
        carries=_carries(circuit),
        share=load.share,
        loads=phases,
        over_rule=any(phase.over_rule for phase in phases),
        over_breaker=any(phase.over_breaker for phase in phases),
    )


def _carries(circuit: Circuit) -> Figure:
    root = " x √3" if circuit.phases == 3 else ""
    how = f"{circuit.volts:g} V x {circuit.amps:g} A{root} x {circuit.continuous:g}"
    return computed(circuit.watts, "W", how)


def _common(circuit: Circuit, box: Box, drawing: Drawing) -> CommonCircuit:
    carries = _carries(circuit)
    if not drawing.known:
        return CommonCircuit(circuit.name, carries, "unknown", None)
    if not supplies_take(circuit, box):
        return CommonCircuit(circuit.name, carries, "not these supplies", None)
    cap = cap_within(drawing, carries, below(circuit.watts))
    return CommonCircuit(circuit.name, carries, runs(cap), cap)


def runs(cap: Cap) -> str:
    if cap.whole:
        return "whole"
    if cap.cap.value is not None:
        return "with a cap"
    return "some cards" if cap.running.value else "no"


def supplies_take(circuit: Circuit, box: Box) -> bool:
    """Whether every known supply takes the voltage; on 400 V they sit from phase to neutral."""
    for node in box.nodes:
        if node.chassis is None or node.chassis.supply_lowest_v is None:
            continue
        volts = circuit.volts / math.sqrt(3.0) if circuit.volts > 264 else circuit.volts
        highest_v = node.chassis.supply_highest_v or math.inf
        if not node.chassis.supply_lowest_v <= volts <= highest_v:
            return False
    return True
