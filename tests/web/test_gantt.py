"""The plan ahead as a drawing: who stands where, what is merged, what the axis says."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree

from tenfold.web.draw.colour import hue
from tenfold.web.draw.gantt import View, cut, gantt, last_end_s, plan_label
from tenfold.web.draw.gantt_axis import step_h, tick_words, ticks, when
from tenfold.web.draw.gantt_blocks import Lane, blocks, lanes, merged
from tenfold.web.draw.plan_table import MOST_ROWS, plan_table
from tenfold.web.words import EN, ZH, words

T = words(EN)
HOUR_S = 3600.0
NOW = datetime(2026, 3, 3, 10, 30).timestamp()
LANES = [Lane("gpu0", False), Lane("gpu1", False), Lane("cpu", True)]


def stay(id: str, start_h: float, end_h: float, **more: Any) -> dict[str, Any]:
    own = {
        "id": id,
        "name": f"job {id}",
        "state": "queued",
        "workload": "a.b",
        "priority": 0,
        "start_s": NOW + start_h * HOUR_S,
        "end_s": NOW + end_h * HOUR_S,
        "known": True,
        "devices": ["gpu0"],
        "slice": None,
        "share": None,
        "cores": 1,
    }
    return {**own, **more}


def plan(*stays: dict[str, Any], left_out: int = 0) -> dict[str, Any]:
    return {
        "now_s": NOW,
        "until_s": NOW + 24 * HOUR_S,
        "jobs": list(stays),
        "left_out": left_out,
        "modelled": True,
    }


def drawn(of: dict[str, Any], **more: Any) -> ElementTree.Element:
    view = View(LANES, more.pop("hours", 24), more.pop("width", 1000), **more)
    return ElementTree.fromstring(gantt(T, of, view))


def test_a_slice_stands_at_its_place_and_a_whole_card_over_all_of_it() -> None:
    small = {"profile": "1g.10gb", "start": 6, "size": 1}
    half = {"profile": "3g.40gb", "start": 4, "size": 4}
    found = blocks(plan(stay("1", 0, 1, slice=small), stay("2", 0, 1, slice=half)), LANES)
    assert {(b.jobs[0], b.low, b.high) for b in found} == {("1", 0.75, 0.875), ("2", 0.5, 1.0)}
    whole = blocks(plan(stay("3", 0, 1, devices=["gpu0", "gpu1"])), LANES)
    assert [(b.lane, b.low, b.high) for b in whole] == [("gpu0", 0, 1), ("gpu1", 0, 1)]


def test_who_shares_the_cpu_or_a_card_never_overlaps() -> None:
    cpu = [stay(str(n), n / 2, n / 2 + 1, devices=["cpu"]) for n in range(4)]
    shared = [stay(str(n), 0, 2, share=0.25) for n in (10, 11)]
    found = blocks(plan(*cpu, *shared), LANES)
    assert len({(b.low, b.high) for b in found if b.lane == "cpu"}) == 2
    for one in found:
        for other in found:
            apart = one.end_s <= other.start_s or other.end_s <= one.start_s
            beside = one.high <= other.low or other.high <= one.low
            assert one is other or one.lane != other.lane or apart or beside


def test_thin_neighbours_become_one_and_thick_ones_stay() -> None:
    thin = [stay(str(n), n / 60, (n + 1) / 60) for n in range(10)]
    late = stay("late", 5, 6)
    lone = stay("lone", 3, 3 + 1 / 60)
    found = merged(blocks(plan(*thin, lone, late), LANES), thin_s=150.0)
    assert sorted(len(b.jobs) for b in found) == [1, 1, 10]
    many = max(found, key=lambda b: len(b.jobs))
    assert (many.start_s, many.end_s) == (NOW, NOW + 600.0)


def test_the_cpu_is_the_last_lane() -> None:
    devices = [{"id": "cpu", "kind": "cpu"}, {"id": "gpu0", "kind": "gpu"}]
    assert [lane.id for lane in lanes(devices)] == ["gpu0", "cpu"]


def test_a_block_lies_at_its_hours_and_leads_to_its_job() -> None:
    svg = drawn(plan(stay("7", 6, 12)), width=1058)  # 1000 px for 24 h
    link = svg.find("a")
    assert link is not None and link.attrib["href"] == "/job/7"
    rect = link.find("rect")
    assert rect is not None
    assert abs(float(rect.attrib["x"]) - (48 + 30 + 250)) < 2
    assert abs(float(rect.attrib["width"]) - 249) < 0.2
    title = link.find("title")
    assert title is not None and title.text == "job 7, gpu0: 16:30 to 22:30"


def test_what_has_no_known_end_says_so() -> None:
    link = drawn(plan(stay("7", 0, 24, known=False))).find("a")
    assert link is not None and "open-end" in link.attrib["class"]
    assert "no end known" in link.attrib["aria-label"]


def test_names_are_text_and_not_markup() -> None:
    text = gantt(T, plan(stay("1", 0, 9, name="<script>&")), View(LANES, 24, 1000))
    assert "<script>" not in text and "&lt;script&gt;&amp;" in text


def test_the_drawing_stays_the_same_text_within_a_pixel() -> None:
    view = View(LANES, 24, 1058)
    of = plan(stay("1", 0, 9))
    began_s = NOW // 86.4 * 86.4 + 1
    first, soon, later = (gantt(T, {**of, "now_s": began_s + s}, view) for s in (0, 80, 90))
    assert first == soon != later


def test_the_limit_is_drawn_only_where_there_is_one() -> None:
    told = [(0, 4000.0), (3, 4000.0), (9, 2000.0), (12, None)]  # at the third hour only the price
    steps = [{"start_s": NOW + hour * HOUR_S, "watts": watts} for hour, watts in told]
    bands = [r for r in drawn(plan(), steps=steps).iter("rect") if r.attrib["class"] == "limit"]
    assert [float(r.attrib["height"]) for r in bands] == [22.0, 11.0]
    none = [{"start_s": NOW, "watts": None}]
    assert not [r for r in drawn(plan(), steps=none).iter("rect") if r.attrib["class"] == "limit"]


def test_lines_stand_on_round_hours_and_midnight_names_the_day() -> None:
    found = ticks(NOW, NOW + 24 * HOUR_S, 6)
    said = [tick_words(T, at_s) for at_s in found]
    assert said == ["12:00", "18:00", "Wed 4 Mar", "06:00"]
    assert tick_words(words(ZH), found[2]) == "3月4日 週三"
    assert step_h(24 * HOUR_S, 1000) == 2 and step_h(24 * HOUR_S, 300) == 6
    assert len(ticks(NOW, NOW + 24 * HOUR_S * 20, 48)) == 10


def test_a_moment_has_its_weekday_within_a_week_and_else_its_day() -> None:
    at = datetime.fromtimestamp(NOW)
    assert when(T, NOW + HOUR_S, NOW) == "11:30"
    assert when(T, (at + timedelta(days=1)).timestamp(), NOW) == "Wed 10:30"
    assert when(T, (at + timedelta(days=7)).timestamp(), NOW) == "Tue 10 Mar 10:30"
    assert when(T, (at - timedelta(days=30)).timestamp(), NOW) == "Sun 1 Feb 10:30"


def test_the_sentence_counts_jobs_and_knows_the_end_only_if_all_is_known() -> None:
    twice = plan(stay("1", 0, 1, state="running"), stay("2", 1, 2), stay("2", 3, 4))
    assert last_end_s(twice) == NOW + 4 * HOUR_S
    assert plan_label(T, twice, 24) == (
        "Plan of the next 24 h: 1 running, 1 waiting. The last is done 14:30."
    )
    assert last_end_s({**twice, "left_out": 5}) is None
    assert "1 running, 6 waiting." in plan_label(T, {**twice, "left_out": 5}, 24)
    assert last_end_s(plan(stay("1", 0, 1, known=False))) is None
    assert last_end_s(plan()) is None


def test_a_job_has_the_colour_that_it_has_elsewhere() -> None:
    link = drawn(plan(stay("7", 0, 6))).find("a")
    assert link is not None and link.attrib["style"] == f"--h:{hue('7')}"


def test_a_name_is_cut_to_what_fits() -> None:
    assert cut("a name", 100) == "a name"
    assert cut("a much longer name", 70) == "a much lo…"
    assert cut("a much longer name", 20) == ""
    assert cut("很長很長的名字", 60) == "很長很長…"


def test_the_table_says_the_same_and_what_it_leaves_out() -> None:
    of = plan(*(stay(str(n), n, n + 1) for n in range(MOST_ROWS + 5)))
    text = plan_table(T, of)
    assert len(re.findall("<tr>", text)) == MOST_ROWS + 1
    assert f"The first {MOST_ROWS} of {MOST_ROWS + 5}." in text
    assert 'href="/job/0"' in text and "10:30" in text
