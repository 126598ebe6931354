"""[[circuit]] and [psu] of site.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tenfold.site.config.fields import Section, number, section, share, tables, text, watts, whole
from tenfold.site.settings import CONTINUOUS, EFFICIENCY, Circuit, Supplies

CIRCUIT = ("name", "volts", "amps", "phases", "continuous", "supplies")
PSU = ("count", "watts", "spare", "efficiency")
MOST_SUPPLIES = 64


def supplies(told: Any, path: Path) -> Supplies | None:
    if told is None:
        return None
    psu = section(told, "[psu]", PSU, path)
    count = whole(psu, "count", "how many power supplies the box has", 1, MOST_SUPPLIES)
    each_w = watts(psu, "watts", "the output of one power supply")
    if count is None or each_w is None:
        missing = "count" if count is None else "watts"
        raise psu.missing(missing, "The supplies limit the box only if count and watts are said.")
    spare = whole(psu, "spare", "how many of them you want to be able to lose", 0, MOST_SUPPLIES)
    if spare is not None and spare >= count:
        raise psu.wrong("spare", f"Of {count} at least one has to carry the box.")
    efficiency = share(psu, "efficiency", "their efficiency", 0.5)
    return Supplies(count, each_w, spare or 0, EFFICIENCY if efficiency is None else efficiency)


def circuits(told: Any, psu: Supplies | None, path: Path) -> tuple[Circuit, ...]:
    if told is None:
        return ()
    found = tables(told, "circuit", CIRCUIT, path)
    read = [_circuit(one, number) for number, one in enumerate(found, 1)]
    names = [circuit.name for circuit in read]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise found[place].wrong("name", "Another circuit has it already.")
    _check_sum(found, read, psu)
    return tuple(read)


def _circuit(told: Section, place: int) -> Circuit:
    volts = _volts(told)
    amps = number(told, "amps", "the amps of its breaker", 1, 400)
    if volts is None or amps is None:
        missing = "volts" if volts is None else "amps"
        raise told.missing(missing, "A circuit limits the box by volts and amps: say both.")
    phases = whole(told, "phases", "1, or 3 for three-phase current", 1, 3) or 1
    if phases == 2:
        raise told.wrong("phases", "It takes 1, or 3; between two phases it is one circuit: 1.")
    continuous = share(told, "continuous", "the share of its amps that it may carry for hours", 0.1)
    return Circuit(
        name=text(told, "name", "what you call it") or str(place),
        volts=volts,
        amps=amps,
        phases=phases,
        continuous=CONTINUOUS if continuous is None else continuous,
        supplies=whole(told, "supplies", "how many supplies are plugged in", 1, MOST_SUPPLIES),
    )


def _volts(told: Section) -> float | None:
    value = told.told.get("volts")
    if isinstance(value, int | float) and not isinstance(value, bool) and 0.09 <= value <= 0.48:
        raise told.wrong("volts", f"{value:g} looks like kV: write {value * 1000:.10g}.")
    return number(told, "volts", "volts", 90, 480)


def _check_sum(told: list[Section], read: list[Circuit], psu: Supplies | None) -> None:
    """The supplies on the circuits are those of the box."""
    said = sum(circuit.supplies or 0 for circuit in read)
    silent = [one for one, circuit in zip(told, read, strict=True) if circuit.supplies is None]
    if not said:
        return
    if psu is None:
        if silent:
            why = "Other circuits say theirs: say it here as well, or the count of [psu]."
            raise silent[0].missing("supplies", why)
        return
    last = next(one for one in reversed(told) if one.has("supplies"))
    if said > psu.count or (said < psu.count and not silent) or (said == psu.count and silent):
        rest = f", and {len(silent)} more have none left" if said == psu.count else ""
        why = f"The circuits have {said} supplies together{rest}; [psu] counts {psu.count}."
        raise last.wrong("supplies", why)
