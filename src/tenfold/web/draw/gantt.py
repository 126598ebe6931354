"""The plan ahead as a drawing: a lane a device, time to the right, a block for every stay.

`gantt(t, plan, ...)` gives SVG text, as wide as it will be shown, so that its words are as large as
the page's. Blocks are links to their jobs; `plan_table` (beside) says the same in rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from tenfold.web.amounts import HOUR_S, amount
from tenfold.web.draw.colour import hue
from tenfold.web.draw.gantt_axis import step_h, tick_words, ticks, when
from tenfold.web.draw.gantt_blocks import Block, Lane, blocks, merged
from tenfold.web.words import Words

LEFT, RIGHT, TOP, BOTTOM = 48.0, 10.0, 24.0, 4.0
WHOLE, PARTED, GAP = 20.0, 42.0, 4.0  # heights of lanes, and between them
BAND = 22.0  # of the site's limit
CPU_ROW, CPU_MOST = 9.0, 63.0
LEAD = 0.03  # part of the drawing that lies before now
THIN_PX = 3.0
LETTER_PX = 6.8
WIDE_LETTER_PX = 12.0  # of a Chinese one
WALL = 0x2E80  # letters from here on are wide
LABEL_PX = 11.0  # the least height that has room for words
LEAST_LABEL = 4  # letters that make sense
NARROWEST, WIDEST = 280.0, 2400.0


@dataclass(frozen=True)
class View:
    """What the drawing shows. `steps` are the budget's."""

    lanes: Sequence[Lane]
    hours: float
    width: float
    steps: Sequence[Mapping[str, Any]] = ()


def gantt(t: Words, plan: Mapping[str, Any], view: View) -> str:
    return _Drawing(t, plan, view).svg()


def plan_label(t: Words, plan: Mapping[str, Any], hours: float) -> str:
    """The drawing in a sentence."""
    waiting = {job["id"] for job in plan["jobs"] if job["state"] == "queued"}
    running = {job["id"] for job in plan["jobs"]} - waiting
    said = t(
        "plan.label",
        span=t(f"plan.hours_{hours:g}"),
        running=len(running),
        waiting=f"{len(waiting) + plan['left_out']:,}",
    )
    end_s = last_end_s(plan)
    return said if end_s is None else said + t("plan.label_end", at=when(t, end_s, plan["now_s"]))


def last_end_s(plan: Mapping[str, Any]) -> float | None:
    """When all is done; None where that is not known, or there is nothing."""
    stays = plan["jobs"]
    if not stays or plan["left_out"] or not all(stay["known"] for stay in stays):
        return None
    return float(max(stay["end_s"] for stay in stays))


class _Drawing:
    def __init__(self, t: Words, plan: Mapping[str, Any], view: View) -> None:
        self.t, self.plan, self.view = t, plan, view
        self.now_s = float(plan["now_s"])
        self.width = min(max(view.width, NARROWEST), WIDEST)
        span_s = view.hours * HOUR_S
        self.px_s = span_s / (self.width - LEFT - RIGHT)  # seconds in a pixel
        # Whole pixels: the drawing is the same text until the plan or the pixel changes.
        began_s = math.floor(self.now_s / self.px_s) * self.px_s
        self.start_s = began_s - LEAD * span_s
        self.end_s = self.start_s + span_s
        self.line_s = began_s
        self.blocks = merged(blocks(plan, view.lanes), THIN_PX * self.px_s)
        self.limits = _limits(view.steps)
        self.top = TOP + (BAND + GAP if any(watts for _, watts in self.limits) else 0.0)
        self.places = self._places()

    def svg(self) -> str:
        height = self.top + sum(high + GAP for _, high in self.places.values()) + BOTTOM
        label = escape(plan_label(self.t, self.plan, self.view.hours))
        inside = [*self._lanes(), *self._axis(height), *self._limit()]
        inside += [self._block(block) for block in self.blocks]
        inside += self._now(height)
        return (
            f'<svg class="gantt" role="group" aria-label="{label}" width="{self.width:g}"'
            f' height="{height:g}" viewBox="0 0 {self.width:g} {height:g}">{"".join(inside)}</svg>'
        )

    def _places(self) -> dict[str, tuple[float, float]]:
        """Top and height of each lane: higher where somebody has a part of the card."""
        found, top = {}, self.top
        for lane in self.view.lanes:
            parts = [
                b.high - b.low for b in self.blocks if b.lane == lane.id and b.high - b.low < 1
            ]
            high = PARTED if parts else WHOLE
            if lane.is_cpu and parts:
                high = min(max(WHOLE, CPU_ROW / min(parts)), CPU_MOST)
            found[lane.id] = (top, high)
            top += high + GAP
        return found

    def _x(self, at_s: float) -> float:
        within_s = min(max(at_s, self.start_s), self.end_s)
        return LEFT + (within_s - self.start_s) / self.px_s

    def _lanes(self) -> list[str]:
        width = self.width - LEFT - RIGHT
        found = []
        for lane in self.view.lanes:
            top, high = self.places[lane.id]
            name = self.t("plan.cpu") if lane.is_cpu else lane.id
            found.append(
                f'<rect class="lane" x="{LEFT:g}" y="{top:g}" width="{width:g}" height="{high:g}"'
                f' rx="4"/><text class="name" x="{LEFT - 8:g}" y="{top + high / 2 + 4:g}">'
                f"{escape(name)}</text>"
            )
        return found

    def _axis(self, height: float) -> list[str]:
        every_h = step_h(self.view.hours * HOUR_S, self.width - LEFT - RIGHT)
        found = []
        for at_s in ticks(self.start_s, self.end_s, every_h):
            x, said = self._x(at_s), tick_words(self.t, at_s)
            look = "tick" if ":" in said else "tick day"
            found.append(
                f'<line class="{look}" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 5:g}"'
                f' y2="{height - BOTTOM:g}"/>'
            )
            half = _width(said) / 2
            if abs(at_s - self.line_s) > 40 * self.px_s and x + half < self.width:
                found.append(f'<text class="{look}" x="{x:.1f}" y="14">{escape(said)}</text>')
        return found

    def _now(self, height: float) -> list[str]:
        x = self._x(self.line_s)
        return [
            f'<line class="now" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 5:g}"'
            f' y2="{height - BOTTOM:g}"/>',
            f'<text class="now" x="{x:.1f}" y="14">{escape(self.t("plan.now"))}</text>',
        ]

    def _limit(self) -> list[str]:
        """What the site allows, as a band of steps above the lanes."""
        highest = max((watts or 0.0 for _, watts in self.limits), default=0.0)
        if not highest:
            return []
        found = [
            f'<text class="name" x="{LEFT - 8:g}" y="{TOP + BAND / 2 + 4:g}">'
            f"{escape(self.t('plan.limit'))}</text>"
        ]
        ends = [start_s for start_s, _ in self.limits[1:]] + [math.inf]
        for (start_s, limit), until_s in zip(self.limits, ends, strict=True):
            x, right = self._x(start_s), self._x(until_s)
            if limit is None or right - x < 1:
                continue
            high = max(2.0, BAND * limit / highest)
            watts = amount(limit, "W", 4)
            said = self.t(
                "plan.limit_block",
                watts=watts,
                start=when(self.t, max(start_s, self.now_s), self.now_s),
                end=when(self.t, min(until_s, self.end_s), self.now_s),
            )
            found.append(
                f'<rect class="limit" x="{x:.1f}" y="{TOP + BAND - high:.1f}"'
                f' width="{right - x:.1f}" height="{high:.1f}"><title>{escape(said)}</title></rect>'
            )
            if right - x > _width(watts) + 10:
                found.append(
                    f'<text class="watts" x="{x + 6:.1f}" y="{TOP + BAND - 6:g}">{watts}</text>'
                )
        return found

    def _block(self, block: Block) -> str:
        top, high = self.places[block.lane]
        x, right = self._x(block.start_s), self._x(block.end_s)
        width, tall = max(right - x - 1, 1.0), (block.high - block.low) * high - 1
        y = top + block.low * high + 0.5
        said = escape(self._said(block))
        look = "block" if block.known else "block open-end"
        drawn = (
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{max(tall, 1):.1f}"'
            f' rx="{min(3.0, width / 3, max(tall, 1) / 3):.1f}"/><title>{said}</title>'
        )
        if len(block.jobs) > 1:
            return f'<g class="{look} many">{drawn}</g>'
        job = escape(block.jobs[0])
        label = cut(block.name, width - 10) if tall >= LABEL_PX else ""
        text = (
            f'<text class="label" x="{x + 6:.1f}" y="{y + tall / 2 + 4:.1f}">{escape(label)}</text>'
        )
        # The table beside has the same links; here they would be hundreds of stops of the Tab key.
        return (
            f'<a class="{look}" style="--h:{hue(block.jobs[0])}" href="/job/{job}" tabindex="-1"'
            f' aria-label="{said}" data-job="{job}">{drawn}</a>{text if label else ""}'
        )

    def _said(self, block: Block) -> str:
        t = self.t
        where = f"{block.lane} {block.profile}".strip()
        end = when(t, block.end_s, self.now_s) if block.known else t("plan.no_end")
        start = when(t, block.start_s, self.now_s)
        if len(block.jobs) > 1:
            return t("plan.many", n=len(block.jobs), where=where, start=start, end=end)
        return t("plan.block", name=block.name, where=where, start=start, end=end)


def _limits(steps: Sequence[Mapping[str, Any]]) -> list[tuple[float, float | None]]:
    """From when on which watts; a step that changes only the price is none here."""
    found: list[tuple[float, float | None]] = []
    for step in steps:
        if not found or found[-1][1] != step["watts"]:
            found.append((step["start_s"], step["watts"]))
    return found


def cut(name: str, width_px: float) -> str:
    """As much of a name as fits; nothing where too little would."""
    if _width(name) <= width_px:
        return name
    kept, used = 0, LETTER_PX
    while kept < len(name) and used + _width(name[kept]) <= width_px:
        used += _width(name[kept])
        kept += 1
    return f"{name[:kept].rstrip(' ,')}…" if kept >= LEAST_LABEL else ""


def _width(text: str) -> float:
    return sum(WIDE_LETTER_PX if ord(letter) >= WALL else LETTER_PX for letter in text)
