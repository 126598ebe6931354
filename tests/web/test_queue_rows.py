"""The list of jobs: which, in which order, and what each row says and offers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tenfold.web.draw.orders import ASK, KEEP, SURE, orders_html, priority_html
from tenfold.web.draw.queue_order import ALL, chosen, counted, expected_s, held, ordered, starts
from tenfold.web.draw.queue_rows import cells, share_now
from tenfold.web.words import EN, words

T = words(EN)
NOW = datetime(2026, 3, 3, 10, 30).timestamp()


def row(id: str, state: str = "queued", **more: Any) -> dict[str, Any]:
    own = {
        "id": id,
        "name": f"job {id}",
        "workload": "a.b",
        "kind": "batch",
        "state": state,
        "priority": 0,
        "size": None,
        "parent": None,
        "submitted_s": NOW - 100,
        "started_s": None,
        "changed_s": NOW - 10,
        "place": None,
        "devices": [],
        "share": None,
        "eta_s": None,
        "why": "",
        "expected_s": None,
        "can": ["cancel", "pause", "priority"],
        "url": None,
    }
    return {**own, **more}


def drawn(of: dict[str, Any], **more: Any) -> dict[str, str]:
    told = {"now_s": NOW, "told_s": NOW, "expected_s": None, "title": "Title", "asking": False}
    return cells(T, of, **{**told, **more})


def ids(rows: Any) -> list[str]:
    return [one["id"] for one in rows]


def test_running_come_first_then_who_starts_first_then_the_newest_that_ended() -> None:
    rows = [
        row("old", "failed", changed_s=NOW - 900),
        row("new", "succeeded", changed_s=NOW - 5),
        row("paused", "paused"),
        row("unknown", submitted_s=NOW - 900),
        row("dear", priority=3),
        row("late", expected_s=NOW + 900),
        row("planned"),
        row("second", "running", started_s=NOW - 50),
        row("first", "yielding", started_s=NOW - 60),
    ]
    planned = {"planned": NOW + 60, "late": NOW + 1}
    assert ids(ordered(rows, planned)) == [
        *("first", "second"),
        *("planned", "late", "dear", "unknown", "paused"),
        *("new", "old"),
    ]


def test_a_start_is_the_promised_one_else_that_of_the_plan() -> None:
    plan = {
        "jobs": [
            {"id": "1", "state": "queued", "start_s": 5.0},
            {"id": "1", "state": "queued", "start_s": 9.0},
            {"id": "2", "state": "running", "start_s": 1.0},
        ]
    }
    assert starts(plan) == {"1": 5.0} and starts(None) == {}
    assert expected_s(row("1"), starts(plan)) == 5.0
    assert expected_s(row("1", expected_s=7.0), starts(plan)) == 7.0
    assert expected_s(row("1", "paused"), starts(plan)) is None


def test_a_choice_and_a_search_both_narrow() -> None:
    rows = [row("1"), row("2", "running"), row("13", "failed", name="Wind Tunnel")]
    assert ids(chosen(rows, "waiting", "", {})) == ["1"]
    assert ids(chosen(rows, ALL, "wind", {})) == ["13"]
    assert ids(chosen(rows, "running", "wind", {})) == []
    assert ids(chosen(rows, ALL, "#13", {})) == ["13"]
    assert ids(chosen(rows, ALL, "學 job", {"a.b": "語言學"})) == ["1", "2"]


def test_counts_are_of_all_jobs_by_choice() -> None:
    told = {"queued": 3, "asleep": 1, "running": 2, "starting": 1, "failed": 4, "cancelled": 5}
    assert counted(told) == {"running": 3, "waiting": 4, "done": 0, "failed": 9, "all": 16}


def test_while_held_nothing_moves_and_new_ones_come_last() -> None:
    rows = [row("a"), row("b", "succeeded"), row("new"), row("c")]
    assert ids(held(["c", "b", "gone", "a"], rows)) == ["c", "b", "a", "new"]


def test_a_bar_goes_on_between_two_looks_and_ends_at_its_end() -> None:
    runs = row("1", "running", share=0.5, eta_s=NOW + 100)
    assert share_now(runs, NOW, NOW) == 0.5
    assert share_now(runs, NOW + 50, NOW) == 0.75
    assert share_now(runs, NOW + 500, NOW) == 1.0
    assert share_now(row("1", "running", share=0.3), NOW + 50, NOW) == 0.3
    assert share_now(row("1", "running"), NOW, NOW) is None


def test_a_running_row_says_how_far_and_when() -> None:
    runs = row("1", "running", share=0.629, eta_s=NOW + 3600, place="gpu0", started_s=NOW - 9)
    found = drawn(runs)
    assert "62 %, done 11:30" in found["state"] and 'aria-valuenow="62"' in found["state"]
    assert "gpu0" in found["where"]
    assert "progressbar" not in drawn(row("1", "running", started_s=NOW - 60))["state"]


def test_a_waiting_row_says_why_and_when() -> None:
    found = drawn(row("1", why="no <b>card</b> is free"), expected_s=NOW + 3599)
    assert "starts 11:29, in 59 min" in found["state"]
    assert "no &lt;b&gt;card&lt;/b&gt; is free" in found["where"]
    assert "no start known yet" in drawn(row("1"))["state"]
    assert "starts now" in drawn(row("1"), expected_s=NOW + 20)["state"]


def test_within_a_minute_a_waiting_row_is_the_same_text() -> None:
    first = drawn(row("1"), expected_s=NOW + 3599)
    assert first == drawn(row("1"), now_s=NOW + 50, expected_s=NOW + 3599)
    assert first != drawn(row("1"), now_s=NOW + 61, expected_s=NOW + 3599)


def test_an_ended_row_says_when_and_how_long_and_no_place() -> None:
    found = drawn(row("1", "failed", started_s=NOW - 130, place="gpu3", why="it crashed"))
    assert "10:29, took 2 min" in found["state"]
    assert "gpu3" not in found["where"] and "it crashed" in found["where"]


def test_only_web_addresses_are_opened() -> None:
    assert 'href="http://127.0.0.1:9/x/"' in drawn(row("1", url="http://127.0.0.1:9/x/"))["where"]
    assert "href" not in drawn(row("1", url="javascript:alert(1)"))["where"]


def test_names_are_text_and_not_markup() -> None:
    found = "".join(drawn(row("1", name='"><script>')).values())
    assert "<script>" not in found


def test_a_row_offers_what_may_be_asked_and_no_more() -> None:
    assert orders(row("1")) == ["pause", "cancel"]
    assert orders(row("1", can=["retry"])) == ["retry"]
    assert orders(row("1", can=[])) == []
    assert orders(row("1"), asking=True) == [KEEP, SURE] and ASK != SURE
    assert "<button" not in priority_html(T, row("1", can=[], priority=4))
    assert priority_html(T, row("1", priority=1000)).count("disabled") == 1


def orders(of: dict[str, Any], asking: bool = False) -> list[str]:
    return [part.split('"')[0] for part in orders_html(T, of, asking).split('data-order="')[1:]]
