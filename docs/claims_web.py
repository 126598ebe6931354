"""The claims about the dashboard, measured in a real browser."""

from __future__ import annotations

from typing import Any

from claim import Claim

COMMAND, FILE = "make bench-dashboard", "dashboard.json"
AGAIN = "dashboard.py --quick"


def _painted(found: dict[str, Any]) -> str:
    pages = found["pages"]
    cold = [page["cold"]["painted_ms"] for page in pages.values()]
    weights = [page["cold"]["kib"] for page in pages.values()]
    first = pages["/"]
    return (
        f"{first['cold']['painted_ms']:.0f} ms, {first['warm']['painted_ms']:.0f} ms with a warm"
        f" cache; the slowest of {len(pages)} pages {max(cold):.0f} ms;"
        f" {min(weights):.0f} to {max(weights):.0f} KiB"
    )


def _live(found: dict[str, Any]) -> str:
    told = found["live"]
    rows = (("Box", told["/"]), ("Queue", told["/queue"]))
    return "; ".join(f"{name}: {r['median_ms']} and {r['worst_ms']} ms" for name, r in rows)


def _cost(found: dict[str, Any]) -> str:
    cost = found["cost"]
    return (
        f"{100 * cost['core_share_with_five_pages']:.1f} % of a core,"
        f" {100 * cost['core_share_without_pages']:.1f} % without pages"
    )


def _memory(found: dict[str, Any]) -> str:
    memory = found["memory"]
    return (
        f"{memory['first_mib']:.0f} to {memory['last_mib']:.0f} MiB,"
        f" {memory['slope_of_second_half_mib_per_min']:.3f} MiB/min in the second half"
    )


WEB_CLAIMS = (
    Claim(
        "The dashboard of ten cards with 70 slices in use and 1,000 jobs, in a browser: until the"
        " first page is painted with empty caches; page weight over the wire",
        "1 s",
        COMMAND,
        FILE,
        _painted,
        lambda found: found["pages"]["/"]["cold"]["painted_ms"] < 1000,
        again=AGAIN,
    ),
    Claim(
        "The same box: from a change of a job until the page shows it, median and worst of 20",
        "500 ms in the median",
        COMMAND,
        FILE,
        _live,
        lambda found: all(one["median_ms"] < 500 for one in found["live"].values()),
        again=AGAIN,
    ),
    Claim(
        "CPU time of the daemon with five pages open and ten jobs that log ten metrics a second",
        "10 % of a core",
        COMMAND,
        FILE,
        _cost,
        lambda found: found["cost"]["core_share_with_five_pages"] < 0.1,
        again=AGAIN,
    ),
    Claim(
        "Memory of the daemon over ten minutes at six times that rate, five pages open",
        "flat: below 0.1 MiB/min in the second half",
        COMMAND,
        FILE,
        _memory,
        lambda found: found["memory"]["slope_of_second_half_mib_per_min"] < 0.1,
        again=AGAIN,
    ),
)
