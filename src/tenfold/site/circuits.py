"""What the circuits carry of the box, and how much the box may draw for them.

The power supplies share the load evenly, at a power factor of one, so a circuit with 2 of 6 plugged
in carries a third. Of fewer that work each carries more; which ones are lost nobody tells, so each
circuit is reckoned as if they were lost on the others.

On three phases a supply sits between two of them (208 V: AB, BC, CA in turn), or from one to the
neutral where between them is more than it takes (400 V). Three, six, ... balance; with any other
number one phase carries more than its share and sets the limit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tenfold.site.settings import Circuit, Supplies

# Supplies for 200-240 V take a tenth more.
_SUPPLY_HIGHEST_V = 264.0


@dataclass(frozen=True)
class CircuitLoad:
    """`amps`: of its one phase, or of A, B and C."""

    circuit: Circuit
    share: float  # of the box's watts
    amps: tuple[float, ...]

    @property
    def trips(self) -> bool:
        """Whether it is more than the breaker carries for hours."""
        return max(self.amps) > self.circuit.amps * self.circuit.continuous * (1 + 1e-9)


def loads(
    circuits: Sequence[Circuit],
    supplies: Supplies | None,
    box_w: float,
    working: int | None = None,
) -> tuple[CircuitLoad, ...]:
    """What each circuit carries while the box draws `box_w`; `working`: supplies that work, where
    somebody tells."""
    plugged = _plugged(circuits, supplies)
    total = sum(plugged)
    alive = total if working is None else min(max(float(working), 1.0), total)
    return tuple(
        _load(circuit, count, alive, box_w)
        for circuit, count in zip(circuits, plugged, strict=True)
    )


def allowed_w(
    circuits: Sequence[Circuit], supplies: Supplies | None, working: int | None = None
) -> tuple[float, str]:
    """The most that the box may draw for hours, and the circuit that sets it; (inf, "") without."""
    found = [
        (load.circuit.amps * load.circuit.continuous / max(load.amps), load.circuit.name)
        for load in loads(circuits, supplies, 1.0, working)
    ]
    return min(found, default=(math.inf, ""), key=lambda one: one[0])


def _plugged(circuits: Sequence[Circuit], supplies: Supplies | None) -> list[float]:
    """Power supplies on each; what nobody says is shared evenly."""
    said = sum(circuit.supplies or 0 for circuit in circuits)
    open_ones = sum(circuit.supplies is None for circuit in circuits)
    # Without a count any number does: only its shares matter.
    count = len(circuits) + said if supplies is None else supplies.count
    each = (count - said) / open_ones if open_ones else 0.0
    return [each if one.supplies is None else float(one.supplies) for one in circuits]


def _load(circuit: Circuit, plugged: float, alive: float, box_w: float) -> CircuitLoad:
    share = min(plugged, alive) / alive
    if circuit.phases == 1:
        return CircuitLoad(circuit, share, (share * box_w / circuit.volts,))
    if circuit.supplies is None:
        line = share * box_w / (math.sqrt(3.0) * circuit.volts)
        return CircuitLoad(circuit, share, (line, line, line))
    # At most `alive` of them can be between the same two phases.
    counts = [min((circuit.supplies + 2 - turn) // 3, alive) for turn in range(3)]
    each_w = box_w / alive
    if circuit.volts > _SUPPLY_HIGHEST_V:
        phase_v = circuit.volts / math.sqrt(3.0)
        return CircuitLoad(circuit, share, tuple(count * each_w / phase_v for count in counts))
    ab, bc, ca = (count * each_w / circuit.volts for count in counts)
    return CircuitLoad(circuit, share, (_line(ab, ca), _line(ab, bc), _line(bc, ca)))


def _line(one: float, other: float) -> float:
    """Amps of a phase that is an end of two loads: phasors 60 degrees apart."""
    return math.sqrt(one * one + other * other + one * other)
