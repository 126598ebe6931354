"""`tenfold site init`: asks what the place allows and writes site.toml.

One question at a time; an empty answer is "not said", the end of the input answers all that are
left so. An answer out of range is told why and asked for again. Nothing is written before the last.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tenfold.cli import site_answers as answers
from tenfold.cli.parser import Parser
from tenfold.cli.show import DIM, note, say, tint
from tenfold.cli.site_answers import Read
from tenfold.cli.site_file import Said, Table, page
from tenfold.client.home import home_path
from tenfold.folder.durable import write_bytes
from tenfold.terms.refusal import refusal

CONTINUOUS = 0.8  # what the daemon takes where a circuit says nothing
EFFICIENCY = 0.94
_YEAR_H = 365 * 24
_ABOUT = """\
Asks what the wall, the room and your ears allow, and writes site.toml, which the daemon reads when
it starts. Leave empty what you do not know: it limits nothing."""

Ask = Callable[[str, Read], Any]  # None: not said


def init(argv: list[str]) -> int:
    parser = Parser("site init", _ABOUT)
    add = parser.add_argument
    add("--file", metavar="F", help="what to write (site.toml in the home)")
    add("--yes", action="store_true", help="ask nothing: write every field as a comment")
    add("--force", action="store_true", help="write over a file that is there")
    asked = parser.parse_args(argv)
    path = Path(asked.file).absolute() if asked.file else home_path() / "site.toml"
    if path.exists() and not asked.force:
        raise refusal("site.exists", path=path)
    said = Said() if asked.yes else _said(_ask)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_bytes(path, page(said).encode())
    except OSError as error:
        raise refusal("site.write", path=path, why=f"{error.strerror or error}.") from error
    say(f"written: {path}")
    note("The daemon reads it when it starts: tenfold down, then tenfold up.")
    return 0


def _ask(question: str, read: Read) -> Any:
    while True:
        sys.stderr.write(f"{question}: ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line.strip():
            if not line:
                note("")
            return None
        try:
            return read(line.strip())
        except ValueError as error:
            note(f"  {error}")


def _said(ask: Ask) -> Said:
    note("Leave empty what you do not know.")
    circuits = _circuits(ask)
    psu = _psu(ask)
    cooling = _cooling(ask)
    quiet = _quiet(ask)
    tariff, rows = _tariff(ask)
    return Said(_site(ask), circuits, psu, cooling, quiet, tariff, rows)


def _circuits(ask: Ask) -> tuple[Table, ...]:
    found: list[Table] = []
    while True:
        which = "another circuit" if found else "the circuit that the box is plugged into"
        volts = ask(f"Volts of {which} (120, 208, 230, 400)", answers.number(90, 480, "V"))
        if volts is None:
            return tuple(found)
        amps = ask("Amps of its breaker", answers.number(1, 400, "A"))
        if amps is None:
            _follows("without its amps a circuit says nothing; it is left out")
            continue
        circuit = {"name": "", "volts": volts, "amps": amps}
        circuit |= _given("phases", ask("Phases, 1 or 3 (1)", _phases))
        share = ask(f"The share that it may carry for hours ({CONTINUOUS})", answers.share(0.1))
        circuit |= _given("continuous", share)
        usual = f"circuit {len(found) + 1}"
        name = ask(f"What you call it ({usual})", _new_name([one["name"] for one in found]))
        found.append(circuit | {"name": name or usual})
        _follows(_circuit_words(circuit))


def _circuit_words(circuit: Table) -> str:
    share = circuit.get("continuous", CONTINUOUS)
    root, sign = (3**0.5, " x √3") if circuit.get("phases") == 3 else (1.0, "")
    volts, amps = circuit["volts"], circuit["amps"]
    watts = volts * amps * share * root
    return f"{volts:g} V x {amps:g} A{sign} x {share:g} = {watts:,.0f} W for hours"


def _psu(ask: Ask) -> Table:
    count = ask("Power supplies of the box", answers.whole(1, 64))
    if count is None:
        return {}
    watts = ask("Output of each, in watts", answers.watts)
    if watts is None:
        _follows("without their output they limit nothing; they are left out")
        return {}
    spare = ask("How many of them you want to be able to lose (0)", answers.whole(0, count - 1))
    wall_w = (count - (spare or 0)) * watts / EFFICIENCY
    left = f"{count - (spare or 0)} x {watts:g} W / {EFFICIENCY:g}"
    _follows(f"{left} = {wall_w:,.0f} W at the wall, at the usual efficiency")
    return {"count": count, "watts": watts} | _given("spare", spare)


def _cooling(ask: Ask) -> Table:
    kinds = ("room", "air-conditioner", "liquid", "ambient")
    kind = ask(f"What takes the heat away: {', '.join(kinds)}", answers.one_of(*kinds))
    if kind is None:
        return {}
    if kind == "liquid":
        return _liquid(ask)
    if kind == "ambient":
        ambient_c = ask("Degrees of the room while the box is off", answers.number(-40, 29, "C"))
        per_kw = ask("How many degrees warmer a kW makes it", answers.above_zero)
        if ambient_c is None or per_kw is None:
            _follows("without both it says nothing; it is left out")
            return {}
        _follows(f"(30 - {ambient_c:g}) / {per_kw:g} = {(30 - ambient_c) / per_kw:.1f} kW")
        return {"kind": kind, "ambient_c": ambient_c, "kelvin_per_kw": per_kw}
    takes = ask("How much heat it takes (3500 W, 12000 BTU/h)", answers.heat)
    if takes is None:
        return {"kind": kind}
    if "watts" not in takes:
        _follows(f"{takes['btu_h']:,g} BTU/h = {takes['btu_h'] / answers.BTU_H_PER_W:,.0f} W")
    return {"kind": kind, **takes}


def _liquid(ask: Ask) -> Table:
    share = ask("The share of the heat that goes into the loop (0.7)", answers.share(0.01))
    if share is None:
        _follows("without that share a loop says nothing; it is left out")
        return {}
    loop_w = ask("What its radiator or chiller takes, in watts", answers.watts)
    if loop_w is not None:
        _follows(f"{loop_w:,g} W / {share:g} = {loop_w / share:,.0f} W of the box")
    air = ask("How much heat the room takes beside it (3500 W, 12000 BTU/h)", answers.heat)
    return {"kind": "liquid", "heat_share": share} | _given("loop_watts", loop_w) | (air or {})


def _quiet(ask: Ask) -> tuple[Table, ...]:
    hours = ask("Quiet hours (22:00-07:00)", answers.hours)
    if hours is None:
        return ()
    watts = ask("The most watts in these hours", answers.watts)
    if watts is None:
        _follows("without watts they say nothing; they are left out")
        return ()
    days = ask("Days on which they begin, such as mon-fri (all)", answers.days)
    return ({**_given("days", days), "from": hours[0], "until": hours[1], "watts": watts},)


def _tariff(ask: Ask) -> tuple[Table, tuple[Table, ...]]:
    price = ask("Price of a kWh (0.31)", answers.price)
    if price is None:
        return {}, ()
    hours = ask("Hours with a price of their own (22:00-06:00)", answers.hours)
    other = None if hours is None else ask("Price of a kWh in these hours", answers.price)
    if hours is None or other is None:
        return {"price": price}, ()
    return {"price": price}, ({"from": hours[0], "until": hours[1], "price": other},)


def _site(ask: Ask) -> Table:
    told: Table = {}
    told |= _given("watts", ask("The most watts that you let the box draw", answers.watts))
    told |= _given("currency", ask("What your money is called (EUR, TWD)", answers.name))
    yearly_kwh = ask("The most kWh in a year", answers.above_zero)
    if yearly_kwh is not None:
        _follows(f"{yearly_kwh:,g} kWh a year = {yearly_kwh * 1000 / _YEAR_H:,.0f} W on average")
    told |= _given("yearly_kwh", yearly_kwh)
    cloud = ask("What a GPU costs for an hour elsewhere, to compare", answers.above_zero)
    told |= _given("cloud_gpu_hour", cloud)
    return told | _given("zone", ask("Time zone (this machine's)", answers.zone))


def _given(field: str, value: Any) -> Table:
    return {} if value is None else {field: value}


def _phases(said: str) -> int:
    if said not in ("1", "3"):
        raise ValueError("It takes 1 or 3.")
    return int(said)


def _new_name(taken: list[str]) -> Read:
    def read(said: str) -> str:
        if said in taken:
            raise ValueError("Another circuit has that name.")
        return str(answers.name(said))

    return read


def _follows(words: str) -> None:
    note(f"  {tint(words, DIM, sys.stderr)}")
