"""The verdict's arithmetic against published figures. `figures()`.

Each check names what was published, what `tenfold site` reckons, and how far apart they are; within
10 % or explained, else the exit status is 1. Where our figure is made from the published one, the
check is marked `derived`: it shows that nothing went wrong on the way, and proves nothing more.
Published: DGX H100/H200 user guide; ServeTheHome on the SYS-521GE-TNRT; arXiv 2506.14551; HP, Power
basics for IT professionals, table 4. The published figures are typed off anew here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.kept import keep

from tenfold.hardware.declared import box
from tenfold.site.settings import Circuit, SiteConfig
from tenfold.site.verdict.air import airflow_cfm
from tenfold.site.verdict.verdict import Verdict, verdict
from tenfold.site.verdict.wall import COMMON

NEAR = 0.10
DGX_W, DGX_CFM, DGX_KG, DGX_BTU_H = 10_200.0, 1_105.0, 130.45, 38_557.0
DGX_MEASURED_W = 0.76 * DGX_W  # eight H100 at training
STH_W = (4_300.0, 5_000.0)  # at the wall, eight cards of 350 W
STH_CARDS_W = 8 * 350.0
NEC_KVA = {
    "120 V 20 A": 1.92,
    "120 V 30 A": 2.88,
    "240 V 20 A": 3.84,
    "240 V 30 A": 5.76,
    "240 V 40 A": 7.68,
    "240 V 50 A": 9.6,
    "208 V 30 A": 4.99,
    "208 V three-phase 20 A": 5.76,
    "208 V three-phase 30 A": 8.65,
    "208 V three-phase 60 A": 17.3,
}


def figures() -> dict[str, Any]:
    checks = [*_dgx(), *_ten_cards(), *_circuits()]
    return {
        "checks": checks,
        "checked": len(checks),
        "independent": sum(not one["derived"] for one in checks),
        "within_10_percent": sum(one["within"] for one in checks),
        "explained": sum(not one["within"] and bool(one["why"]) for one in checks),
        "unexplained": [one["what"] for one in checks if not one["within"] and not one["why"]],
        "furthest_independent": max(
            abs(one["off"]) for one in checks if not one["derived"] and one["within"]
        ),
    }


def _dgx() -> Iterator[dict[str, Any]]:
    found = _of("8xH100-SXM")
    air, power = found.air, found.power
    yield _check(
        "DGX H100: watts at worst",
        power.worst.value,
        DGX_W,
        "W",
        derived=True,
        why="host and fans are the rating less eight cards of 700 W, so this cannot differ",
    )
    cards_w = (power.typical.value or 0.0) - (power.host.value or 0.0)
    host_w = DGX_MEASURED_W - cards_w
    yield _check(
        "DGX H100: watts at training, against the measured 76 % of its rating",
        power.typical.value,
        DGX_MEASURED_W,
        "W",
        why="host and fans are counted as at worst, 4600 W, since no source tells them at work;"
        f" by the same curve the measurement leaves {host_w:.0f} W for them. The verdict errs to"
        " the safe side.",
    )
    other_w = 8 * 700.0 + STH_W[1] - STH_CARDS_W
    yield _check(
        "DGX H100: eight cards at 700 W with host and fans of the ten-card chassis, against the"
        " measured 76 %",
        other_w,
        DGX_MEASURED_W,
        "W",
        why="made of parts, without the rating: cards at their limit, another chassis' host; it"
        " says that the order is right, not more",
    )
    yield _check(
        "DGX H100: airflow at a rise of 15 K",
        air.airflow.value,
        DGX_CFM,
        "CFM",
        why="the guide tells it for fans at 80 %; at its airflow the rise is"
        f" {air.rise_published.value:.1f} K",
    )
    yield _check(
        "airflow of 5.35 kW at 15 K, against the facts' own sum",
        airflow_cfm(5350, 15),
        626,
        "CFM",
        derived=True,
        why="the same formula",
    )
    yield _check(
        "DGX H100: heat, against 10.2 kW in BTU/h",
        air.heat_worst.value,
        34_802,
        "BTU/h",
        derived=True,
        why="the same watts times 3.412",
    )
    yield _check(
        "DGX H100: heat, as its guide states it",
        air.heat_worst.value,
        DGX_BTU_H,
        "BTU/h",
        why=f"the guide contradicts itself: {DGX_BTU_H:.0f} BTU/h are {DGX_BTU_H / 3412:.1f} kW,"
        " more than the 10.2 kW of its rating; heat is reckoned from watts",
    )
    yield _check(
        "DGX H100: weight",
        found.build.weight.value,
        DGX_KG,
        "kg",
        derived=True,
        why="copied from the guide",
    )


def _ten_cards() -> Iterator[dict[str, Any]]:
    found = _of("8xH100-PCIe")
    yield _check(
        "ten-card chassis with eight cards of 350 W: watts at worst, against the upper end",
        found.power.worst.value,
        STH_W[1],
        "W",
        derived=True,
        why="host and fans are that upper end less the cards, so this cannot differ",
    )
    yield _check(
        "ten-card chassis with eight cards of 350 W: typical watts, against the middle of 4.3 to"
        " 5 kW",
        found.power.typical.value,
        sum(STH_W) / 2,
        "W",
        derived=True,
        why="host and fans are from the upper end; only the cards' draw, the curve's, is not",
    )
    yield _check(
        "the same, against the lower end",
        found.power.typical.value,
        STH_W[0],
        "W",
        derived=True,
        why="the verdict keeps to the upper end of what was seen",
    )


def _circuits() -> Iterator[dict[str, Any]]:
    rest = Circuit("208 V three-phase 20 A", 208, 20, phases=3)  # not in the page's own table
    ours = {circuit.name: circuit.watts / 1000.0 for circuit in (*COMMON, rest)}
    for name, kva in NEC_KVA.items():
        yield _check(f"{name} for hours (NEC)", ours[name], kva, "kVA")


def _of(name: str) -> Verdict:
    return verdict(box(name), SiteConfig())


def _check(
    what: str,
    ours: float | None,
    published: float,
    unit: str,
    derived: bool = False,
    why: str = "",
) -> dict[str, Any]:
    assert ours is not None, what
    off = ours / published - 1.0
    return {
        "what": what,
        "ours": round(ours, 3),
        "published": published,
        "unit": unit,
        "off": round(off, 4),
        "within": abs(off) <= NEAR,
        "derived": derived,
        "why": why,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="JSON file, instead of the kept one")
    asked = parser.parse_args()
    found = figures()
    keep("verdict", found, asked.out)
    return 1 if found["unexplained"] else 0


if __name__ == "__main__":
    sys.exit(main())
