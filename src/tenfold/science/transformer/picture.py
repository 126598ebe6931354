"""One picture of a training run: bits a byte of held-out text against the bigram, and the loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from tenfold.science.plotting import figure_style

INK = "#1d2433"
FAINT = "#8a93a6"
GRID = "#e6e9ef"
OURS = "#2463a8"
BASELINE = "#c8452f"


def draw(path: Path, curves: dict[str, list[tuple[int, float]]], figures: dict[str, Any]) -> None:
    """Write a PNG from `Pretraining.curves()` and the figures of `finish()`."""
    figure_style()
    figure = Figure(figsize=(11.6, 4.9), dpi=150, facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(
        0.06,
        0.93,
        f"{_short(figures['parameters'])} parameters learn from {_short(figures['tokens'])} tokens",
        fontsize=16,
        fontweight="bold",
        color=INK,
        va="center",
    )
    grid = figure.add_gridspec(
        1, 2, left=0.06, right=0.975, bottom=0.125, top=0.79, wspace=0.17, width_ratios=[1.25, 1]
    )
    _held_out(figure.add_subplot(grid[0, 0]), curves["bits_per_byte"], figures)
    _loss(figure.add_subplot(grid[0, 1]), curves["loss"])
    figure.savefig(path)


def _held_out(axes: Any, curve: list[tuple[int, float]], figures: dict[str, Any]) -> None:
    tokens, bits = np.array(curve, dtype=float).T
    bigram, ours = figures["bigram_bits_per_byte"], figures["bits_per_byte"]
    axes.axhline(bigram, color=BASELINE, lw=1.6, ls=(0, (5, 2.5)))
    axes.fill_between(tokens, bits, bigram, where=bits <= bigram, color=OURS, alpha=0.08, lw=0)
    axes.plot(tokens, bits, color=OURS, lw=2.2, marker="o", ms=4.5, mfc="white", mew=1.6)
    low, high = min(bits.min(), bigram), max(bits.max(), bigram)
    axes.set_ylim(low - 0.12 * (high - low), high + 0.1 * (high - low))
    axes.annotate(
        f"smoothed bigram {bigram:.3f}",
        (0.985, bigram),
        xycoords=("axes fraction", "data"),
        xytext=(0, 5),
        textcoords="offset points",
        ha="right",
        color=BASELINE,
        fontsize=9.5,
    )
    axes.annotate(
        f"{ours:.3f}",
        (tokens[-1], bits[-1]),
        xytext=(0, -15),
        textcoords="offset points",
        ha="right",
        color=OURS,
        fontsize=11,
        fontweight="bold",
    )
    axes.set_title("Held-out text", loc="left", fontsize=11.5, color=INK, pad=9)
    below = 1 - ours / bigram
    _note(axes, f"{abs(below):.0%} {'below' if below >= 0 else 'above'} the bigram")
    axes.set_ylabel("bits a byte")
    _plain(axes)


def _loss(axes: Any, curve: list[tuple[int, float]]) -> None:
    tokens, loss = np.array(curve, dtype=float).T
    axes.plot(tokens, loss, color=OURS, lw=1.0, alpha=0.35)
    axes.plot(tokens, _smooth(loss), color=OURS, lw=2.0)
    axes.set_title("Training text", loc="left", fontsize=11.5, color=INK, pad=9)
    _note(axes, f"ends at {_smooth(loss)[-1]:.2f}")
    axes.set_ylabel("nats a token")
    _plain(axes)


def _smooth(values: Any, share: float = 0.04) -> Any:
    """A running mean over `share` of the row, narrower at its ends."""
    half = max(int(len(values) * share), 1)
    return np.array([values[max(i - half, 0) : i + half + 1].mean() for i in range(len(values))])


def _note(axes: Any, text: str) -> None:
    axes.set_title(text, loc="right", fontsize=9.5, color=FAINT, pad=9)


def _plain(axes: Any) -> None:
    axes.set_xlabel("tokens seen")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axes.grid(color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(color=FAINT, labelcolor=INK, labelsize=9)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    for side, spine in axes.spines.items():
        spine.set_color(FAINT)
        spine.set_visible(side in ("left", "bottom"))


def _short(value: float) -> str:
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {letter}"
    return f"{value:.0f}"
