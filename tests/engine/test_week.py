"""The week file: what it means, and that whatever is wrong in it is told with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tenfold.engine.week import MOST_JOBS, Asked, read
from tenfold.engine.week_times import duration_s, moment, words
from tenfold.terms.refusal import Refusal

ROOT = Path(__file__).parents[2]
HOUR, DAY = 3600.0, 86_400.0


def asked(text: str) -> list[Asked]:
    return list(read(text, "week.toml").asked)


def job(**fields: str) -> str:
    """One [[job]] on a card for an hour; fields as TOML, "" leaves one out."""
    told = {"name": '"one"', "gpus": "1", "time": '"1h"', **fields}
    lines = [f"{name} = {value}" for name, value in told.items() if value]
    return "\n".join(["[[job]]", *lines, ""])


def refused(text: str) -> Refusal:
    with pytest.raises(Refusal) as told:
        read(text, "week.toml")
    return told.value


# --- times


@pytest.mark.parametrize(
    ("text", "at_s"),
    [
        ("Mon 09:00", 9 * HOUR),
        ("sunday 23:30", 6 * DAY + 23.5 * HOUR),
        ("+2h", 10 * HOUR),
        ("+1h30m", 9.5 * HOUR),
        ("18:30", 18.5 * HOUR),
        ("07:00", DAY + 7 * HOUR),  # before the base: the next day's
        ("08:00", 8 * HOUR),
    ],
)
def test_a_moment_is_the_first_after_its_base(text: str, at_s: float) -> None:
    assert moment(text).at_s(0.0, 8 * HOUR) == at_s


def test_a_day_before_the_start_is_the_next_weeks() -> None:
    assert moment("Mon 09:00").at_s(2 * DAY, 2 * DAY) == 7 * DAY + 9 * HOUR


@pytest.mark.parametrize("text", ["", "Mon", "Mon 24:00", "Mon 9:60", "Fun 09:00", "+", 9, None])
def test_what_is_no_moment(text: object) -> None:
    with pytest.raises(ValueError):
        moment(text)


@pytest.mark.parametrize(("value", "spent_s"), [("6h", 21600), (90, 90), ("1d2h", 93600)])
def test_durations(value: object, spent_s: float) -> None:
    assert duration_s(value) == spent_s


@pytest.mark.parametrize("value", ["0s", "-1h", "soon", 0, True, None, "1h 30m"])
def test_what_is_no_duration(value: object) -> None:
    with pytest.raises(ValueError):
        duration_s(value)


def test_words_of_a_moment() -> None:
    assert words(8 * DAY + 18.5 * HOUR) == "Tue 18:30"


# --- what a file means


def test_copies_and_days_are_numbered_in_the_order_of_the_file() -> None:
    text = job(name='"a"', count="2") + job(name='"b"', every='"weekdays"', at='"Thu 09:00"')
    found = asked(text)
    assert [one.id for one in found] == ["1", "2", "3", "4"]
    assert [one.name for one in found] == ["a 1/2", "a 2/2", "b Thu", "b Fri"]
    assert [one.at_s for one in found] == [0, 0, 3 * DAY + 9 * HOUR, 4 * DAY + 9 * HOUR]


def test_daily_goes_on_to_the_end_of_the_plan() -> None:
    text = 'starts = "Tue 12:00"\ndays = 3\n' + job(every='"daily"', at='"09:00"')
    assert [one.name for one in asked(text)] == ["one Wed", "one Thu", "one Fri"]


def test_after_means_all_copies_and_of_two_that_repeat_the_same_day() -> None:
    text = (
        job(name='"a"', every='"daily"', count="2")
        + job(name='"b"', every='"daily"', after='"a"')
        + job(name='"c"', after='["a", "b"]')
    )
    text = "days = 2\n" + text
    by_name = {one.name: one for one in asked(text)}
    assert by_name["b Mon"].after == ("1", "2")
    assert by_name["b Tue"].after == ("3", "4")
    assert by_name["c"].after == ("1", "2", "3", "4", "5", "6")
    assert by_name["c"].at_s == DAY  # when the last of them has been asked for


def test_a_job_may_come_after_one_that_stands_below() -> None:
    found = asked(job(name='"b"', after='"a"') + job(name='"a"', at='"+2h"'))
    assert [(one.name, one.at_s, one.after) for one in found] == [
        ("b", 2 * HOUR, ("2",)),
        ("a", 2 * HOUR, ()),
    ]


def test_deadline_and_earliest_start_count_from_when_it_is_asked_for() -> None:
    (one,) = asked(job(at='"Mon 21:00"', **{"not-before": '"22:00"', "by": '"+10h"'}))
    assert (one.not_before_s, one.by_s) == (22 * HOUR, DAY + 7 * HOUR)
    (one,) = asked(job(deadline='"Tue 07:00"'))
    assert one.by_s == DAY + 7 * HOUR


def test_the_example_and_the_docs_are_weeks() -> None:
    found = asked((ROOT / "examples" / "owner-week.toml").read_text())
    assert 40 <= len(found) <= 60
    page = (ROOT / "docs" / "plan-before-you-buy.md").read_text()
    (block,) = re.findall(r"^```toml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert len(asked(block)) == 1 + 1 + 3 + 5 + 1


# --- what is wrong


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", "week.file", "no [[job]]"),
        ("[[job]\n", "week.file", "line 1"),
        ("job = 3\n", "week.field", "[[job]]"),
        ("job = [3]\n", "week.field", "table"),
        ("jobs = 3\n", "week.unknown", "nearest is job"),
        ('starts = "+2h"\n' + job(), "week.field", "Mon 08:00"),
        ("days = 0\n" + job(), "week.field", "from 1 to 28"),
        (job(gpu="1"), "week.unknown", "nearest is gpus"),
        (job(gpus="0"), "week.field", "from 1"),
        (job(gpus="1.5"), "week.field", "whole number"),
        (job(time='"long"'), "week.field", "duration"),
        (job(time=""), "week.job", "how long"),
        (job(gpus=""), "week.job", "gpus, slice or cores"),
        (job(slice='"1g.10gb"'), "week.field", "one of them"),
        (job(cores="2"), "week.field", "host's cores"),
        (job(memory_gib="-1"), "week.field", "above 0"),
        (job(count="true"), "week.field", "whole number"),
        (job(at='"Fun 09:00"'), "week.field", "'fun' is no day"),
        (job(every='"hourly"'), "week.field", "daily, weekdays"),
        (job(at='"+8d"'), "week.field", "plan ends before"),
        (job(every='"daily"', by='"Fri 18:00"'), "week.field", "each day"),
        (job(by='"Mon 10:00"', at='"Mon 12:00"'), "week.field", "asked for only at Mon 12:00"),
        (job(by='"+2h"', not_before='"+3h"'), "week.field", "earliest start is Mon 03:00"),
        (job(by='"+2h"', deadline='"+3h"'), "week.field", "one of the two"),
        (job(kind='"demon"'), "week.field", "service"),
        (job(kind='"service"'), "week.field", "end of the plan"),
        (job(kind='"service"', time="", by='"+2h"'), "week.field", "never done"),
        (job(yields='"yes"'), "week.field", "true or false"),
        (job(priority="1001"), "week.field", "-1000"),
        (job(size='"full"'), "week.field", "workload"),
        (job(params="3"), "week.field", "table"),
        (job(params="{ day = 2026-11-23 }"), "week.field", "finite numbers"),
        (job(params="{ x = nan }"), "week.field", "finite numbers"),
        (job(time='"900d"'), "week.field", "a year at most"),
        ("x = " + "[" * 5000, "week.file", "not TOML"),
        (job(after='"two"'), "week.field", "No job is called so"),
        (job(after="[]"), "week.field", "names of jobs"),
        (job(name='"a"') + job(name='"a"'), "week.field", "line 1 has it already"),
        (job(after='"one"'), "week.field", "one → one"),
        (job(count="5001"), "week.field", str(MOST_JOBS)),
        (job(count="3000", every='"daily"'), "week.file", "21000 jobs"),
        (
            job(name='"s"', kind='"service"', time="") + job(after='"s"'),
            "week.field",
            "never ends",
        ),
    ],
)
def test_what_is_wrong_is_told(text: str, code: str, words: str) -> None:
    told = refused(text)
    assert (told.code, words in told.why) == (code, True), (told.code, told.what, told.why)
    assert "week.toml" in told.what + told.next


def test_a_circle_is_told_in_full() -> None:
    text = "".join(
        job(name=f'"{name}"', after=f'"{after}"') for name, after in ("ab", "bc", "ca", "da")
    )
    told = refused(text)
    assert told.code == "week.field"
    assert any(way in told.why for way in ("a → b → c → a", "b → c → a → b", "c → a → b → c"))


def test_the_line_is_the_fields_own() -> None:
    text = "# a week\n\n" + job() + "\n" + job(name='"two"', at='"noon"')
    told = refused(text)
    assert "'at' of job 'two' (week.toml, line 8)" in told.what
    assert told.next == "edit week.toml, line 12"


def test_jobs_in_a_plain_list_are_read_and_only_their_lines_are_not_told() -> None:
    assert len(asked('job = [{ gpus = 1, time = "1h" }]')) == 1
    assert refused('job = [{ gpus = 0, time = "1h" }]').next == "edit week.toml"
