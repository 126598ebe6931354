"""What is told to be wrong, case by case, and that nothing is told of a box that is well."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from tenfold.engine.troubles import TEXTS, Seen, Severity, troubles
from tenfold.terms.box import Aside, Box, Device, DeviceKind, Node
from tenfold.terms.job import Job, JobSpec, Kind
from tenfold.terms.reading import (
    BRAKED,
    SLOWED,
    TOO_HOT,
    TOO_WARM,
    DeviceReading,
    GpuLinks,
    GpuReading,
    Missing,
    PlaceReading,
    Reading,
)
from tenfold.terms.states import State

NO = Missing("not told")
NOW_S = 1000.0
CARD = Device("GPU-01234567-89ab", DeviceKind.GPU, "H100 PCIe", "host", 79.25)
CARD = replace(CARD, cap_w=350.0, cap_min_w=200.0, cap_max_w=350.0)


def reading(temperature_c: float = 60.0, power_w: float = 300.0, **gpu: Any) -> Reading:
    links = GpuLinks(NO, NO, NO, NO)
    told = GpuReading(350.0, NO, NO, (), (), links, ())
    told = replace(told, **gpu)
    return Reading(NOW_S, (DeviceReading(CARD.id, power_w, temperature_c, 1.0, 1.0, NO, told),))


def box(aside: str = "", **card: Any) -> Box:
    shown = replace(CARD, **card)
    node = Node("host", () if aside else (shown,), aside=(Aside(shown, aside),) if aside else ())
    return Box("b", (node,))


def service(**fields: Any) -> Job:
    spec = JobSpec("system.command", name="chat", kind=Kind.SERVICE)
    return replace(Job("7", spec, State.RUNNING, 0.0, 0.0), **fields)


def seen(**more: Any) -> Seen:
    return replace(Seen(box(), reading(), (), NOW_S, drawn_w=900.0, allowed_w=1000.0), **more)


def test_of_a_box_that_is_well_nothing_is_told() -> None:
    at_its_limit = reading(throttle=("at its power limit", "clocks set by hand"))
    well = service(healthy_s=1.0)
    starts = service(healthy_s=None)
    place = replace(at_its_limit, place=PlaceReading(20.0, NO, NO))
    assert troubles(seen(reading=place, jobs=(well, starts))) == []
    assert troubles(Seen(box(), None, (), NOW_S)) == []
    crashed_batch = replace(
        service(state=State.QUEUED, next_try_s=9e9), spec=JobSpec("a.b", kind=Kind.BATCH)
    )
    assert troubles(seen(jobs=(crashed_batch,), allowed_w=math.inf)) == []
    assert troubles(seen(drawn_w=None)) == [] and troubles(seen(drawn_w=1000.0)) == []


BAD, WARN = Severity.BAD, Severity.WARN
CASES: dict[str, tuple[dict[str, Any], str, Severity, str]] = {
    "heat": (
        {"reading": reading(88.0, throttle=("at its power limit", TOO_WARM))},
        "card.throttled",
        BAD,
        "GPU-01234567 is held down: too warm, at 88 °C.",
    ),
    "brake": (
        {"reading": reading(throttle=(BRAKED,))},
        "card.throttled",
        BAD,
        "GPU-01234567 is held down: the power supply asks for less, at 60 °C.",
    ),
    "hardware": (
        {"reading": reading(throttle=(SLOWED, TOO_HOT))},
        "card.throttled",
        BAD,
        "GPU-01234567 is held down: slowed by the hardware, too hot, at 60 °C.",
    ),
    "hot": ({"reading": reading(84.0)}, "card.hot", BAD, "84 °C and is to stay below 83 °C"),
    "relieved": (
        {"box": box(ceiling_w=276.0), "relieved": {CARD.id: "it has 91 °C"}},
        "card.relieved",
        WARN,
        "GPU-01234567 is let cool off at 276 W at most: it has 91 °C.",
    ),
    "broke": (
        {"box": box("it broke: XID 79"), "relieved": {CARD.id: "XID 79"}},
        "card.aside",
        BAD,
        "GPU-01234567 takes no jobs: it broke: XID 79.",
    ),
    "as found": ({"box": box("it is in MIG mode")}, "card.aside", WARN, "takes no jobs: it is in"),
    "lost": (
        {"box": box("it does not answer: gone"), "lost": frozenset({CARD.id})},
        "card.lost",
        BAD,
        "GPU-01234567 is gone: it does not answer: gone.",
    ),
    "rows failed": ({"reading": reading(rows_failed=True)}, "card.ecc", BAD, "not be replaced"),
    "rows pending": ({"reading": reading(rows_pending=True)}, "card.ecc", WARN, "for a reset"),
    "overdraw": ({"box": box(overdraw=1.05)}, "card.overdraw", WARN, "draw 105% of its limit"),
    "others": ({"box": box(others=True)}, "card.others", WARN, "works on GPU-01234567."),
    "stuck": ({"stuck": {CARD.id: "it said no"}}, "limit.stuck", WARN, "be set: it said no."),
    "deaf": (
        {"jobs": (service(unhealthy_s=NOW_S - 30),)},
        "service.unhealthy",
        BAD,
        "Service chat has not answered for 30 s.",
    ),
    "crashed": (
        {"jobs": (service(state=State.QUEUED, next_try_s=NOW_S + 8, reason="exit status 1"),)},
        "service.down",
        BAD,
        "Service chat is down: it crashed, and is tried again: exit status 1.",
    ),
    "over": (
        {"drawn_w": 1234.0, "limit": "quiet hours"},
        "site.over",
        BAD,
        "It draws 1,234 W, and quiet hours allows 1,000 W.",
    ),
    "rights": ({"rights": "no helper"}, "rights.missing", WARN, "cannot be set: no helper."),
    "place": (
        {"reading": replace(reading(), place=PlaceReading(NO, NO, NO))},
        "place.unread",
        WARN,
        "The place is not read: not told.",
    ),
    "tick": ({"broken": "KeyError('x')"}, "tick.broken", BAD, "not looked after: KeyError('x')"),
}


@pytest.mark.parametrize("case", CASES)
def test_each_fault_is_told(case: str) -> None:
    fields, code, severity, words = CASES[case]
    (found,) = troubles(seen(**fields))
    assert (found.code, found.severity) == (code, severity)
    assert words in found.text
    where = {"card": CARD.id, "limit": CARD.id, "service": "7"}.get(code.partition(".")[0], "")
    assert found.of == where


def test_every_text_has_a_case() -> None:
    assert {code for _, code, _, _ in CASES.values()} == set(TEXTS)


def test_the_worst_comes_first() -> None:
    fields = {"rights": "no", "drawn_w": 2000.0, "broken": "x", "box": box(others=True)}
    found = [one.code for one in troubles(seen(**fields, reading=reading(99.0)))]
    assert found == ["tick.broken", "site.over", "card.hot", "card.others", "rights.missing"]


def test_a_card_that_stands_aside_may_be_held_down_as_well() -> None:
    told = seen(
        box=box("it is too hot: 99 °C"),
        relieved={CARD.id: "99 °C"},
        reading=reading(99.0, throttle=(TOO_WARM,)),
    )
    assert [one.code for one in troubles(told)] == ["card.aside", "card.throttled"]
    assert troubles(told)[1].facts == {"by": [TOO_WARM], "temperature_c": 99.0}
