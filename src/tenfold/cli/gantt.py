"""The picture of a plan: a lane a card, in it every slice where it stands on the card, jobs in the
colour of their group; who waits; and the watts beneath.

`scene(answer)` lays out the answer of POST /api/plan as plain shapes, `svg(scene)` writes them as
one element that carries its own style and follows the reader's light or dark theme. `gantt_png`
paints the same shapes. Pure: no file, no clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

from tenfold.cli.gantt_style import COLOURS, STYLE
from tenfold.cli.words import clock, duration, slot_words

WIDTH = 1180.0
LEFT = 62.0  # names of the lanes stand before
RIGHT = 14.0
TOP = 64.0  # legend and days
ROW = 7.0  # a memory slice of a card
SLICES = 8
GAP = 9.0  # between lanes
QUEUE_ROWS = 12
CURVE = 96.0
DAY_S = 86_400.0
LETTER = 5.0  # width of a letter of a label
UPRIGHT = 48.0  # a bar narrower than this, and as high, has its label upright
LINES = 28  # of days at most
SEEN = 0.1  # of the curve: what lasts less is left out
THIN = 3.0  # what is shorter is drawn half as wide at least, so that it is seen


@dataclass(frozen=True)
class Shape:
    """A rectangle, a line (no height or no width), a text, or a curve with its points."""

    kind: str  # rect, line, text, curve
    look: str  # CSS classes; `gantt_png` knows the same
    x: float
    y: float
    width: float = 0.0
    height: float = 0.0
    text: str = ""  # of a text; of anything else what it says when it is pointed at
    points: tuple[tuple[float, float], ...] = ()
    data: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scene:
    title: str
    height: float
    shapes: tuple[Shape, ...]


def scene(answer: dict[str, Any]) -> Scene:
    return _Drawing(answer).scene()


def svg(drawn: Scene) -> str:
    inside = "".join(_element(shape) for shape in drawn.shapes)
    return (
        f'<svg class="gantt" viewBox="0 0 {WIDTH:g} {drawn.height:g}" role="img"'
        f' xmlns="http://www.w3.org/2000/svg" aria-label="{escape(drawn.title)}">'
        f"<style>{STYLE}</style>{inside}</svg>"
    )


def groups(answer: dict[str, Any]) -> list[str]:
    """In the order of their colours."""
    return list(dict.fromkeys(row["group"] for row in answer["rows"]))


class _Drawing:
    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.rows = {row["job"]: row for row in answer["rows"]}
        self.start_s: float = answer["start_s"]
        self.end_s: float = answer["end_s"]
        self.scale: float = (WIDTH - LEFT - RIGHT) / max(self.end_s - self.start_s, 1.0)
        self.colour = {name: n % len(COLOURS) for n, name in enumerate(groups(answer))}
        self.shapes: list[Shape] = []
        self.cards = [one["id"] for one in answer["devices"] if one["kind"] == "gpu"]
        self.lane_y = {id: TOP + n * (ROW * SLICES + GAP) for n, id in enumerate(self.cards)}

    def scene(self) -> Scene:
        bottom = TOP + len(self.cards) * (ROW * SLICES + GAP)
        for id, y in self.lane_y.items():
            self._lane(id, y, ROW * SLICES, id)
        lanes = len(self.shapes)
        self._layouts()
        self._stays()
        bottom = self._cpu(bottom)
        bottom = self._queue(bottom)
        below = self._watts(bottom + 6) if self.answer["figures"]["peak_w"] else bottom
        above = self.shapes[lanes:]
        del self.shapes[lanes:]
        self._days(below)
        self.shapes += above  # lines of days lie below the bars
        self._legend()
        title = f"{self.answer['name']} on {self.answer['box']}, modelled"
        return Scene(title, below + 22, tuple(self.shapes))

    def x(self, at_s: float) -> float:
        return LEFT + (at_s - self.start_s) * self.scale

    def _add(self, *place: Any, **more: Any) -> None:
        self.shapes.append(Shape(*place, **more))

    def _lane(self, name: str, y: float, height: float, card: str = "") -> None:
        width = WIDTH - LEFT - RIGHT
        data = {"card": card} if card else {}
        self._add("rect", "lane", LEFT, y, width, height, data=data)
        self._add("text", "name", LEFT - 8, y + height / 2 + 4, text=name)

    def _layouts(self) -> None:
        """Every instance from the layout that has it first to the one that has it no more."""
        for card in self.cards:
            told = [one for one in self.answer["layouts"] if one["device"] == card]
            standing: dict[tuple[str, int, int], float] = {}
            for layout in [*told, {"at_s": self.end_s, "placements": []}]:
                now = {(p["profile"], p["start"], p["size"]) for p in layout["placements"]}
                for place in [place for place in standing if place not in now]:
                    self._instance(card, place, standing.pop(place), layout["at_s"])
                for place in now:
                    standing.setdefault(place, layout["at_s"])

    def _instance(
        self, card: str, place: tuple[str, int, int], from_s: float, until_s: float
    ) -> None:
        profile, start, size = place
        said = f"slice {profile} of {card}\n{clock(from_s)} to {clock(until_s)}"
        x, y = self.x(from_s), self.lane_y[card] + start * ROW
        data = {"card": card, "profile": profile}
        width = (until_s - from_s) * self.scale
        self._add("rect", "slice", x, y, width, size * ROW, text=said, data=data)

    def _stays(self) -> None:
        for stay in self.answer["stays"]:
            if stay["kind"] != "gpu":
                continue
            place = stay["slice"] or {"start": 0, "size": SLICES}
            for card in stay["devices"]:
                y = self.lane_y[card] + place["start"] * ROW
                self._bar(stay, y, place["size"] * ROW, card)

    def _bar(self, stay: dict[str, Any], y: float, height: float, card: str) -> None:
        row = self.rows[stay["job"]]
        x, width = self.x(stay["start_s"]), (stay["end_s"] - stay["start_s"]) * self.scale
        colour = f"g{self.colour[row['group']]}"
        data = {"job": stay["job"], "card": card}
        inset = 0.5 if width >= THIN else 0.0
        drawn = max(width - 2 * inset, THIN / 2)
        look, said = f"stay {colour}", _said(row, stay)
        self._add("rect", look, x + inset, y + 0.5, drawn, height - 1, text=said, data=data)
        if _is_cut(row, stay):
            self._add("line", "yield", x + width - 1, y + 1, 0.0, height - 2)
        if width < UPRIGHT <= height and (label := _cut(row["name"], height - 4)):
            if width >= 13:
                self._add("text", "upright", x + width / 2 + 3.4, y + height - 4, text=label)
        elif height >= 2 * ROW - 0.1 and (label := _cut(row["name"], width - 8)):
            self._add("text", "label", x + 5, y + height / 2 + 3.4, text=label)

    def _cpu(self, top: float) -> float:
        """CPU shares, below the cards: a row each, where they overlap."""
        stays = [stay for stay in self.answer["stays"] if stay["kind"] == "cpu"]
        if not stays:
            return top
        places = _stacked([(stay["start_s"], stay["end_s"]) for stay in stays])
        row = min(14.0, 56.0 / (max(places) + 1))
        height = row * (max(places) + 1)
        self._lane("CPU", top, height)
        for stay, place in zip(stays, places, strict=True):
            self._bar(stay, top + place * row, row, "")
        return top + height + GAP

    def _queue(self, top: float) -> float:
        """Who could run and does not yet, a thin pale bar each."""
        waits = []
        for row in self.answer["rows"]:
            until_s = self.end_s if row["started_s"] is None else row["started_s"]
            from_s = row["asked_s"] if row["ready_s"] is None else row["ready_s"]
            if until_s - from_s >= 1.0:
                waits.append((row, from_s, until_s))
        waits.sort(key=lambda wait: wait[1:])
        places = _stacked([(from_s, until_s) for _, from_s, until_s in waits])
        rows = max(places, default=0) + 1
        height = max(18.0, min(rows, QUEUE_ROWS) * 6.0)
        self._lane("waiting", top, height)
        for (row, from_s, until_s), place in zip(waits, places, strict=True):
            said = f"{row['name']} waits {duration(until_s - from_s)}\nfrom {clock(from_s)}"
            y, thick = top + place * height / rows, height / rows
            x, width = self.x(from_s), (until_s - from_s) * self.scale
            look = f"wait g{self.colour[row['group']]}"
            data = {"job": row["job"]}
            gap = min(1.0, 0.2 * thick)
            self._add("rect", look, x, y + gap / 2, width, thick - gap, text=said, data=data)
        return top + height + GAP

    def _watts(self, top: float) -> float:
        """The draw of the box as steps, and the site's limit."""
        points, limits = self.answer["watts"], [one for one in self.answer["limits"] if one[1]]
        highest: float = max([watts for _, watts in points] + [watts for _, watts in limits]) * 1.08
        bottom = top + CURVE

        def y(watts: float) -> float:
            return bottom - watts / highest * CURVE

        for watts in _ticks(highest):
            self._add("line", "grid", LEFT, y(watts), WIDTH - LEFT - RIGHT)
            self._add("text", "name", LEFT - 8, y(watts) + 4, text=f"{watts / 1000:g} kW")
        steps = list(self._steps(points, y))
        area = [(LEFT, bottom), *steps, (steps[-1][0], bottom)]
        self._add("curve", "area", 0, 0, points=tuple(area))
        self._add("curve", "draw", 0, 0, points=tuple(steps))
        if limits:
            edge = tuple(self._steps(limits, y))
            self._add("curve", "limit", 0, 0, points=edge)
            said = f"limit {limits[0][1] / 1000:g} kW"
            self._add("text", "mark", WIDTH - RIGHT - 4, edge[0][1] - 4, text=said)
        return bottom

    def _steps(self, points: list[list[float]], y: Any) -> Iterator[tuple[float, float]]:
        for place, (at_s, watts) in enumerate(points):
            until_s = points[place + 1][0] if place + 1 < len(points) else self.end_s
            if (until_s - at_s) * self.scale < SEEN:
                continue
            yield self.x(max(at_s, self.start_s)), y(watts)
            yield self.x(until_s), y(watts)

    def _days(self, bottom: float) -> None:
        """Lines at midnight, at hours where the plan is short, some days apart where it is long;
        their names above and below."""
        step_s = _step_s(self.end_s - self.start_s)
        at_s = self.start_s // step_s * step_s
        while at_s < self.end_s:
            if at_s > self.start_s:
                self._add("line", "day", self.x(at_s), TOP - 6, 0.0, bottom - TOP + 6)
            first, last = max(at_s, self.start_s), min(at_s + step_s, self.end_s)
            if step_s < DAY_S:
                if at_s >= self.start_s:
                    self._tick(at_s, clock(at_s), bottom)
            elif (last - first) * self.scale > 34:
                day = clock(first)[:3] if step_s == DAY_S else f"day {int(first / DAY_S) + 1}"
                self._tick((first + last) / 2, day, bottom)
            at_s += step_s

    def _tick(self, at_s: float, text: str, bottom: float) -> None:
        x = min(max(self.x(at_s), LEFT + 24), WIDTH - RIGHT - 24)
        self._add("text", "tick", x, TOP - 12, text=text)
        self._add("text", "tick", x, bottom + 17, text=text)

    def _legend(self) -> None:
        x = LEFT
        for name, colour in self.colour.items():
            self._add("rect", f"stay g{colour}", x, 10, 12, 12)
            self._add("text", "key", x + 18, 20.5, text=name)
            x += 18 + len(name) * 7 + 22
        self._add("rect", "slice", x, 10, 12, 12)
        self._add("text", "key", x + 18, 20.5, text="idle slice")
        if any(_is_cut(self.rows[stay["job"]], stay) for stay in self.answer["stays"]):
            x += 18 + 10 * 7 + 22
            self._add("line", "yield", x + 6, 10, 0.0, 12)
            self._add("text", "key", x + 14, 20.5, text="yields")


def _said(row: dict[str, Any], stay: dict[str, Any]) -> str:
    ran = f"{clock(stay['start_s'])} to {clock(stay['end_s'])}"
    lines = [row["name"], slot_words(stay), f"{ran}, {duration(stay['end_s'] - stay['start_s'])}"]
    if row["waited_s"]:
        lines.append(f"waited {duration(row['waited_s'])}")
    if row["deadline_s"] is not None:
        missed = ", missed" if row["late"] else ""
        lines.append(f"due {clock(row['deadline_s'])}{missed}")
    if _is_cut(row, stay):
        lines.append("yielded here" if row["ended_s"] is not None else "had not ended")
    return "\n".join(lines)


def _is_cut(row: dict[str, Any], stay: dict[str, Any]) -> bool:
    """Whether the stay ended before its job had."""
    return not stay["done"] and row["kind"] != "service"


def _cut(name: str, width: float) -> str:
    room = int(width / LETTER)
    if len(name) <= room:
        return name
    return f"{name[: room - 1].rstrip(' ,')}…" if room >= 5 else ""


def _stacked(spans: list[tuple[float, float]]) -> list[int]:
    """A row for each span, in which it meets no other; the spans stand in the order of starts."""
    ends: list[float] = []
    places = []
    for from_s, until_s in spans:
        place = next((n for n, end_s in enumerate(ends) if end_s <= from_s), len(ends))
        ends[place : place + 1] = [until_s]
        places.append(place)
    return places


def _ticks(highest: float) -> list[float]:
    """Round watts, three at most."""
    step = next(s for s in (10.0**n * m for n in range(7) for m in (1, 2, 5)) if highest / s < 4)
    return [step * n for n in range(1, int(highest / step) + 1)]


def _step_s(span_s: float) -> float:
    hours = (0.25, 0.5, 1, 2, 3, 6, 12)
    fitting = [h * 3600 for h in hours if span_s / (h * 3600) <= 13]
    return fitting[0] if fitting else DAY_S * math.ceil(span_s / DAY_S / LINES)


def _element(shape: Shape) -> str:
    """As SVG."""
    data = "".join(f' data-{name}="{escape(text)}"' for name, text in shape.data.items())
    at = f'class="{shape.look}"{data}'
    x, y = f"{shape.x:.2f}", f"{shape.y:.2f}"
    if shape.kind == "text":
        turned = f' transform="rotate(-90 {x} {y})"' if "upright" in shape.look else ""
        return f'<text {at} x="{x}" y="{y}"{turned}>{escape(shape.text)}</text>'
    if shape.kind == "curve":
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in shape.points)
        return f'<polyline {at} points="{path}"/>'
    if shape.kind == "line":
        ends = f'x2="{shape.x + shape.width:.2f}" y2="{shape.y + shape.height:.2f}"'
        return f'<line {at} x1="{x}" y1="{y}" {ends}/>'
    size = f'width="{shape.width:.2f}" height="{shape.height:.2f}"'
    said = f"<title>{escape(shape.text)}</title>" if shape.text else ""
    return f'<rect {at} x="{x}" y="{y}" {size} rx="{_round(shape)}">{said}</rect>'


def _round(shape: Shape) -> str:
    return f"{min(3.0, shape.width / 3, shape.height / 3):.1f}"
