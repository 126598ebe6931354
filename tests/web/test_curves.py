"""Curves of a job: thinned with their peaks, what a chart of them is, the table beside it."""

from __future__ import annotations

import math

from tenfold.web.draw.curve import MOST, Curve, options, thinned, wants_log, xs
from tenfold.web.parts.curves import last_values
from tenfold.web.words import words


def test_a_curve_never_has_more_than_twice_what_is_drawn_and_keeps_its_peaks() -> None:
    line = Curve()
    for step in range(100_000):
        value = 1000.0 if step == 31_337 else -500.0 if step == 77_777 else math.sin(step)
        line.add([(step, step / 10, value)])
        assert len(line.points) <= 2 * MOST
    assert (line.highest, line.lowest) == (1000.0, -500.0)
    assert line.points[0][0] == 0 and line.last == (99_999, 9999.9, math.sin(99_999))
    steps = [step for step, _, _ in line.points]
    assert steps == sorted(set(steps))


def test_a_step_that_comes_again_takes_the_place_of_what_followed_it() -> None:
    line = Curve([(1, 1.0, 10.0), (2, 2.0, 20.0), (3, 3.0, 30.0)])
    line.add([(2, 9.0, 21.0)])
    assert line.points == [(1, 1.0, 10.0), (2, 9.0, 21.0)]
    line.add([(2, 9.5, 22.0)])
    assert line.points == [(1, 1.0, 10.0), (2, 9.5, 22.0)]


def test_what_is_no_number_is_left_out() -> None:
    assert Curve([(1, 1.0, math.nan), (2, 2.0, math.inf), (3, 3.0, 4.0)]).points == [(3, 3.0, 4.0)]


def test_thinned_keeps_the_ends_and_each_bucket_in_the_order_of_steps() -> None:
    points = [(step, 0.0, float(-step if step % 2 else step)) for step in range(1000)]
    kept = thinned(points, 100)
    assert len(kept) <= 100 and kept[0] == points[0] and kept[-1] == points[-1]
    assert [point[0] for point in kept] == sorted(point[0] for point in kept)
    assert max(point[2] for point in kept) == 998.0 and min(point[2] for point in kept) == -999.0


def test_a_logarithmic_scale_is_for_positive_curves_that_span_much() -> None:
    assert wants_log([Curve([(0, 0.0, 1.0), (1, 1.0, 0.009)])])
    assert not wants_log([Curve([(0, 0.0, 1.0), (1, 1.0, 0.011)])])
    assert not wants_log([Curve([(0, 0.0, 1000.0), (1, 1.0, 0.0)])])
    assert wants_log([Curve([(0, 0.0, 1.0)]), Curve([(0, 0.0, 101.0)])])
    assert not wants_log([])


def test_over_time_a_chart_counts_from_the_start_of_its_own_job() -> None:
    points = [(1, 100.0, 5.0), (2, 102.5, 6.0)]
    assert xs(points, True, 100.0) == [[0.0, 5.0], [2.5, 6.0]]
    assert xs(points, False, 100.0) == [[1, 5.0], [2, 6.0]]


def test_two_lines_are_told_apart_and_code_comes_from_here_alone() -> None:
    found = options([(":evil", [[1, 2.0]]), ("b", [[1, 3.0], [2, 4.0]])], True, True, " W")
    first, second = found["series"]
    assert first["lineStyle"]["color"] != second["lineStyle"]["color"]
    assert first["name"] == ":evil" and first["showSymbol"] and not second["showSymbol"]
    assert found["yAxis"]["type"] == "log"
    many = options([(str(n), []) for n in range(9)], False, False, "")["series"]
    looks = {(one["lineStyle"]["color"], one["lineStyle"]["type"]) for one in many}
    assert len(looks) == 9


def test_the_table_beside_a_chart_says_what_it_shows() -> None:
    line = Curve([(1, 1.0, 5.25), (2000, 2.0, 0.5)])
    html = last_values(words("en"), {"7": line}, {"7": "<b>"})
    assert "<td>0.5</td><td>0.5</td><td>5.25</td><td>2,000</td>" in html
    several = last_values(words("en"), {"7": line, "8": line}, {"7": "<b>", "8": "c"})
    assert "&lt;b&gt;</th>" in several and "<b>" not in several
