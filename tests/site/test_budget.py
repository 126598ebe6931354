"""From settings to the budget's steps."""

from __future__ import annotations

import math

from tenfold.site.budget import budget
from tenfold.site.config import SiteConfig
from tenfold.terms.reading import Reading

READING = Reading(1000.0, ())


def test_the_limit_holds_from_now_for_ever() -> None:
    steps = budget(SiteConfig(3000.0, 0.3), READING, 1000.0)
    assert [(s.start_s, s.watts, s.price_kwh) for s in steps.steps] == [(1000.0, 3000.0, 0.3)]
    assert steps.watts_at(1000.0) == steps.watts_at(1e12) == 3000.0
    assert steps.lowest_w(1000.0, math.inf) == 3000.0


def test_without_a_limit_everything_is_allowed() -> None:
    assert budget(SiteConfig(), READING, 1000.0).lowest_w(1000.0, math.inf) == math.inf
