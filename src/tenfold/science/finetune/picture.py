"""One picture of a fine-tune: what it learned and what it forgot, and the loss on the way."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tenfold.science.plotting import figure_style

INK, FAINT, GRID = "#1d2433", "#8a93a6", "#e6e9ef"
LEARNED, OLD = "#2463a8", "#c8452f"

Curve = list[tuple[int, float]]


def draw(path: Path, curves: dict[str, Curve], figures: dict[str, Any]) -> None:
    """`curves`: `own` and `general` in bits a byte and `loss` in nats, each over steps."""
    figure_style()
    figure = Figure(figsize=(11.6, 4.9), dpi=150, facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(0.06, 0.93, _title(figures), fontsize=16, fontweight="bold", color=INK, va="center")
    grid = figure.add_gridspec(1, 3, left=0.06, right=0.975, bottom=0.125, top=0.79, wspace=0.26)
    own = "Your text, held out" if figures["own_is_held_out"] else "Your text"
    if figures["facts"]:
        own = "Facts, in a wording never trained"
    _bits(figure.add_subplot(grid[0, 0]), curves["own"], own, LEARNED, "")
    _bits(figure.add_subplot(grid[0, 1]), curves["general"], "Old text, held out", OLD, "forgotten")
    axes = figure.add_subplot(grid[0, 2])
    steps, loss = zip(*curves["loss"], strict=True)
    axes.plot(steps, loss, color=LEARNED, lw=1.6)
    axes.set_ylim(bottom=0)
    _plain(axes, "Training loss", f"ends at {loss[-1]:.2f}", "nats a token")
    figure.savefig(path)


def _title(figures: dict[str, Any]) -> str:
    replayed = f"{figures['replay']:.0%} replay" if figures["replay"] else "no replay"
    facts = ""
    if figures.get("exact") is not None:
        facts = f", {figures['exact']:.0%} of the facts known"
        facts += f" ({figures['exact_unseen']:.0%} in an unseen wording)"
    return f"{figures['method_words']}, {replayed}{facts}"


def _bits(axes: Any, curve: Curve, title: str, colour: str, verb: str) -> None:
    known = [(step, bits) for step, bits in curve if math.isfinite(bits)]
    if len(known) < 2:
        axes.text(0.5, 0.5, "nothing held out", ha="center", color=FAINT, transform=axes.transAxes)
        _plain(axes, title, "", "bits a byte")
        return
    steps, bits = zip(*known, strict=True)
    axes.axhline(bits[0], color=FAINT, lw=1.2, ls=(0, (5, 2.5)))
    axes.plot(steps, bits, color=colour, lw=2.2, marker="o", ms=4.5, mfc="white", mew=1.6)
    change = bits[-1] - bits[0]
    note = f"{bits[0]:.2f} to {bits[-1]:.2f}"
    if verb:
        note = f"{change:+.3f} {verb}" if change > 0 else f"nothing {verb}"
    # A hair of forgetting should not fill the picture, so the axis spans a fifth of a bit at least.
    middle, half = (min(bits) + max(bits)) / 2, max(max(bits) - min(bits), 0.2) * 0.65
    axes.set_ylim(max(middle - half, 0), middle + half)
    _plain(axes, title, note, "bits a byte")


def _plain(axes: Any, title: str, note: str, unit: str) -> None:
    axes.set_title(title, loc="left", fontsize=11.5, color=INK, pad=9)
    axes.set_title(note, loc="right", fontsize=9.5, color=FAINT, pad=9)
    axes.set_xlabel("step")
    axes.set_ylabel(unit)
    axes.set_xlim(left=0)
    axes.grid(color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(color=FAINT, labelcolor=INK, labelsize=9)
    for side, spine in axes.spines.items():
        spine.set_color(FAINT)
        spine.set_visible(side in ("left", "bottom"))
