"""The picture of what is allowed and drawn, and the verdict as HTML."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tenfold.hardware import detect
from tenfold.site.config.config import parsed
from tenfold.site.verdict.verdict import verdict
from tenfold.terms.wire import to_json
from tenfold.web.draw.figure import told
from tenfold.web.draw.site import budget_svg
from tenfold.web.draw.site_steps import cheap_below, spans, steps_table
from tenfold.web.draw.verdict import answers_html, figures_html, first_html
from tenfold.web.words import LANGUAGES, words

NOW_S = 1_790_000_000.0
H = 3600.0
EXAMPLE = (Path(__file__).parents[2] / "examples" / "site.toml").read_text()
T = words("en")


def step(hours: float, watts: float | None, price: float | None = None, quiet: bool = False):
    return {"start_s": NOW_S + hours * H, "watts": watts, "price_kwh": price, "night": False,
            "quiet": quiet, "why": "circuit <garage>"}  # fmt: skip


def draw(*steps, minutes=()):
    return {"now_s": NOW_S, "minutes": list(minutes), "budget": list(steps)}


def numbers(svg: str, pattern: str) -> list[float]:
    return [float(one) for one in re.findall(pattern, svg)]


def test_the_line_steps_down_where_less_is_allowed():
    svg = budget_svg(T, draw(step(0, 5000), step(12, 2500)), width=1000, height=300)
    (path,) = re.findall(r'class="allowed" d="([^"]+)"', svg)
    points = [tuple(map(float, one.split(","))) for one in re.findall(r"[\d.]+,[\d.]+", path)]
    (_, high), (turn_x, _), (down_x, low), (end_x, _) = points
    floor = 300 - 30 - 18
    assert turn_x == down_x
    assert (floor - low) * 2 == pytest.approx(floor - high, abs=0.3)
    assert floor - high == pytest.approx((floor - 26) / 1.12, abs=0.1)  # within the frame
    assert end_x == pytest.approx(1000 - 14)
    assert "5,000 W" in svg and "2,500 W" in svg


def test_a_time_that_nobody_looked_at_is_a_gap():
    minutes = [[NOW_S - 6 * H, 1000.0], [NOW_S - 4 * H, None], [NOW_S - 2 * H, 2000.0]]
    svg = budget_svg(T, draw(step(0, 3000), minutes=minutes))
    areas = re.findall(r'class="drawn" points="([^"]+)"', svg)
    assert len(areas) == 2
    ends = [[float(point.split(",")[0]) for point in area.split()] for area in areas]
    assert max(ends[0]) < min(ends[1])
    assert "Drawn last: 2,000 W" in svg


def test_quiet_hours_are_one_shade_over_all_their_steps():
    svg = budget_svg(T, draw(step(0, 5000), step(2, 2800, quiet=True),
                             step(5, 2700, quiet=True), step(9, 5000)), width=1000)  # fmt: skip
    ((wide),) = numbers(svg, r'<rect class="quiet"[^>]*width="([\d.]+)"')
    assert wide == pytest.approx((1000 - 62 - 14) * 7 / 25, abs=0.2)


def test_cheap_is_clearly_under_the_mean():
    steps = [step(0, None, 0.30), step(12, None, 0.20), step(18, None, 0.40)]
    assert cheap_below(steps, NOW_S + 24 * H) == pytest.approx(0.9 * 0.30)
    svg = budget_svg(T, draw(*steps))
    assert len(re.findall(r'class="price cheap"', svg)) == 1
    assert cheap_below([step(0, 1, 0.3), step(4, 1, 0.3)], NOW_S + 24 * H) is None
    assert "no limit" in svg and 'class="allowed"' not in svg


def test_nothing_known_is_a_picture_all_the_same():
    svg = budget_svg(T, draw())
    assert "nothing known" in svg and "NaN" not in svg


def test_the_axis_has_the_clock_of_the_place():
    at_utc = budget_svg(T, draw(step(0, 1000)), zone="UTC")
    there = budget_svg(T, draw(step(0, 1000)), zone="Asia/Kathmandu")
    assert re.findall(r">(\d\d):00<", at_utc) and re.findall(r">(\d\d):00<", there)
    found = {zone: numbers(svg, r'<text class="soft" x="([\d.]+)"[^>]*middle') for zone, svg in
             (("utc", at_utc), ("there", there))}  # fmt: skip
    assert found["utc"][0] != found["there"][0]  # its hours are 45 minutes apart from ours


def test_the_table_says_the_same():
    table = steps_table(T, draw(step(0, 5000, 0.3), step(2, None, 0.1, quiet=True)), "EUR", "UTC")
    assert table.count("<tr>") == 3
    assert "quiet hours, cheap" in table and "0.30 EUR" in table and "no limit" in table
    assert "circuit &lt;garage&gt;" in table
    assert [end - at for _, at, end in spans([step(0, 1), step(2, 1)], NOW_S + 5 * H)] == [
        2 * H,
        3 * H,
    ]


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("box", ["10xH100-PCIe", "2xH100-PCIe"])
@pytest.mark.parametrize("place", [EXAMPLE, ""])
def test_every_verdict_can_be_shown(language, box, place):
    t = words(language)
    answer = to_json(verdict(detect.box(box), parsed(place, Path("site.toml"))))
    html = answers_html(t, answer) + first_html(t, answer) + figures_html(t, answer)
    assert html.count('data-question="') == 3
    assert html.count("<details") == html.count("</details>") > 10
    assert "None" not in html and "site." not in re.sub(r"<code>.*?</code>", "", html)


def test_a_figure_is_not_made_better_than_it_is():
    figure = {"unit": "share", "source": "", "basis": "computed"}
    assert told(T, {**figure, "value": 0.9994}) == "99 %"
    assert told(T, {**figure, "value": None}) == "unknown"
    assert told(T, {**figure, "unit": "A", "value": 24.038}) == "24.04 A"
    assert told(T, {**figure, "unit": "cards", "value": 1}) == "1 card"
    assert told(T, {**figure, "unit": "W", "value": 4992.0}) == "4,992 W"
