"""`tenfold energy`: kWh and money by day, job or workload, and what the cloud would have taken."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import say, say_json
from tenfold.cli.words import NOT_AVAILABLE, duration, one_line
from tenfold.client.call import Api
from tenfold.client.home import home_path

SHOWN = 20  # rows; --json has a thousand
_TOGETHER = {"jobs": "all jobs", "idle": "idle cards", "host": "host", "total": "total"}

_ABOUT = """\
What was drawn, and what it cost at the price of its hour: by job, by workload or, as it stands here
without --by, by day. Idle cards and the host count as well, but for no job."""


def energy(argv: list[str]) -> int:
    parser = with_json(Parser("energy", _ABOUT))
    add = parser.add_argument
    add("--days", type=int, default=30, metavar="N", help="today and the days before it (30)")
    add("--by", choices=("day", "job", "workload"), default="day", help="what a row is (day)")
    asked = parser.parse_args(argv)
    answer = Api(home_path()).get("/api/energy", days=asked.days, by=asked.by)
    if asked.json:
        say_json(answer)
        return 0
    if not answer["rows"] and answer["total"]["kwh"] is None:
        say("Nothing was counted in these days.")
    else:
        _show(answer)
    return 0


def energy_words(energy: dict[str, Any]) -> str:
    """`0.84 kWh, 0.26 EUR, modelled`; empty where nobody knows."""
    if energy["kwh"] is None:
        return ""
    cost = "" if energy["money"] is None else f", {_money(energy['money'], energy['currency'])}"
    basis = _basis(energy)
    return f"{_kwh(energy['kwh'])} kWh{cost}{'' if basis == 'counter' else f', {basis}'}"


def _show(answer: dict[str, Any]) -> None:
    from tenfold.cli.draw import cells, console, table

    by, currency = answer["by"], answer["currency"]
    shown = answer["rows"][-SHOWN:] if by == "day" else answer["rows"][:SHOWN]
    right = ("kWh", "cost", "GPU hours", "in the cloud")
    drawn = table(f"  {by}", *right, "known by", right=right, cut=(f"  {by}",))
    rows = [(_name(by, row), row) for row in shown]
    for name, view in [*rows, *((words, answer[key]) for key, words in _TOGETHER.items())]:
        drawn.add_row(
            *cells(
                f"  {name}",
                NOT_AVAILABLE if view["kwh"] is None else _kwh(view["kwh"]),
                _money(view["money"], currency),
                f"{view['gpu_hours']:.1f}",
                _money(view["cloud_money"], currency),
                _basis(view),
            ),
            end_section=view is shown[-1] if shown else False,
        )
    console().print(drawn)
    for line in _notes(answer, len(answer["rows"]) - len(shown)):
        say(f"  {line}")


def _name(by: str, row: dict[str, Any]) -> str:
    return one_line(f"{row['job']} {row['name']}") if by == "job" else str(row[by])


def _notes(answer: dict[str, Any], hidden: int) -> Iterator[str]:
    if hidden + answer["left_out"] > 0:
        yield f"{hidden + answer['left_out']} more: tenfold energy --by {answer['by']} --json"
    prices, currency = answer["prices"], answer["currency"]
    if prices is None:
        yield "No price of a kWh is known: price_kwh in site.toml."
    else:
        mean, low, high = (prices[name] for name in ("mean", "lowest", "highest"))
        between = "" if high - low < 5e-5 else f" (from {_price(low)} to {_price(high)})"
        yield f"A kWh cost {_price(mean)}{between} {currency}".rstrip() + "."
        priced = answer["total"]["priced"]
        if priced is not None and priced < 0.995:
            yield f"Money is for {priced:.0%} of the kWh: of the rest no price is known."
    jobs = answer["jobs"]
    if jobs["cloud_money"] is not None:
        yield (
            f"The same {jobs['gpu_hours']:.1f} GPU hours in the cloud: "
            f"{_money(jobs['cloud_money'], currency)} at {answer['cloud_gpu_hour']:g} an hour."
        )
    elif jobs["gpu_hours"]:
        yield "What the cloud would take is not known: cloud_gpu_hour in site.toml."
    for name in ("jobs", "idle", "host"):
        unknown_s = answer[name]["unknown_hours"] * 3600
        if unknown_s >= 1.0:
            told = f"Not counted: {duration(unknown_s)} of {_TOGETHER[name]}"
            help = " (host_watts in site.toml)" if name == "host" else ""
            yield f"{told}, whose watts nobody could tell{help}."


def _basis(view: dict[str, Any]) -> str:
    """`counter`, or the shares of what is known in several ways."""
    known = {name: kwh for name, kwh in view["basis"].items() if kwh > 0}
    if not known:
        return str(next(iter(view["basis"]), ""))
    if len(known) == 1:
        return str(next(iter(known)))
    whole = sum(known.values())
    most = sorted(known, key=lambda name: -known[name])
    return ", ".join(f"{name} {known[name] / whole:.0%}" for name in most)


def _kwh(kwh: float) -> str:
    """Three digits, so that a short job is not 0."""
    if kwh >= 100:
        return f"{kwh:,.0f}".replace(",", " ")
    if kwh == 0:
        return "0"
    digits = max(1, 2 - math.floor(math.log10(kwh)))
    return f"{kwh:.{digits}f}"


def _money(money: float | None, currency: str) -> str:
    if money is None:
        return NOT_AVAILABLE
    digits = 2 if abs(money) >= 0.995 or money == 0 else 4
    return f"{money:,.{digits}f} {currency}".replace(",", " ").rstrip()


def _price(price: float) -> str:
    return f"{float(f'{price:.4g}'):g}"
