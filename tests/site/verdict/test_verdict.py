"""The three answers, and what to change first."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from tenfold.hardware.declared import box
from tenfold.site.settings import Circuit, Cooling, CoolingKind, Quiet, SiteConfig, Span
from tenfold.site.verdict.verdict import Verdict, verdict
from tenfold.terms.wire import to_json

TEN = "10xH100-PCIe"  # 10 x 350 W + 2 200 W = 5 700 W at worst
NIGHT = Span(from_min=22 * 60, until_min=7 * 60)


def of(name: str = TEN, **settings: Any) -> Verdict:
    return verdict(box(name), SiteConfig(**settings))


def answer(found: Verdict, question: str) -> tuple[str, float | None]:
    one = next(one for one in found.answers if one.question == question)
    return one.answer, None if one.cap is None else one.cap.value


def test_who_says_nothing_is_told_so_and_promised_nothing() -> None:
    found = of()
    assert [one.answer for one in found.answers] == ["unknown"] * 3
    assert found.first == ()
    assert "240 V 30 or 40 or 50 A" in found.answers[0].sentence
    assert "nobody publishes a noise level" in found.answers[2].sentence
    assert len(found.to_say) == 5


def test_the_wall_takes_it_with_a_cap() -> None:
    """208 V x 30 A x 0.8 = 4 992 W, less 2 200 W, over ten cards: 279.2 W."""
    found = of(circuits=(Circuit("cellar", 208, 30),))
    assert answer(found, "wall") == ("yes with a cap", 279.0)
    (first,) = found.first
    assert "4 992 W of 5 700 W" in first and "279 W" in first
    assert "240 V 30 A (5 760 W)" in first  # the smallest common circuit that carries it


def test_a_cap_is_not_below_the_knee() -> None:
    """0.58 x 350 = 203 W a card: 4 230 W of the box is the least that runs whole."""
    assert answer(of(watts=4230.0), "wall") == ("yes with a cap", 203.0)
    found = of(watts=4229.0)
    assert answer(found, "wall") == ("no", None)
    assert found.wall.cap is not None and found.wall.cap.running.value == 9
    assert "Only 9 cards" in found.answers[0].sentence


def test_not_even_the_idle_box() -> None:
    """2 200 W + 10 x 80 W idle = 3 000 W."""
    found = of(watts=2999.0)
    assert answer(found, "wall") == ("no", None)
    assert "Not even the idle box fits (3 000 W)" in found.answers[0].sentence
    assert "switch it off" in found.first[0]
    assert of(watts=3000.0).wall.cap.running.value == 0  # type: ignore[union-attr]


def test_room_and_neighbours_have_caps_of_their_own() -> None:
    found = of(
        cooling=Cooling(CoolingKind.AIR_CONDITIONER, watts=5000.0),
        quiet=(Quiet(NIGHT, watts=4500.0),),
    )
    assert answer(found, "room") == ("yes with a cap", 280.0)
    assert answer(found, "neighbours") == ("yes with a cap", 230.0)
    assert [line.split()[0] for line in found.first] == ["Quiet", "Room"]  # the largest first


def test_the_quietest_hours_count() -> None:
    found = of(quiet=(Quiet(NIGHT, watts=5000.0), Quiet(NIGHT, watts=4500.0)))
    assert answer(found, "neighbours") == ("yes with a cap", 230.0)


def test_at_most_five_things_are_to_be_changed() -> None:
    quiet = tuple(Quiet(NIGHT, watts=1000.0 * n) for n in range(1, 8))
    found = of(watts=4000.0, quiet=quiet)
    assert len(found.first) == 5 and "1 000 W of 5 700 W" in found.first[0]


def test_a_year_that_is_too_dear_is_told() -> None:
    found = of(yearly_kwh=20_000.0)
    assert len(found.first) == 1 and "32 948 of the 20 000 kWh" in found.first[0]
    assert of(yearly_kwh=33_000.0).first == ()


def test_nothing_is_promised_where_the_host_is_unknown() -> None:
    found = of("4xL40S", watts=20_000.0)
    assert answer(found, "wall") == ("unknown", None)
    assert "host_watts" in found.answers[0].sentence and "host_watts" in found.to_say[0]
    assert answer(of("4xL40S", watts=20_000.0, host_watts=600.0), "wall") == ("yes", None)
    # What does not even fit without the host does not fit with it.
    assert answer(of("4xL40S", watts=200.0), "wall") == ("no", None)


def test_a_box_without_watts_is_unknown_everywhere() -> None:
    found = of("cpu", watts=500.0, cooling=Cooling(CoolingKind.ROOM, watts=500.0))
    assert {one.answer for one in found.answers} == {"unknown"}
    assert found.power.worst.value is None and found.money.always.kwh.value is None


def test_quiet_hours_in_dba_without_two_points_are_unknown() -> None:
    found = of(quiet=(Quiet(NIGHT, dba=40.0),))
    assert answer(found, "neighbours") == ("unknown", None)
    points = ((1000.0, 40.0), (10_000.0, 60.0))  # 20 dBA for a factor of ten
    loud = of(quiet=(Quiet(NIGHT, dba=54.0),), noise=points)
    assert loud.noise.quiet[0].allowed.value == pytest.approx(10 ** (3 + 14 / 20))
    assert answer(loud, "neighbours") == ("yes with a cap", 281.0)
    assert loud.noise.at_worst.value == pytest.approx(40 + 20 * math.log10(5.7))


def test_every_figure_has_a_source_and_goes_over_the_wire() -> None:
    for name in (TEN, "8xH100-SXM+2xH100-SXM", "cpu", "3xL40S"):
        for settings in ({}, {"circuits": (Circuit("a", 208, 60, 3),), "watts": 9000.0}):
            told = to_json(of(name, **settings))
            figures = list(_figures(json.loads(json.dumps(told))))
            assert len(figures) > 60
            for figure in figures:
                assert figure["source"], figure
                assert (figure["value"] is None) == (figure["basis"] == "unknown"), figure


def _figures(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"value", "unit", "source", "basis"}:
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _figures(inner)
