"""One picture of lid-driven cavities: a row for each Reynolds number.

Left: the speed as colour with thin streamlines, the small vortices in the corners included.
Right: both centre lines, ours as a line, the reference columns as points.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from tenfold.science.cavity_report import largest_errors
from tenfold.science.cavity_tables import table_at
from tenfold.science.lattice_boltzmann.profiles import centre_lines, main_vortex, stream_function
from tenfold.science.plotting import figure_style

INK = "#1d2433"
FAINT = "#8a93a6"
GRID = "#e6e9ef"
U_COLOUR = "#c8452f"
V_COLOUR = "#2463a8"
ROW_IN = 4.6  # height of one Reynolds number's row, inches

SPEED_COLOURS = LinearSegmentedColormap.from_list(
    "speed", ["#0b1026", "#1d2b64", "#27628f", "#3d9e9b", "#a5d48f", "#fbf3b9"]
)

# Stream function values of the corner vortices, which turn against the main one (psi > 0) and
# fade by orders of magnitude; below 1e-7 float32 no longer resolves them.
CORNER_LEVELS = (1e-7, 1e-6, 1e-5, 1e-4, 3e-4, 6e-4, 1e-3, 1.5e-3)


def draw(path: Path, fields: list[tuple[float, npt.ArrayLike, npt.ArrayLike]]) -> None:
    """Write a PNG. `fields`: (Reynolds number, u, v); u, v (cells, cells) in lid speeds."""
    figure_style()
    figure = Figure(figsize=(12.4, ROW_IN * len(fields) + 0.9), dpi=150, facecolor="white")
    FigureCanvasAgg(figure)
    height = figure.get_figheight()
    cells = np.asarray(fields[0][1]).shape[0]
    figure.suptitle(
        f"Lid-driven cavity, {cells} × {cells} cells",
        x=0.045,
        y=1 - 0.28 / height,
        ha="left",
        va="top",
        fontsize=16,
        fontweight="bold",
        color=INK,
    )
    grid = figure.add_gridspec(
        len(fields),
        3,
        width_ratios=[1.12, 0.9, 0.9],
        left=0.045,
        right=0.985,
        bottom=0.62 / height,
        top=1 - 1.05 / height,
        wspace=0.26,
        hspace=0.3,
    )
    for row, (reynolds, u, v) in enumerate(fields):
        _flow(figure, figure.add_subplot(grid[row, 0]), reynolds, u, v)
        _profiles(
            figure.add_subplot(grid[row, 1]), figure.add_subplot(grid[row, 2]), reynolds, u, v
        )
    figure.savefig(path)


def _flow(figure: Figure, axes: Any, reynolds: float, u: Any, v: Any) -> None:
    speed = np.hypot(u, v)
    cells = speed.shape[0]
    image = axes.imshow(
        speed,
        origin="lower",
        extent=(0, 1, 0, 1),
        cmap=SPEED_COLOURS,
        vmin=0.0,
        vmax=0.7,  # all but the row beside the lid is slower: give that range the colours
        interpolation="bilinear",
    )
    psi = stream_function(u)
    x = np.concatenate([[0.0], (np.arange(cells) + 0.5) / cells, [1.0]])
    y = np.arange(cells + 1) / cells
    walled = np.pad(psi, ((0, 0), (1, 1)))  # psi is 0 on the side walls
    vortex_x, vortex_y, deepest = main_vortex(psi)
    levels = deepest * np.linspace(0.97, 0.03, 15)
    axes.contour(x, y, walled, levels, colors="white", linewidths=0.7, alpha=0.75, linestyles="-")
    axes.contour(x, y, walled, CORNER_LEVELS, colors="white", linewidths=0.55, alpha=0.6)
    axes.plot(vortex_x, vortex_y, "o", ms=3.4, color="white")
    axes.annotate(
        "",
        xy=(0.97, 1.035),
        xytext=(0.03, 1.035),
        annotation_clip=False,
        arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.6},
    )
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    axes.set_title(f"Re {reynolds:g}", loc="left", pad=17, fontweight="bold", color=INK)
    _note(axes, f"main vortex at ({vortex_x:.4f}, {vortex_y:.4f})", pad=17)
    _plain(axes)
    bar = figure.colorbar(image, ax=axes, fraction=0.042, pad=0.03, extend="max")
    bar.ax.set_title("speed", loc="left", fontsize=8.5, color=INK, pad=6)
    bar.ax.tick_params(labelsize=8, color=FAINT, labelcolor=INK)
    bar.outline.set_visible(False)


def _profiles(left: Any, right: Any, reynolds: float, u: Any, v: Any) -> None:
    lines = centre_lines(u, v)
    table = table_at(reynolds)
    left.plot(lines.u, lines.at, color=U_COLOUR, lw=1.8, label="Tenfold")
    right.plot(lines.at, lines.v, color=V_COLOUR, lw=1.8, label="Tenfold")
    if table is not None:
        point = {"ls": "", "marker": "o", "ms": 5, "mfc": "white", "mew": 1.1, "mec": INK}
        error_u, error_v = largest_errors(lines, table)
        _note(left, f"off by at most {error_u:.4f}")
        _note(right, f"off by at most {error_v:.4f}")
        cross = {"ls": "", "marker": "x", "ms": 4, "mew": 0.9, "color": FAINT}
        left.plot(table.u, table.y, label="reference E", **point)
        right.plot(table.x, table.v, label="reference E", **point)
        left.plot(table.ghia_u, table.y, label="Ghia et al. 1982", **cross)
        right.plot(table.x, table.ghia_v, label="Ghia et al. 1982", **cross)
    left.set(xlabel="u / lid speed", ylabel="y", ylim=(0, 1), xlim=(-0.5, 1.02))
    right.set(xlabel="x", ylabel="v / lid speed", xlim=(0, 1), ylim=(-0.6, 0.45))
    left.set_title("u at x = 1/2", loc="left", fontsize=11, color=INK)
    right.set_title("v at y = 1/2", loc="left", fontsize=11, color=INK)
    for axes, place in ((left, "lower right"), (right, "lower left")):
        axes.grid(color=GRID, lw=0.8)
        axes.set_axisbelow(True)
        axes.legend(loc=place, frameon=False, fontsize=8.5, labelcolor=INK)
        _plain(axes)


def _note(axes: Any, text: str, pad: float = 6) -> None:
    axes.set_title(text, loc="right", pad=pad, fontsize=9, color=FAINT)


def _plain(axes: Any) -> None:
    axes.tick_params(color=FAINT, labelcolor=INK, labelsize=8.5)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    for side, spine in axes.spines.items():
        spine.set_color(FAINT)
        spine.set_visible(side in ("left", "bottom"))
