"""`make demo` at `smoke`: the real tour in a process of its own, and what makes a verdict fail."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faults.daemon import kill_marked

from tenfold.folder.paths import JobFolder

TOUR = Path(__file__).parents[2] / "examples" / "tour"
sys.path.insert(0, str(TOUR))

import charts  # noqa: E402
from crash import Crash, left_alone  # noqa: E402


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """(exit status, what it printed, its page) of one tour."""
    out = tmp_path_factory.mktemp("tour") / "out"
    argv = [sys.executable, str(TOUR), "--size", "smoke", "--out", str(out)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=240)
    kill_marked(str(out))
    page = out / "tour.html"
    return SimpleNamespace(
        status=done.returncode,
        said=done.stdout + done.stderr,
        page=page.read_text(encoding="utf-8") if page.exists() else "",
        home=out / "home",
    )


def test_every_verdict_holds(toured: Any) -> None:
    assert toured.status == 0, toured.said
    assert len(re.findall(r"^  (verdict|kill -9) +holds: ", toured.said, re.MULTILINE)) == 4


def test_the_daemon_was_killed_and_came_back(toured: Any) -> None:
    killed = re.search(r"^kill -9 (\d+): the daemon is gone", toured.said, re.MULTILINE)
    back = re.search(r"^A new daemon, process (\d+), is up", toured.said, re.MULTILINE)
    assert killed and back and killed[1] != back[1]
    assert re.search(r"all \d+ points of their\s+curves are in the ledger", toured.said)


def test_one_job_is_explained(toured: Any) -> None:
    assert re.search(r"^\$ tenfold explain \d\n\d .*(queued|running|starting)", toured.said, re.M)


def test_the_week_on_ten_cards_is_planned(toured: Any) -> None:
    assert "$ tenfold plan examples/owner-week.toml --box 10xH100-PCIe" in toured.said
    told = re.search(r"--site examples/one-circuit.toml\n  .* (\d+) W at most", toured.said)
    assert told and int(told[1]) <= 4992
    assert len(re.findall(r"^  gpu\d +[▁▂▃▄▅▆▇█·]{60,}$", toured.said, re.MULTILINE)) == 10
    assert "modelled</span>" in toured.page and "gpu9" in toured.page


def test_no_daemon_is_left(toured: Any) -> None:
    assert not (toured.home / "daemon.json").exists()


def test_the_page_needs_nothing_else(toured: Any) -> None:
    seen = _Page(toured.page)
    assert all(source.startswith("data:image/") for source in seen.sources)
    assert len(seen.sources) >= 2, "a picture of each workload"
    assert not {"script", "link", "iframe"} & seen.tags
    assert "url(" not in toured.page.split("</style>")[0]


def test_the_page_tells_every_job(toured: Any) -> None:
    for name in ("llm.pretrain", "simulate.cavity", "python train.py", "The daemon was killed"):
        assert name in toured.page
    assert toured.page.count("<span class=good>holds</span>") == 4
    assert "<polyline" in toured.page and "kill -9" in toured.page


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]


# --- the verdict on the crash, with faults planted


@dataclass
class Told:
    """A job as its handle shows it."""

    id: str
    folder: JobFolder
    attempt: int
    metrics: dict[str, list[tuple[int, float, float]]]

    @property
    def job(self) -> Told:
        return self


def told(tmp_path: Path, attempt: int = 1, lose: int | None = None) -> Told:
    """Five points, one a second from 100 on; the ledger may have lost one."""
    folder = JobFolder(tmp_path)
    folder.attempt(1).mkdir(parents=True)
    lines = [
        {"at": 100.0 + step, "kind": "metrics", "step": step, "values": {"loss": 1.0}}
        for step in range(5)
    ]
    text = "".join(json.dumps(line) + "\n" for line in [{"at": 99, "kind": "began"}, *lines])
    folder.events(1).write_text(text)
    curve = [(step, 100.0 + step, 1.0) for step in range(5) if step != lose]
    return Told("1", folder, attempt, {"loss": curve})


CRASH = Crash(10, 101.5, 11, 103.5, {"1": 20}, {"1": 20})


def test_nothing_lost(tmp_path: Path) -> None:
    verdict = left_alone(CRASH, [told(tmp_path)])
    assert verdict.holds
    assert verdict.figures == {"points": 5, "kept": 5, "meanwhile": 2}


def test_a_point_that_the_ledger_lost(tmp_path: Path) -> None:
    verdict = left_alone(CRASH, [told(tmp_path, lose=2)])
    assert not verdict.holds and "1 of 5" in verdict.sentence


def test_a_job_that_was_started_anew(tmp_path: Path) -> None:
    assert not left_alone(CRASH, [told(tmp_path, attempt=2)]).holds


def test_a_job_in_another_process(tmp_path: Path) -> None:
    moved = Crash(10, 101.5, 11, 103.5, {"1": 20}, {"1": 21})
    assert not left_alone(moved, [told(tmp_path)]).holds


def test_no_crash_is_no_proof() -> None:
    assert not left_alone(None, []).holds


@pytest.mark.parametrize(
    "low,high,ticks",
    [(0.0, 150.0, [0, 50, 100, 150]), (2.3, 4.1, [2.5, 3.0, 3.5, 4.0]), (1.0, 1.0, [1.0])],
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert charts._ticks(low, high, 4) == ticks
