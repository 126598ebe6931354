"""[cooling] and [noise] of site.toml."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tenfold.site.config.fields import Section, above_zero, number, section, share, watts, wrong
from tenfold.site.heat import inlet_highest_c
from tenfold.site.settings import Circuit, Cooling, CoolingKind

COOLING = (
    "kind",
    "watts",
    "btu_h",
    "heat_share",
    "flow_l_min",
    "loop_watts",
    "ambient_c",
    "kelvin_per_kw",
    "inlet_lowest_c",
    "inlet_highest_c",
)
BTU_H_PER_W = 3.412142
_SAME = 0.02  # watts and btu_h that differ by less mean the same
_MOST_W = 100_000.0
# Air conditioners are sold by BTU/h in these sizes.
_BTU_SIZES = (9000, 12_000, 18_000, 24_000, 30_000, 36_000, 48_000, 60_000)
_BTU_ABOVE = 3.0  # times what the circuits carry: hardly the watts of what cools it
_AMOUNT = "the heat that the room or the air conditioner takes"


def cooling(told: Any, circuits: Sequence[Circuit], path: Path) -> Cooling | None:
    if told is None:
        return None
    table = section(told, "[cooling]", COOLING, path)
    kind = _kind(table)
    found = Cooling(
        kind=kind,
        watts=_watts(table, kind, circuits),
        loop_watts=watts(table, "loop_watts", "the heat that the loop's radiator or chiller takes"),
        heat_share=share(table, "heat_share", "the share of the heat that goes into the loop", 0.0),
        flow_l_min=number(table, "flow_l_min", "litres a minute through the box", 0.1, 10_000),
        ambient_c=number(table, "ambient_c", "degrees of the room while the box is off", -40, 60),
        kelvin_per_kw=above_zero(table, "kelvin_per_kw", "degrees that the room warms per kW"),
        inlet_lowest_c=number(table, "inlet_lowest_c", "degrees of the inlet air", -40, 60),
        inlet_highest_c=number(table, "inlet_highest_c", "degrees of the inlet air", 5, 60),
    )
    _check_sense(table, found)
    return found


def noise(told: Any, path: Path) -> tuple[tuple[float, float], ...]:
    """Two points by rising watts."""
    if told is None:
        return ()
    table = section(told, "[noise]", ("points",), path)
    takes = "It takes two points that you measured: [[1000, 48], [4000, 62]], watts and dBA."
    points = table.told.get("points")
    if not isinstance(points, list) or len(points) != 2:
        raise table.wrong("points", takes)
    (low_w, low_dba), (high_w, high_dba) = sorted(_point(table, one, takes) for one in points)
    if low_w == high_w:
        raise table.wrong("points", "Both are at the same watts: measure at two loads.")
    if high_dba <= low_dba:
        raise table.wrong("points", "At more watts the box has to be louder: measure again.")
    return ((low_w, low_dba), (high_w, high_dba))


def dba(told: Section, field: str) -> float | None:
    return number(told, field, "dBA", 20, 100)


def _kind(table: Section) -> CoolingKind:
    if not table.has("kind"):
        liquid = any(table.has(field) for field in ("loop_watts", "flow_l_min"))
        return CoolingKind.LIQUID if liquid else CoolingKind.ROOM
    kinds = [kind.value for kind in CoolingKind]
    if table.told["kind"] not in kinds:
        raise table.wrong("kind", f"It takes one of {', '.join(kinds)}.")
    return CoolingKind(table.told["kind"])


def _watts(table: Section, kind: CoolingKind, circuits: Sequence[Circuit]) -> float | None:
    """From watts or BTU/h. Both are believed where they are the same: that is how an owner says
    that watts which look like BTU/h are watts."""
    told_w = watts(table, "watts", _AMOUNT)
    btu_h = above_zero(table, "btu_h", f"{_AMOUNT}, in BTU/h")
    if btu_h is not None:
        if btu_h < 170:  # of 50 W
            raise table.wrong("btu_h", "It takes BTU/h, and a box of GPUs makes thousands.")
        btu_w = btu_h / BTU_H_PER_W
        if told_w is not None and abs(btu_w - told_w) > _SAME * told_w:
            why = f"{btu_h:g} BTU/h are {btu_w:,.0f} W, and watts says {told_w:,.0f}: leave one."
            raise table.wrong("btu_h", why)
        return told_w or btu_w
    if told_w is None:
        return None
    carried_w = sum(circuit.watts for circuit in circuits)
    sold = kind is CoolingKind.AIR_CONDITIONER and told_w in _BTU_SIZES
    if told_w > _MOST_W or sold or 0 < _BTU_ABOVE * carried_w < told_w:
        why = (
            f"It looks like BTU/h, which would be {told_w / BTU_H_PER_W:,.0f} W: write btu_h = "
            f"{told_w:.10g}. If watts are meant, add btu_h = {told_w * BTU_H_PER_W:.0f}."
        )
        raise table.wrong("watts", why)
    return told_w


def _check_sense(table: Section, found: Cooling) -> None:
    """What is wrong of fields together."""
    into_loop = next((name for name in ("loop_watts", "flow_l_min") if table.has(name)), None)
    if found.kind is not CoolingKind.LIQUID and (into_loop or found.heat_share):
        raise table.wrong(into_loop or "heat_share", 'Only kind = "liquid" has a loop.')
    if found.kind is CoolingKind.LIQUID and not found.heat_share:
        why = "Of a liquid loop it has to be known which share of the heat it takes: 0.7, say."
        raise table.wrong("heat_share", why)
    if found.kind is CoolingKind.AMBIENT:
        for field in ("ambient_c", "kelvin_per_kw"):
            if not table.has(field):
                why = 'kind = "ambient" reckons with ambient_c and kelvin_per_kw: say both.'
                raise table.missing(field, why)
    highest_c = inlet_highest_c(found)
    if found.ambient_c is not None and found.ambient_c >= highest_c:
        why = f"The air that goes in may have {highest_c:g} degrees: the room is too warm already."
        raise table.wrong("ambient_c", why)
    if found.inlet_lowest_c is not None and found.inlet_lowest_c >= highest_c:
        raise table.wrong("inlet_lowest_c", f"It is not below the highest, {highest_c:g} degrees.")


def _point(table: Section, told: Any, takes: str) -> tuple[float, float]:
    if not isinstance(told, list) or len(told) != 2:
        raise table.wrong("points", takes)
    point = Section("[noise]", {"watts": told[0], "dBA": told[1]}, table.path)
    read_w, read_dba = watts(point, "watts", "the watts of the box"), dba(point, "dBA")
    if read_w is None or read_dba is None:
        raise wrong("points", told, table.path, takes)
    return read_w, read_dba
