"""A sweep recovers the curve of a simulated card through noise and drift; what cannot be, fails."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tenfold.science.power_sweep import Sweep, Taken, caps, order, swept, take

HIGHEST_W = 350.0


def true_speed(cap_w: float) -> float:
    """Falls slowly, then fast."""
    return 1.0 - 0.9 * (1.0 - cap_w / HIGHEST_W) ** 2


@dataclass
class SimulatedCard:
    """Its own clock: a piece of work takes as long as the card is slow. Draws 95 % of its limit."""

    limit_w: float = HIGHEST_W
    noise: float = 0.0
    drift_a_s: float = 0.0  # of its speed
    counter: bool = True
    now_s: float = 0.0
    spent_j: float = 1e6

    def __post_init__(self) -> None:
        self._random = random.Random(3)

    def clock(self) -> float:
        return self.now_s

    def work(self) -> float:
        speed = true_speed(self.limit_w) * (1.0 + self.drift_a_s * self.now_s)
        took_s = 0.1 / speed * (1.0 + self._random.gauss(0.0, self.noise))
        self.now_s += took_s
        self.spent_j += 0.95 * self.limit_w * took_s
        return 70.0

    def energy_j(self) -> float | None:
        return self.spent_j if self.counter else None

    def power_w(self) -> float | None:
        return 0.95 * self.limit_w


def swept_over(card: SimulatedCard, points: int = 7, seconds: float = 8.0) -> Sweep:
    taken = []
    for cap_w in order(caps(150.0, HIGHEST_W, points), seed=1):
        card.limit_w = cap_w
        taken.append(take(card.work, card, cap_w, seconds, 2.0, card.clock))
    return swept("compute", taken)


def largest_error(sweep: Sweep, true: Callable[[float], float] = true_speed) -> float:
    return max(abs(point.speed - true(point.cap_w)) for point in sweep.points)


def test_a_quiet_card_is_recovered() -> None:
    sweep = swept_over(SimulatedCard())
    assert [point.cap_w for point in sweep.points] == [150, 183, 217, 250, 283, 317, 350]
    assert largest_error(sweep) < 1e-9
    assert sweep.points[-1].speed == 1.0 and abs(sweep.drift) < 1e-9
    assert sweep.points[-1].rate == pytest.approx(700.0)
    for point in sweep.points:
        assert point.watts == pytest.approx(0.95 * point.cap_w)


@pytest.mark.parametrize("counter", [True, False])
def test_noise_and_drift(counter: bool) -> None:
    """5 % from piece to piece, and a card that loses 4 % on the way: within two hundredths."""
    card = SimulatedCard(noise=0.05, drift_a_s=-0.04 / 80, counter=counter)
    sweep = swept_over(card)
    assert largest_error(sweep) < 0.02
    assert sweep.drift == pytest.approx(-0.04, abs=0.015)
    assert sweep.points[0].watts == pytest.approx(0.95 * 150, rel=0.01)


def test_without_the_line_between_first_and_last_the_drift_would_bend_the_curve() -> None:
    card = SimulatedCard(drift_a_s=-0.1 / 80)
    taken = []
    for cap_w in order(caps(150.0, HIGHEST_W, 7), seed=1):
        card.limit_w = cap_w
        taken.append(take(card.work, card, cap_w, 8.0, 2.0, card.clock))
    plain = [abs(one.rate / taken[0].rate - true_speed(one.cap_w)) for one in taken]
    assert max(plain) > 0.05
    assert largest_error(swept("compute", taken)) < 0.005


def test_a_drift_shows() -> None:
    assert swept_over(SimulatedCard(drift_a_s=0.08 / 80)).drift == pytest.approx(0.08, abs=0.02)


def test_what_is_done_to_warm_up_is_not_seen() -> None:
    card = SimulatedCard()

    def work() -> float:
        return card.work() * (5.0 if card.now_s < 2.0 else 1.0)

    assert take(work, card, 350.0, 4.0, 2.0, card.clock).rate == pytest.approx(700.0)
    card = SimulatedCard()
    assert take(work, card, 350.0, 4.0, 0.0, card.clock).rate > 1500.0


def test_limits_lie_evenly_and_apart() -> None:
    assert caps(200.0, 350.0, 7) == (200, 225, 250, 275, 300, 325, 350)
    assert caps(203.0, 350.0, 3) == (203, 276, 350)
    assert caps(320.0, 350.0, 7) == (320, 330, 340, 350)
    with pytest.raises(ValueError, match="no two limits"):
        caps(345.0, 350.0, 7)


def test_the_highest_limit_comes_first_and_last_and_the_order_is_fixed() -> None:
    limits = caps(200.0, 350.0, 7)
    found = order(limits, seed=1)
    assert found[0] == found[-1] == 350.0
    assert sorted(found[:-1]) == list(limits)
    assert found == order(tuple(reversed(limits)), seed=1) != order(limits, seed=2)
    assert list(found[1:-1]) not in (sorted(found[1:-1]), sorted(found[1:-1], reverse=True))


def test_a_card_that_tells_no_watts() -> None:
    class Silent(SimulatedCard):
        def power_w(self) -> float | None:
            return None

    with pytest.raises(ValueError, match="neither its energy nor its watts"):
        take(Silent(counter=False).work, Silent(counter=False), 350.0, 1.0, 0.0, ticking())
    stuck = SimulatedCard()  # its counter stands still
    with pytest.raises(ValueError, match="neither"):
        take(lambda: 1.0, stuck, 350.0, 1.0, 0.0, ticking())


def ticking() -> Callable[[], float]:
    now = [0.0]

    def clock() -> float:
        now[0] += 0.1
        return now[0]

    return clock


def test_a_sweep_that_does_not_end_where_it_began() -> None:
    taken = [Taken(350.0, 1.0, 1.0, 300.0), Taken(200.0, 2.0, 0.8, 190.0)]
    with pytest.raises(ValueError, match="begins and ends at the highest"):
        swept("compute", taken)
