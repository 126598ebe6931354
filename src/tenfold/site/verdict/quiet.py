"""What quiet hours leave of the box: watts, the cap a card, its speed, how many cards run."""

from __future__ import annotations

from dataclasses import dataclass

from tenfold.site.hours import span_words
from tenfold.site.noise import dba_of, watts_of
from tenfold.site.settings import Quiet, SiteConfig
from tenfold.site.verdict.cap import Cap, below, cap_within
from tenfold.site.verdict.drawing import Drawing
from tenfold.site.verdict.figure import Figure, computed, owned, unknown

NO_DB = "nobody publishes a noise level in dB for such a box: measure two points ([noise])"


@dataclass(frozen=True)
class QuietVerdict:
    hours: str
    dba: Figure  # the most that the owner bears
    allowed: Figure  # W of the box
    cap: Cap | None  # None: the watts are not known


@dataclass(frozen=True)
class Noise:
    at_worst: Figure  # dBA, by the owner's two points
    quiet: tuple[QuietVerdict, ...]


def noise(config: SiteConfig, drawing: Drawing) -> Noise:
    worst_w = drawing.worst_w() if drawing.known else None
    at_worst = None
    if worst_w and config.noise:
        at_worst = dba_of(worst_w, config.noise)
    return Noise(
        at_worst=computed(at_worst, "dBA", "the line through the two points of noise", NO_DB),
        quiet=tuple(_quiet(row, config, drawing) for row in config.quiet),
    )


def _quiet(row: Quiet, config: SiteConfig, drawing: Drawing) -> QuietVerdict:
    allowed = _allowed(row, config)
    cap = None
    if allowed.value is not None and drawing.known:
        cap = cap_within(drawing, allowed, below(allowed.value))
    return QuietVerdict(span_words(row.span), owned(row.dba, "dBA", "[[quiet]]"), allowed, cap)


def _allowed(row: Quiet, config: SiteConfig) -> Figure:
    if row.watts is not None:
        return owned(row.watts, "W", "[[quiet]]")
    if row.dba is None or not config.noise:
        return unknown("W", NO_DB)
    how = f"{row.dba:g} dBA on the line through the two points of noise"
    return computed(watts_of(row.dba, config.noise), "W", how)
