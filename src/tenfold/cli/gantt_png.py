"""The picture of a plan as a PNG, with matplotlib: the shapes of `gantt`, on light."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle
from matplotlib.text import Text

from tenfold.cli.gantt import WIDTH, Scene, Shape
from tenfold.cli.gantt_style import COLOURS, INKS
from tenfold.science.plotting import figure_style

SCALE = 2  # pixels a unit
MARGIN = 14.0
HEAD = 26.0  # the title's line
_POINTS = 72.0 / 96.0  # a unit of the scene is a CSS pixel


def draw(path: Path, drawn: Scene) -> None:
    """Write `path`. Raises OSError where it cannot be written."""
    figure_style()  # a job may have a Chinese name
    width, height = WIDTH + 2 * MARGIN, drawn.height + 2 * MARGIN + HEAD
    figure = Figure(figsize=(width / 96, height / 96), dpi=96 * SCALE, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(-MARGIN, WIDTH + MARGIN)
    axes.set_ylim(drawn.height + MARGIN, -MARGIN - HEAD)
    axes.axis("off")
    for layer, shape in enumerate(drawn.shapes):
        axes.add_artist(_DRAWN[shape.kind](shape, layer))
    title = Shape("text", "title", 0.0, 0.0, text=drawn.title)
    axes.add_artist(_text(title, len(drawn.shapes)))
    figure.savefig(path, metadata={"Title": drawn.title})


def _rect(shape: Shape, layer: int) -> Any:
    looks = shape.look.split()
    edge, width = "none", 0.0
    if "slice" in looks:
        face, edge, width = INKS["idle"][0], INKS["edge"][0], 0.45
    elif "lane" in looks:
        face = INKS["lane"][0]
    else:
        face = COLOURS[int(looks[1][1:])][0]
    return Rectangle(
        (shape.x, shape.y),
        shape.width,
        shape.height,
        facecolor=face,
        edgecolor=edge,
        linewidth=width,
        alpha=0.42 if "wait" in looks else 1.0,
        zorder=layer,
    )


def _line(shape: Shape, layer: int) -> Any:
    xs, ys = (shape.x, shape.x + shape.width), (shape.y, shape.y + shape.height)
    if shape.look == "yield":
        return Line2D(xs, ys, color=INKS["limit"][0], linewidth=1.5, zorder=layer)
    style = (0, (2, 3)) if shape.look == "day" else "-"
    return Line2D(xs, ys, color=INKS["line"][0], linewidth=0.6, linestyle=style, zorder=layer)


def _curve(shape: Shape, layer: int) -> Any:
    if shape.look == "area":
        return Polygon(shape.points, facecolor=COLOURS[0][0], alpha=0.16, zorder=layer)
    xs, ys = zip(*shape.points, strict=True)
    limit = shape.look == "limit"
    colour = INKS["limit"][0] if limit else COLOURS[0][0]
    style = (0, (6, 4)) if limit else "-"
    return Line2D(xs, ys, color=colour, linewidth=1.0, linestyle=style, zorder=layer)


# look: (size in CSS pixels, colour, which end stands at x)
_TEXTS: dict[str, tuple[float, str, Literal["left", "center", "right"]]] = {
    "title": (16, INKS["ink"][0], "left"),
    "name": (11, INKS["soft"][0], "right"),
    "tick": (11, INKS["soft"][0], "center"),
    "mark": (11, INKS["limit"][0], "right"),
    "key": (13, INKS["ink"][0], "left"),
    "label": (9.4, INKS["label"][0], "left"),
    "upright": (9.4, INKS["label"][0], "left"),
}


def _text(shape: Shape, layer: int) -> Any:
    size, colour, side = _TEXTS[shape.look]
    return Text(
        shape.x,
        shape.y,
        shape.text,
        fontsize=size * _POINTS,
        color=colour,
        horizontalalignment=side,
        verticalalignment="baseline",
        rotation=90 if shape.look == "upright" else 0,
        rotation_mode="anchor",
        parse_math=False,  # a name may have dollars in it
        zorder=layer,
    )


_DRAWN: dict[str, Callable[[Shape, int], Any]] = {
    "rect": _rect,
    "line": _line,
    "curve": _curve,
    "text": _text,
}
