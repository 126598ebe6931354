"""The history of energy: bars of days and weeks, words for how it is known, rows as a file."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import unquote

import pytest

from tenfold.web.draw.energy import bars, bars_svg, basis_words, csv_link, energy_table
from tenfold.web.words import words

T = words("en")
NOW_S = 1_790_000_000.0  # 2026-09-21 14:13 UTC


def row(**more):
    return {"kwh": 1.0, "money": 0.3, "priced": 1.0, "basis": {"counter": 1.0}, "gpu_hours": 2.0,
            "hours": 2.0, "unknown_hours": 0.0, "cloud_money": 5.0, **more}  # fmt: skip


def by_day(days, *rows):
    return {"by": "day", "days": days, "now_s": NOW_S, "currency": "EUR", "rows": list(rows)}


def day(name, jobs, idle, host, money=1.0):
    return {"day": name, "jobs_kwh": jobs, "idle_kwh": idle, "host_kwh": host, "money": money}


def test_days_on_which_nothing_was_counted_have_a_place():
    found = bars(by_day(7, day("2026-09-20", 2.0, 1.0, 3.0)), "UTC")
    assert [one.day.isoformat() for one in found] == [f"2026-09-{n}" for n in range(15, 22)]
    assert [one.kwh for one in found] == [0, 0, 0, 0, 0, 6.0, 0]
    assert (found[5].jobs, found[6].jobs, found[6].money) == (2.0, None, None)


def test_many_days_are_put_together_by_weeks_that_end_today():
    rows = [day(f"2026-09-{n}", 1.0, None, 2.0) for n in range(15, 22)]
    found = bars(by_day(365, *rows), "UTC")
    assert sum(one.days for one in found) == 365
    assert (found[-1].days, found[0].days) == (7, 1)
    assert (found[-1].jobs, found[-1].idle, found[-1].host, found[-1].money) == (7, None, 14, 7)
    assert found[-2].kwh == 0


def test_today_is_that_of_the_place():
    assert bars(by_day(7), "Asia/Tokyo")[-1].day.isoformat() == "2026-09-21"
    late = {**by_day(7), "now_s": NOW_S + 2 * 3600}
    assert bars(late, "Asia/Tokyo")[-1].day.isoformat() == "2026-09-22"


def test_the_parts_of_a_bar_stand_on_one_another_in_proportion():
    svg = bars_svg(T, bars(by_day(7, day("2026-09-21", 2.0, 1.0, 3.0)), "UTC"), "EUR", height=230)
    parts = {
        name: (float(y), float(tall))
        for name, y, tall in re.findall(
            r'<rect class="(jobs|idle|host)" x="[^"]+" y="([^"]+)" width="[^"]+" height="([^"]+)"',
            svg,
        )
    }
    floor = 230 - 26
    assert parts["jobs"][0] + parts["jobs"][1] == pytest.approx(floor, abs=0.2)
    assert parts["idle"][0] + parts["idle"][1] == pytest.approx(parts["jobs"][0], abs=0.2)
    assert parts["host"][1] == pytest.approx(3 * parts["idle"][1], abs=0.3)
    assert parts["host"][0] == pytest.approx(12 + (floor - 12) * 0.08 / 1.08, abs=0.3)
    assert "6 kWh in all" in svg


def test_no_energy_at_all_is_no_division_by_it():
    assert "0 in all" in bars_svg(T, bars(by_day(7), "UTC"), None).replace("0 Wh", "0")


def test_how_it_is_known_is_said_in_words():
    assert basis_words(T, row()) == "energy counter"
    both = row(basis={"counter": 3.0, "modelled": 1.0}, unknown_hours=1.5)
    assert basis_words(T, both) == "energy counter 75 %, modelled 25 %, unknown for 1 h 30 min"
    assert basis_words(T, row(basis={}, unknown_hours=0.0)) == "–"


def test_a_row_says_what_nobody_knows_as_that():
    rows = [
        row(job="7", name="<b>mine</b>", workload="w", priced=0.5),
        row(job="8", name="n", workload="w", kwh=None, money=None, priced=None, cloud_money=None),
    ]
    table = energy_table(T, {"by": "job", "currency": "EUR", "rows": rows}, {})
    first, second = re.findall(r"<tr>(.*?)</tr>", table)[1:]
    assert '<a href="/job/7">&lt;b&gt;mine&lt;/b&gt;</a>' in first
    assert "0.30 EUR (for 50 % of it)" in first and "5.00 EUR" in first
    assert second.count(">–<") == 3


def test_the_file_has_the_numbers_and_no_formula():
    rows = [
        row(job="7", name="=1+1", workload="a,b"),
        row(job="8", name="n", workload="w", kwh=None),
    ]
    head, _, body = csv_link({"by": "job", "rows": rows}).partition(",")
    assert head == "data:text/csv;charset=utf-8"
    first, second = csv.DictReader(io.StringIO(unquote(body)))
    assert (first["name"], first["workload"], float(first["kwh"])) == ("'=1+1", "a,b", 1.0)
    assert second["kwh"] == ""
