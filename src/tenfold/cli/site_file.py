"""The text of a site.toml: what was said, and what can be said besides as comments."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

Table = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """Fields by their names in the file; what is empty was not said."""

    site: Table = field(default_factory=dict)
    circuits: tuple[Table, ...] = ()
    psu: Table = field(default_factory=dict)
    cooling: Table = field(default_factory=dict)
    quiet: tuple[Table, ...] = ()
    tariff: Table = field(default_factory=dict)
    rows: tuple[Table, ...] = ()  # of the tariff


# (field, an example, what it means), in the order of the file
_SITE = (
    ("watts", 4000, "the most that the whole box may draw"),
    ("host_watts", 1500, "of everything but the cards"),
    ("currency", "EUR", "what your money is called"),
    ("cloud_gpu_hour", 2.5, "what a GPU costs for an hour elsewhere, to compare"),
    ("yearly_kwh", 25000, "the most in a year"),
    ("yearly_money", 6000, "the same in money"),
    ("night", "22:00-07:00", "the hours of --when night"),
    ("when", "cheap", "of jobs that say nothing: anytime, cheap, night, quiet-ok"),
    ("zone", "Europe/Berlin", "of the clock; this machine's where it is left out"),
    ("decode_clock_mhz", 1200, "of cards whose service decodes, where no limit binds"),
    ("place_file", "/run/place.json", "what a program of yours writes readings of the place to"),
)
_CIRCUIT = (
    ("name", "garage", "what you call it"),
    ("volts", 208, "between two phases where it has three"),
    ("amps", 30, "of its breaker"),
    ("phases", 1, "or 3"),
    ("continuous", 0.8, "the share that it may carry for hours"),
    ("supplies", 2, "power supplies plugged in here; an even share where it is left out"),
)
_PSU = (
    ("count", 4, "power supplies of the box"),
    ("watts", 2700, "output of each"),
    ("spare", 2, "of them, that you want to be able to lose"),
    ("efficiency", 0.94, "output over what it draws"),
)
_COOLING = (
    ("kind", "room", "or air-conditioner, liquid, ambient"),
    ("watts", 5000, "the heat that it takes"),
    ("btu_h", 17061, "the same in BTU/h; one of the two is enough"),
    ("heat_share", 0.7, "liquid: the share of the heat that goes into the loop"),
    ("loop_watts", 9000, "liquid: what its radiator or chiller takes"),
    ("flow_l_min", 12, "liquid: litres a minute"),
    ("ambient_c", 22, "ambient: of the room while the box is off"),
    ("kelvin_per_kw", 2.0, "ambient: how much warmer a kW makes it, as you measured"),
    ("inlet_lowest_c", 5, "of the air that goes into the box"),
    ("inlet_highest_c", 30, "of the same"),
)
_NOISE = (("points", [[1000, 48], [4000, 62]], "watts and dBA, measured by you at two loads"),)
_QUIET = (
    ("days", "mon-fri", "on which the hours begin; all where it is left out"),
    ("from", "22:00", ""),
    ("until", "07:00", "the next morning"),
    ("watts", 2500, "the most that the box may draw then"),
    ("dba", 45, "in place of watts, once [noise] is measured"),
)
_TARIFF = (
    ("price", 0.31, "of a kWh, whenever no row has one"),
    ("csv", "prices.csv", "beside this file: start,price_kwh; in place of rows"),
)
_ROW = (
    ("days", "mon-fri", "all where it is left out"),
    ("from", "22:00", ""),
    ("until", "06:00", ""),
    ("price", 0.19, ""),
)


def page(said: Said) -> str:
    """The file's text; read by the daemon when it starts."""
    parts = [
        "# What this place allows: wall, heat, noise, prices. Every field can be left out.\n"
        "# docs/what-your-place-allows.md tells what follows from each.",
        _table("[site]", _SITE, said.site, always=True),
        *(_table("[[circuit]]", _CIRCUIT, one) for one in said.circuits or ({},)),
        _table("[psu]", _PSU, said.psu),
        _table("[cooling]", _COOLING, said.cooling),
        _table("[noise]", _NOISE, {}),
        *(_table("[[quiet]]", _QUIET, one) for one in said.quiet or ({},)),
        _table("[tariff]", _TARIFF, said.tariff),
        *(_table("[[tariff.row]]", _ROW, one) for one in said.rows or ({},)),
    ]
    return "\n\n".join(parts) + "\n"


def _table(
    head: str, fields: tuple[tuple[str, Any, str], ...], told: Table, always: bool = False
) -> str:
    """A table with nothing in it is a comment as a whole."""
    lines = [head if told or always else f"# {head}"]
    for name, example, means in fields:
        line = f"{name} = {_toml(told.get(name, example))}"
        line = line if name in told else f"# {line}"
        lines.append(f"{line:<32}  # {means}" if means else line)
    return "\n".join(lines)


def _toml(value: Any) -> str:
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)  # text and lists look the same in TOML
