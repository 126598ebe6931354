"""The default curves against the traces that they were taken from."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from statistics import median

import pytest

from tenfold.hardware.curves import COMPUTE, CURVES, DECODE, LIGHT
from tenfold.terms.curve import Curve

DATA = Path(__file__).parents[2] / "benchmarks" / "data"
CARDS = {"zeus_power_v100.csv": 250.0, "zeus_power_a40.csv": 300.0}
HEAVY = 0.7  # of the highest limit that heavy work draws when nothing holds it down

Points = dict[float, tuple[float, float]]  # limit -> (s an epoch, W)


def traces(name: str, heavy: bool) -> list[Points]:
    found: dict[tuple[str, ...], Points] = defaultdict(dict)
    with open(DATA / name, newline="") as file:
        for row in csv.DictReader(file):
            key = tuple(row[one] for one in ("dataset", "network", "batch_size", "optimizer"))
            point = (float(row["time_per_epoch"]), float(row["average_power"]))
            found[key][float(row["power_limit"])] = point
    most_w = CARDS[name]
    whole = [one for one in found.values() if most_w in one]
    return [one for one in whole if (one[most_w][1] > HEAVY * most_w) is heavy]


def medians(name: str, heavy: bool, what: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(limits, medians) as shares of the highest limit."""
    most_w, by_limit = CARDS[name], defaultdict[float, list[float]](list)
    for one in traces(name, heavy):
        for limit_w, (epoch_s, watts) in one.items():
            value = one[most_w][0] / epoch_s if what == "speed" else watts / most_w
            by_limit[limit_w / most_w].append(value)
    limits = tuple(sorted(by_limit))
    return limits, tuple(median(by_limit[limit]) for limit in limits)


def at(points: tuple[tuple[float, ...], tuple[float, ...]], share: float) -> float:
    limits, values = points
    for n in range(1, len(limits)):
        if share <= limits[n] + 1e-9:
            part = (share - limits[n - 1]) / (limits[n] - limits[n - 1])
            return values[n - 1] + part * (values[n] - values[n - 1])
    return values[-1]


@pytest.mark.parametrize(("curve", "heavy"), [(COMPUTE, True), (LIGHT, False)])
def test_a_curve_is_the_slower_and_hungrier_card_of_the_traces(curve: Curve, heavy: bool) -> None:
    for cap, speed, draw in zip(curve.caps, curve.speeds, curve.draws, strict=True):
        speeds = [at(medians(name, heavy, "speed"), cap) for name in CARDS]
        draws = [at(medians(name, heavy, "draw"), cap) for name in CARDS]
        # Medians of few jobs rise and fall by a hundredth: speeds are made to rise only.
        assert speed == pytest.approx(min(speeds), abs=0.02)
        assert draw == pytest.approx(max(draws), abs=0.005)


def test_at_seventy_percent_work_is_eight_percent_slower_and_takes_a_fifth_less_energy() -> None:
    assert 1 - COMPUTE.speed(0.7) == pytest.approx(0.08, abs=0.01)
    energy = COMPUTE.draw(0.7) / COMPUTE.speed(0.7) / COMPUTE.draw(1.0)
    assert 1 - energy == pytest.approx(0.19, abs=0.01)


@pytest.mark.parametrize("curve", CURVES)
def test_curves_rise_and_end_at_one(curve: Curve) -> None:
    assert curve.caps[-1] == curve.speeds[-1] == 1.0
    assert list(curve.caps) == sorted(curve.caps)
    assert list(curve.speeds) == sorted(curve.speeds)
    for share in (0.0, 0.1, 0.35, 0.58, 0.9, 1.0):
        assert 0.0 <= curve.draw(share) <= share + 1e-12


def test_between_points_lies_a_line_and_below_them_one_to_nothing() -> None:
    assert COMPUTE.speed(0.65) == pytest.approx((0.853 + 0.914) / 2)
    assert COMPUTE.speed(0.2) == pytest.approx(COMPUTE.speeds[0] / 2)
    assert COMPUTE.speed(0.0) == 0.0
    assert COMPUTE.speed(1.5) == 1.0
    assert DECODE.speed(0.58) == 1.0
