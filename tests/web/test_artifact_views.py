"""Artifacts as what they are: by kind and name, and never as anything that could act."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tenfold.web.draw import artifact, gallery, history, job_facts, table
from tenfold.web.draw.compared import called, offered, tables
from tenfold.web.draw.shape import Shape, address, shape
from tenfold.web.parts.artifact_reads import figure_in, written
from tenfold.web.words import words

EVIL = "<script>alert(1)</script>\"'"
t = words("en")


def made(path: str, kind: str = "data", **more: Any) -> dict[str, Any]:
    return {"path": path, "kind": kind, "title": EVIL, "bytes": 1234, **more}


@pytest.mark.parametrize(
    ("path", "kind", "wanted"),
    [
        ("artifacts/a.PNG", "image", Shape.IMAGE),
        ("artifacts/a.svg", "data", Shape.IMAGE),
        ("artifacts/a.csv", "table", Shape.TABLE),
        ("artifacts/a.csv", "mesh", Shape.MESH),
        ("artifacts/a.csv", "points", Shape.MESH),
        ("artifacts/a.json", "plot", Shape.FIGURE),
        ("artifacts/a.json", "table", Shape.TABLE),
        ("artifacts/a.json", "data", Shape.TEXT),
        ("artifacts/a.html", "data", Shape.PAGE),
        ("artifacts/a.stl", "data", Shape.MESH),
        ("artifacts/strange", "text", Shape.TEXT),
        ("artifacts/strange", "image", Shape.DATA),
        ("artifacts/a.npz", "data", Shape.DATA),
    ],
)
def test_shape(path: str, kind: str, wanted: Shape) -> None:
    assert shape(path, kind) is wanted
    assert shape(path, kind, folder=True) is Shape.FOLDER


@pytest.mark.parametrize("draw", [artifact.image, artifact.video, artifact.audio, artifact.page])
def test_nothing_of_an_artifact_is_html_of_ours(draw: Any) -> None:
    html = draw(t, "3", made('artifacts/a"><b>.png', "image"))
    assert "<script" not in html and "<b>" not in html
    assert "/api/jobs/3/artifacts/artifacts/a%22%3E%3Cb%3E.png" in html


def test_a_page_runs_in_a_sandbox_without_our_origin() -> None:
    html = artifact.page(t, "3", made("artifacts/p.html"))
    assert 'sandbox="allow-scripts"' in html and "allow-same-origin" not in html


def test_an_address_has_no_way_out() -> None:
    assert address("3/../4", "a b?#.txt") == "/api/jobs/3%2F..%2F4/artifacts/a%20b%3F%23.txt"


def test_a_file_that_is_gone_or_too_large_says_so() -> None:
    assert t("artifacts.gone") in artifact.caption(t, "3", made("a.bin", bytes=None))
    huge = artifact.image(t, "3", made("a.png", "image", bytes=50_000_000))
    assert "<img" not in huge and "50 MB" in huge


def test_a_table_has_its_first_rows_and_its_numbers_on_the_right() -> None:
    data = "name,speed\n" + "".join(f"r{n},{n * 1.5}\n" for n in range(500))
    found = table.read(data.encode(), "a.csv", whole=True)
    assert found.heads == ("name", "speed") and len(found.rows) == 200 and found.more
    html = table.table_html(found, "x")
    assert '<th scope="col"><button' in html and '<th scope="col" class="right"><button' in html
    assert '<td class="right">298.5</td>' in html and "r200" not in html


def test_a_table_that_is_cut_loses_only_its_last_line() -> None:
    found = table.read(b"a,b\n1,2\n3,4", "a.csv", whole=False)
    assert found.rows == (("1", "2"),) and found.more


def test_tables_of_other_shapes() -> None:
    rows = b'{"a": 1, "b": "x"}\n{"a": 2, "c": [1]}\n'
    found = table.read(rows, "a.jsonl", whole=True)
    assert found.heads == ("a", "b", "c") and found.rows == (("1", "x", ""), ("2", "", "[1]"))
    assert table.read(b"a\tb\n1\t2\n", "a.tsv", whole=True).rows == (("1", "2"),)
    assert table.read(b"a;b\n1,5;2\n", "a.csv", whole=True).rows == (("1,5", "2"),)
    uneven = table.read(b"a,b\n1\n1,2,3\n", "a.csv", whole=True)
    assert uneven.rows == (("1", "", ""), ("1", "2", "3"))


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x81", b"a\0b", b"{}", b"[1, 2]"])
def test_what_is_no_table_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        table.read(data, "a.json" if data[:1] in (b"{", b"[") else "a.csv", whole=True)


def test_a_cell_is_text() -> None:
    html = table.table_html(table.read(f"a\n{EVIL}\n".encode(), "a.csv", whole=True), EVIL)
    assert "<script" not in html


def test_markdown_shows_html_as_it_is_written_and_leads_to_no_script() -> None:
    html = written("# Notes\n\n<img src=x onerror=alert(1)> [a](javascript:alert(1)) **b**")
    assert "<img" not in html and "javascript:" not in html and "<strong>b</strong>" in html


def test_a_figure_of_plotly_carries_no_code() -> None:
    bad = {"data": [{"x": [1], "type": "scatter", ":y": "alert(1)"}], "layout": {":z": "alert(1)"}}
    found = figure_in(json.dumps({**bad, "config": {"x": 1}, ":data": "alert(1)"}).encode())
    assert found is not None and "alert" not in json.dumps(found)
    assert found["data"] == [{"x": [1], "type": "scatter"}] and "x" not in found["config"]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"data": []}', '{"data": [1]}', '{"data": 3}'])
def test_what_is_no_figure_is_none(text: str) -> None:
    assert figure_in(text.encode()) is None


def test_the_gallery_has_a_heading_for_each_day_and_none_twice() -> None:
    day_s = 86400.0
    one = {**made("artifacts/a.png", "image"), "job": "3", "name": EVIL, "workload": "x"}
    cards = [{**one, "at_s": 40 * day_s + 43200 - n * day_s / 2} for n in range(4)]
    html = gallery.days(t, cards, 200 * day_s, "")
    days = {gallery.day_of(card) for card in cards}
    assert html.count("<h2>") == len(days) and html.count("<ul") == html.count("</ul>")
    assert "<script" not in html and 'loading="lazy"' in html
    again = gallery.days(t, cards[-1:], 200 * day_s, gallery.day_of(cards[-1]))
    assert "<h2>" not in again and again.count("<ul") == 1


def test_history_tells_changes_and_gathers_files() -> None:
    def event(kind: str, **more: Any) -> dict[str, Any]:
        return {"kind": kind, "at_s": 1000.0, "attempt": 2, "job": "3", **more}

    events = [
        event("change", change="submit"),
        event("change", change="start"),
        *[event("artifact", path=f"{n}") for n in range(3)],
        event("note", text=EVIL),
        event("change", change="requeue", reason=EVIL),
        event("cap", watts=3),
    ]
    html = history.timeline(t, events, 2000.0)
    assert html.count("<li") == 5 and "<script" not in html
    assert t("job.made", n=3) in html and t("job.attempt_n", n=2) in html
    long = history.timeline(t, [event("note", text=f"n{n}") for n in range(500)], 2000.0)
    assert long.count("<li") == history.MOST + 1 and t("job.history_left", n=440) in long


def test_a_result_says_what_holds_and_a_failure_where() -> None:
    outcome = {
        "result": {"summary": EVIL, "figures": {"a_b": {"c": 1.5}, "cases": [{"x": 2}]}},
        "verdict": {"holds": False, "sentence": EVIL},
        "error": f"Traceback {EVIL}",
    }
    html = job_facts.outcome_html(t, {"state": "failed", "outcome": outcome, "reason": ""})
    assert "<script" not in html and 'data-verdict="false"' in html
    assert t("job.holds_not") in html and "a b · c" in html and "cases · x" in html


def test_progress_has_its_share_step_and_eta() -> None:
    row = {
        "id": "3", "state": "running", "started_s": 900.0, "changed_s": 900.0, "share": 0.255,
        "eta_s": 1060.0, "place": "gpu0", "why": "", "url": None,
        "progress": {"done": 255, "total": 1000, "unit": "step", "rate": 12.5},
    }  # fmt: skip
    html = job_facts.state_html(t, row, 1000.0)
    assert 'aria-valuenow="26"' in html or 'aria-valuenow="25"' in html
    assert "step 255 of 1,000" in html and "12.5 step/s" in html and "1 min left" in html


def test_jobs_beside_one_another() -> None:
    def job(number: str, **params: Any) -> dict[str, Any]:
        spec = {"params": params, "size": "smoke", "workload": "w"}
        return {"id": number, "name": "w", "state": "succeeded", "spec": spec, "outcome": None}

    html = tables(t, [job("1", a=1, same=2), job("2", a=3, same=2)])
    assert ">a</th>" in html and ">same</th>" not in html
    assert called([job("1"), job("2")]) == {"1": "#1", "2": "#2"}
    rows = [
        {"id": n, "workload": w, "submitted_s": s}
        for n, w, s in (("1", "x", 1.0), ("2", "y", 2.0), ("3", "x", 3.0), ("4", "y", 4.0))
    ]
    assert [row["id"] for row in offered(rows, ["1"])] == ["1", "3", "4", "2"]
