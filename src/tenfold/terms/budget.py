"""What the site allows over time: steps of (start, watts, price), and what hours they are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BudgetStep:
    start_s: float  # seconds since the epoch
    watts: float  # the most the whole box may draw; inf where the site sets no limit
    price_kwh: float | None = None  # money per kWh, in the owner's currency
    night: bool = False
    quiet: bool = False  # the owner has asked for quiet hours here
    why: str = ""  # what sets the watts: `circuit`, `quiet hours`


@dataclass(frozen=True)
class Budget:
    steps: tuple[BudgetStep, ...]  # by start; the last one holds for ever

    def at(self, at_s: float) -> BudgetStep:
        current = self.steps[0]
        for step in self.steps:
            if step.start_s > at_s:
                break
            current = step
        return current

    def watts_at(self, at_s: float) -> float:
        return self.at(at_s).watts

    def lowest_w(self, from_s: float, until_s: float) -> float:
        """The tightest step that touches [from_s, until_s]."""
        within = [s.watts for s in self.steps if from_s < s.start_s < until_s]
        return min([self.watts_at(from_s), *within])
