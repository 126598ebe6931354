"""From the owner's settings, a reading and the clock to the budget's steps.

One step for now: the limit in watts, for ever. Circuits, heat, quiet hours and tariffs add steps;
the reading is there for those that depend on what is measured.
"""

from __future__ import annotations

from tenfold.site.config import SiteConfig
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.reading import Reading


def budget(config: SiteConfig, reading: Reading, now: float) -> Budget:
    """What the site allows from `now` (seconds since the epoch) on."""
    return Budget((BudgetStep(now, config.watts, config.price_kwh),))
