"""Charts of what jobs measure while they run: one for each metric, of one job or of several.

`Curves(page, jobs)` builds them within what is being built; `add` takes what comes, and `draw`
brings it to the page: the caller's timer says how often. No chart, no library: a page without
curves does not load it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from nicegui import ui

from tenfold.web.amounts import number
from tenfold.web.draw import curve
from tenfold.web.draw.curve import Curve
from tenfold.web.frame import Page

WATTS = "power_w"
MOST_CHARTS = 40  # a workload that logs hundreds of metrics must not end the page
_OFTEN = ("loss", "val_loss", "residual", "reward", WATTS)  # shown first, in this order

Named = Mapping[str, Sequence[Sequence[float]]]


@dataclass
class _Chart:
    name: str
    lines: dict[str, Curve] = field(default_factory=dict)  # by job
    log: bool | None = None  # None: as the curve asks
    old: bool = False
    place: ui.element | None = None
    chart: ui.echart | None = None
    told: ui.html | None = None
    scale: ui.element | None = None
    drawn: tuple[bool, bool, int] | None = None  # by time, log, lines: what the axes are

    @property
    def is_log(self) -> bool:
        lines = [line for line in self.lines.values() if line.points]
        if self.log is not None:
            return self.log and all(line.lowest > 0 for line in lines)
        return curve.wants_log(lines)


class Curves:
    """`jobs`: id -> what its line is called."""

    def __init__(self, page: Page, jobs: Mapping[str, str]) -> None:
        self._page = page
        self._t = page.t
        self._jobs = dict(jobs)
        self._charts: dict[str, _Chart] = {}
        self._by_time = False
        self._began_s: dict[str, float] = {}
        with ui.element("div").classes("curves-tools") as self._tools:
            self._axis = ui.element("button").props("type=button data-curves=axis")
            self._axis.classes("quiet-button").on("click", self._turn_axis)
            with self._axis:
                self._axis_text = ui.html("", sanitize=False, tag="span")
        self._tools.set_visibility(False)
        self._grid = ui.element("div").classes("curves")
        self._name_axis()

    @property
    def any(self) -> bool:
        return any(chart.lines for chart in self._charts.values())

    def set(self, job: str, metrics: Named) -> None:
        """All there is of `job`, in place of what was there."""
        for name in sorted(metrics, key=_order):
            chart = self._chart(name)
            if chart is not None and metrics[name]:
                chart.lines[job] = Curve(metrics[name])
                chart.old = True
                began_s = min(point[1] for point in metrics[name])
                self._began_s[job] = min(began_s, self._began_s.get(job, began_s))

    def add(self, job: str, step: float, at_s: float, values: Mapping[str, float]) -> None:
        self._began_s.setdefault(job, at_s)
        for name, value in values.items():
            chart = self._chart(name)
            if chart is not None and value is not None:
                chart.lines.setdefault(job, Curve()).add([(step, at_s, value)])
                chart.old = True

    def draw(self) -> None:
        """Brings to the page what is new; does nothing where nothing is."""
        self._tools.set_visibility(self.any)
        for chart in self._charts.values():
            if chart.old and chart.lines:
                chart.old = False
                self._draw(chart)

    def _chart(self, name: str) -> _Chart | None:
        if name not in self._charts:
            if len(self._charts) >= MOST_CHARTS:
                return None
            self._charts[name] = _Chart(name)
        return self._charts[name]

    def _draw(self, chart: _Chart) -> None:
        if chart.place is None:
            self._place(chart)
        assert chart.chart is not None and chart.told is not None and chart.scale is not None
        lines = [
            (self._jobs[job], curve.xs(line.points, self._by_time, self._began_s[job]))
            for job, line in chart.lines.items()
        ]
        shape = (self._by_time, chart.is_log, len(lines))
        if shape == chart.drawn:
            news = {"series": [{"data": data} for _, data in lines]}
            chart.chart.run_chart_method("setOption", news)
        else:
            unit = " W" if chart.name == WATTS else ""
            found = curve.options(lines, self._by_time, chart.is_log, unit)
            chart.chart.options.clear()
            chart.chart.options.update(found)
            chart.chart.update()
            chart.drawn = shape
        positive = all(line.lowest > 0 for line in chart.lines.values() if line.points)
        chart.scale.set_visibility(positive)
        chart.scale.props(f"aria-pressed={'true' if chart.is_log else 'false'}")
        chart.told.set_content(last_values(self._t, chart.lines, self._jobs))

    def _place(self, chart: _Chart) -> None:
        called = self._called(chart.name)
        with self._grid, ui.element("section").classes("curve") as chart.place:
            chart.place.props["data-metric"] = chart.name
            with ui.element("div").classes("curve-head"):
                ui.html(f"<h3>{escape(called)}</h3>", sanitize=False)
                chart.scale = ui.element("button").classes("quiet-button").props("type=button")
                chart.scale.props["aria-label"] = self._t("job.log_scale_of", name=called)
                with chart.scale:
                    ui.html(escape(self._t("job.log_scale")), sanitize=False, tag="span")
                chart.scale.on("click", lambda: self._turn_scale(chart))
            # Not as a picture: what it says to those who do not see it stands in the table below.
            with ui.element("div").props("aria-hidden=true"):
                chart.chart = ui.echart({}, renderer="svg").classes("curve-chart")
            chart.told = ui.html("", sanitize=False)

    def _called(self, name: str) -> str:
        return self._t("job.watts") if name == WATTS else name.replace("_", " ")

    def _turn_scale(self, chart: _Chart) -> None:
        chart.log = not chart.is_log
        self._draw(chart)

    def _turn_axis(self) -> None:
        self._by_time = not self._by_time
        self._name_axis()
        for chart in self._charts.values():
            if chart.lines:
                self._draw(chart)

    def _name_axis(self) -> None:
        key = "job.by_steps" if self._by_time else "job.by_time"
        self._axis_text.set_content(escape(self._t(key)))


def last_values(t: Any, lines: Mapping[str, Curve], called: Mapping[str, str]) -> str:
    """The table below a chart: what a line stands at, and between what it was."""
    heads = [t("job.last"), t("job.lowest"), t("job.highest"), t("job.at_step")]
    several = len(called) > 1
    rows = []
    for at, (job, line) in enumerate(lines.items()):
        if line.last is None:
            continue
        step, _, value = line.last
        cells = [number(value, 4), number(line.lowest, 4), number(line.highest, 4), f"{step:,.0f}"]
        first = ""
        if several:
            colour = at % curve.COLOURS + 1
            first = (
                f'<th scope="row"><span class="curve-key k{colour}" aria-hidden="true"></span>'
                f"{escape(called[job])}</th>"
            )
        rows.append(f"<tr>{first}{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    corner = f'<th scope="col">{escape(t("job.job"))}</th>' if several else ""
    return (
        f'<table class="curve-table num"><thead><tr>{corner}{top}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _order(name: str) -> tuple[int, str]:
    return (_OFTEN.index(name) if name in _OFTEN else len(_OFTEN) - 1, name)
