"""The claims about the place: its watts, its prices, and what is said of it."""

from __future__ import annotations

from typing import Any

from claim import Claim

CIRCUIT_ROWS = (
    ("as it arrives", "Tenfold's caps"),
    ("as it arrives", "250 W on every card"),
    ("ready at zero", "Tenfold's caps"),
    ("ready at zero", "250 W on every card"),
)


def _circuit(found: dict[str, Any], asked: str, policy: str) -> str:
    row = found[asked][policy]
    name = policy if asked == "as it arrives" else f"ready, {policy}"
    met = f", {row['deadlines_met']} of {row['deadlines']}" if row["deadlines"] else ""
    return f"{name}: {100 * row['longer']:+.1f} %, {row['kwh']:.0f} kWh{met}"


def _tariff(found: dict[str, Any]) -> str:
    told = found["tariff"]
    rows = (
        f"{name}: {told[name]['cost']:.0f}, {told[name]['cost_above_idle']:.0f},"
        f" {told[name]['deadlines_met']} of {told[name]['deadlines']}"
        for name in ("cheap", "at any time")
    )
    return "; ".join(rows)


def _replay(found: dict[str, Any]) -> str:
    caught = sum(1 for one in found["planted"].values() if one["wrong"])
    return (
        f"{found['patterns']} patterns: {found['over_ws']:.0f} and {found['late_ws']:.0f} W s,"
        f" {found['breaker'] / 1.05**2:.2f}, {caught} of {len(found['planted'])}"
    )


def _verdict(found: dict[str, Any]) -> str:
    return f"{found['within_10_percent']} of {found['checked']}, {found['explained']} explained"


SITE_CLAIMS = (
    Claim(
        "Random arrivals and faults on ten cards, judged by a program that knows nothing of"
        " Tenfold: watt-seconds over the steps of the clock, and after a fault's grace; heat of a"
        " breaker over where it trips; faults planted in the controller that are caught",
        "none, none, below 1, all",
        "make bench-replay",
        "replay.json",
        _replay,
        lambda found: (
            found["over_ws"] == found["late_ws"] == 0
            and all(one["wrong"] for one in found["planted"].values())
        ),
        again="replay.py --patterns 60 --planted 70",
        modelled=True,
    ),
    Claim(
        "The owner's week on one circuit of 208 V and 30 A, beside the same without a limit: how"
        " much longer, energy, deadlines; with 250 W on every card; and with all jobs ready at"
        " zero",
        "at most 3 % longer as it arrives, at fewer kWh",
        "make bench-site-week",
        "site_week.json",
        lambda found: "; ".join(_circuit(found["circuit"], *one) for one in CIRCUIT_ROWS),
        lambda found: (
            found["circuit"]["as it arrives"]["Tenfold's caps"]["longer"] <= 0.03
            and found["circuit"]["as it arrives"]["Tenfold's caps"]["kwh_over"] < 0
        ),
        again="site_week.py",
        modelled=True,
    ),
    Claim(
        "The owner's week at three prices a day, in cheap hours beside any time: cost, cost above"
        " the idle box, deadlines met",
        "the same deadlines",
        "make bench-site-week",
        "site_week.json",
        _tariff,
        lambda found: (
            found["tariff"]["cheap"]["deadlines_met"]
            >= found["tariff"]["at any time"]["deadlines_met"]
        ),
        again="site_week.py",
        modelled=True,
    ),
    Claim(
        "The verdict's arithmetic beside published figures: those within 10 %, those explained",
        "all",
        "make bench-verdict",
        "verdict.json",
        _verdict,
        lambda found: not found["unexplained"],
        again="verdict.py",
        modelled=True,
    ),
)
