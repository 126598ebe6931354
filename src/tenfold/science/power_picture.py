"""One picture of a card's curves: speed, and what it draws, against its power limit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from tenfold.science.plotting import figure_style
from tenfold.science.power_sweep import Sweep

INK = "#1d2433"
FAINT = "#8a93a6"
GRID = "#e6e9ef"
COLOURS = {"compute": "#c8452f", "decode": "#2463a8", "light": "#3d9e9b"}


def draw(path: Path, model: str, sweeps: Sequence[Sweep]) -> None:
    """Write a PNG. Limits and draw in watts."""
    figure_style()
    figure = Figure(figsize=(11.6, 4.9), dpi=150, facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(
        0.06, 0.93, f"{model} under a power limit", fontsize=16, fontweight="bold", color=INK
    )
    grid = figure.add_gridspec(1, 2, left=0.07, right=0.975, bottom=0.13, top=0.84, wspace=0.2)
    speed, watts = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1])
    for sweep in sweeps:
        limits = [point.cap_w for point in sweep.points]
        about: dict[str, Any] = {
            "color": COLOURS.get(sweep.load, FAINT),
            "label": sweep.load,
            "lw": 2.0,
        }
        dots: dict[str, Any] = {"marker": "o", "ms": 4.5, "mfc": "white", "mew": 1.6}
        speed.plot(limits, [point.speed for point in sweep.points], **about, **dots)
        watts.plot(limits, [point.watts for point in sweep.points], **about, **dots)
    ends = [point.cap_w for sweep in sweeps for point in sweep.points]
    watts.plot([min(ends), max(ends)], [min(ends), max(ends)], color=FAINT, lw=1.2, ls=(0, (4, 3)))
    speed.yaxis.set_major_formatter(PercentFormatter(1.0))
    speed.set_ylim(0.0, 1.08)
    watts.set_ylim(bottom=0.0)
    speed.legend(frameon=False, loc="lower right")
    _plain(speed, "speed, of that at the highest limit")
    _plain(watts, "draw, W (dashed: the limit)")
    figure.savefig(path)


def _plain(axes: Any, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10.5, color=INK)
    axes.set_xlabel("power limit, W", color=INK)
    axes.grid(color=GRID)
    axes.tick_params(colors=FAINT, labelcolor=INK, length=0)
    for side in axes.spines.values():
        side.set_visible(False)
