"""The picture of a plan: every stay inside its lane, its slots and its time."""

import itertools
import struct
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tenfold.cli.gantt import LEFT, RIGHT, ROW, SLICES, WIDTH, scene, svg
from tenfold.cli.gantt_png import draw
from tenfold.cli.plan_page import page
from tenfold.cli.plan_words import strips
from tenfold.engine.describe import Describer
from tenfold.engine.planner import Planner, no_limits, site_of
from tenfold.hardware.detect import box

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
NEAR = 0.51  # a bar stands half a unit inside its place


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    text = (ROOT / "examples" / "owner-week.toml").read_text()
    site = site_of("[site]\nwatts = 6000\nprice_kwh = 0.3\n", "site.toml")
    planner = Planner(Describer(tmp_path_factory.mktemp("gantt")))
    return planner.plan(text, "owner-week.toml", box("10xH100-PCIe"), site)


@pytest.fixture(scope="module")
def drawn(answer):
    return ET.fromstring(svg(scene(answer)))


def of(drawn, look, tag="rect"):
    return [one for one in drawn.iter(SVG + tag) if look in one.get("class", "").split()]


def sides(rect):
    x, y, width, height = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def lanes(drawn):
    return {rect.get("data-card"): sides(rect) for rect in of(drawn, "lane")}


def x_of(answer, at_s):
    span_s = answer["end_s"] - answer["start_s"]
    return LEFT + (at_s - answer["start_s"]) / span_s * (WIDTH - LEFT - RIGHT)


def test_every_card_has_a_lane_and_no_two_meet(drawn, answer):
    found = {card: sides for card, sides in lanes(drawn).items() if card}
    assert list(found) == [f"gpu{n}" for n in range(10)]
    tops = sorted((top, bottom) for _, top, _, bottom in found.values())
    assert all(before[1] < after[0] for before, after in itertools.pairwise(tops))
    assert all(bottom - top == pytest.approx(ROW * SLICES) for top, bottom in tops)


def test_every_stay_is_drawn_in_its_lane_its_slots_and_its_time(drawn, answer):
    found = lanes(drawn)
    bars = {}
    for rect in of(drawn, "stay"):
        if rect.get("data-card"):
            bars.setdefault((rect.get("data-job"), rect.get("data-card")), []).append(sides(rect))
    expected = 0
    for stay in answer["stays"]:
        if stay["kind"] != "gpu":
            continue
        place = stay["slice"] or {"start": 0, "size": SLICES}
        left, right = x_of(answer, stay["start_s"]), x_of(answer, stay["end_s"])
        for card in stay["devices"]:
            expected += 1
            _, top, _, _ = found[card]
            above, below = top + place["start"] * ROW, top + (place["start"] + place["size"]) * ROW
            near = 0.51 if right - left >= 3 else 1.51  # the shortest are widened to be seen
            assert any(
                bar
                == (
                    pytest.approx(left, abs=near),
                    pytest.approx(above, abs=NEAR),
                    pytest.approx(right, abs=near),
                    pytest.approx(below, abs=NEAR),
                )
                for bar in bars[stay["job"], card]
            ), stay
    assert expected == sum(map(len, bars.values())) > 80


def test_no_two_stays_meet_in_a_slot(drawn):
    bars = [sides(rect) for rect in of(drawn, "stay") if rect.get("data-card")]
    for one, other in itertools.combinations(bars, 2):
        beside = one[2] <= other[0] + 0.02 or other[2] <= one[0] + 0.02
        apart = one[3] <= other[1] or other[3] <= one[1]
        assert beside or apart, (one, other)


def test_every_slice_stands_below_its_stay_from_its_layout_on(drawn, answer):
    """A stay on a slice is covered by the drawn instance of its profile, in time and slots."""
    slices = [(rect.get("data-profile"), rect.get("data-card"), sides(rect))
              for rect in of(drawn, "slice") if rect.get("data-card")]  # fmt: skip
    for stay in answer["stays"]:
        if stay["slice"] is None:
            continue
        left, right = x_of(answer, stay["start_s"]), x_of(answer, stay["end_s"])
        top = lanes(drawn)[stay["devices"][0]][1] + stay["slice"]["start"] * ROW
        assert any(
            profile == stay["slice"]["profile"]
            and card == stay["devices"][0]
            and place[0] <= left + 0.02
            and place[2] >= right - 0.02
            and place[1] == pytest.approx(top, abs=0.02)
            for profile, card, place in slices
        ), stay


def test_waits_are_drawn_from_when_a_job_could_start(drawn, answer):
    waits = {rect.get("data-job"): sides(rect) for rect in of(drawn, "wait")}
    waited = {row["job"]: row for row in answer["rows"] if row["waited_s"] and row["waited_s"] >= 1}
    assert set(waits) == set(waited) and waited
    for job, row in waited.items():
        assert waits[job][0] == pytest.approx(x_of(answer, row["ready_s"]), abs=0.02)
        assert waits[job][2] == pytest.approx(x_of(answer, row["started_s"]), abs=0.02)


def test_the_curve_is_under_the_limit(drawn, answer):
    def ys(look):
        (line,) = of(drawn, look, "polyline")
        return [float(point.split(",")[1]) for point in line.get("points").split()]

    assert max(watts for _, watts in answer["watts"]) <= 6000
    assert min(ys("draw")) >= min(ys("limit"))  # y grows downwards
    times = [at_s for at_s, _ in answer["watts"]] + [answer["end_s"]]
    seen = sum(until_s - at_s > 360 for at_s, until_s in itertools.pairwise(times))
    assert len(ys("draw")) >= 2 * seen > 30


def test_titles_say_who_where_and_when(drawn, answer):
    titles = {rect.get("data-job"): rect.find(SVG + "title").text for rect in of(drawn, "stay")
              if rect.get("data-job")}  # fmt: skip
    row = next(row for row in answer["rows"] if row["name"] == "pretrain")
    assert titles[row["job"]].splitlines()[0] == "pretrain"
    assert "Mon 19:00 to Tue 08:00, 13 h 00 min" in titles[row["job"]]


def test_names_cannot_leave_their_place(answer):
    odd = '</svg><script>alert(1)</script>"&'
    rows = [{**row, "name": odd, "group": odd} for row in answer["rows"]]
    text = page({**answer, "name": odd, "rows": rows})
    assert "<script" not in text
    ET.fromstring(svg(scene({**answer, "rows": rows})))


def test_the_page_needs_nothing_else(answer):
    text = page(answer)
    assert "modelled" in text and "prefers-color-scheme" in text
    assert text.replace("http://www.w3.org/2000/svg", "").count("http") == 0
    assert "src=" not in text and "<link" not in text


def test_a_strip_is_as_high_as_the_card_is_used(answer):
    days, *cards = strips(answer)
    assert [name for name, _ in cards] == [f"gpu{n}" for n in range(10)]
    assert days[1].split() == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert {len(strip) for _, strip in cards} == {63}
    last = dict(cards)["gpu9"]
    assert "████" in last and last.endswith("···")


def test_the_png_is_a_picture(answer, tmp_path):
    draw(tmp_path / "plan.png", scene(answer))
    data = (tmp_path / "plan.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == (2416, round((scene(answer).height + 54) * 2))
    assert 50_000 < len(data) < 2_000_000


def test_a_long_plan_has_few_lines():
    text = 'days = 1\n[[job]]\nname = "long"\ngpus = 1\ntime = "300d"\n'
    found = Planner(Describer(ROOT)).plan(text, "w.toml", box("1xL40S"), no_limits())
    drawn = ET.fromstring(svg(scene(found)))
    assert 10 < len(of(drawn, "day", "line")) <= 28
    assert "day 12" in [text.text for text in of(drawn, "tick", "text")]


def test_a_box_without_cards_and_a_plan_of_hours():
    text = 'days = 1\n[[job]]\nname = "c"\ncores = 2\ntime = "90m"\nat = "Mon 22:00"\n'
    found = Planner(Describer(ROOT)).plan(text, "w.toml", box("cpu"), no_limits())
    drawn = ET.fromstring(svg(scene(found)))
    (bar,) = [rect for rect in of(drawn, "stay") if rect.get("data-job")]
    assert sides(bar)[0] == pytest.approx(LEFT, abs=NEAR)
    assert found["figures"]["peak_w"] is found["figures"]["kwh"] is None
    assert "n/a" in page(found) and not of(drawn, "draw", "polyline")
    assert "Mon 22:00" in [text.text for text in of(drawn, "tick", "text")]
