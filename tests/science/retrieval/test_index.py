"""Search: by words, by characters, by spelling; and it sees what is written meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tenfold.science.retrieval.hit import answerable
from tenfold.science.retrieval.index import Index
from tenfold.science.retrieval.store import Row
from tenfold.science.retrieval.update import Change

Updated = Callable[[], tuple[dict[str, Row], Change]]
TEXTS = {
    "drone.md": "# 無人機\n\n我把無人機的馬達拆下來檢查，軸承沒有問題。",
    "kite.md": "# 風箏\n\n海邊的風太大，風箏線斷了兩次。",
    "mixed.md": "# Log\n\n今天用 ESC 校正 brushless 馬達，轉速 4200 rpm。",
    "ja.md": "# メモ\n\nモーターの温度は七十度でした。",
    "ko.md": "# 메모\n\n모터가 뜨거워졌습니다.",
    "en.md": "# Bench\n\nThe brushless motors were overheating at noon.",
}


@pytest.fixture
def folder(tmp_path: Path, notes: Path, updated: Updated) -> Path:
    for name, text in TEXTS.items():
        (notes / name).write_text(text, encoding="utf-8")
    updated()
    return tmp_path / "index"


@pytest.mark.parametrize(
    "query,wanted",
    [
        ("馬達", {"drone.md", "mixed.md"}),
        ("無人機", {"drone.md"}),
        ("箏", {"kite.md"}),
        ("斷", {"kite.md"}),
        ("次", {"kite.md"}),
        ("モーター", {"ja.md"}),
        ("모터", {"ko.md"}),
        ("ESC 馬達", {"mixed.md"}),
        ("motor", {"en.md"}),
        ("OVERHEATED", {"en.md"}),
    ],
)
def test_finds(folder: Path, query: str, wanted: set[str]) -> None:
    with Index.open(folder) as index:
        found = {hit.path for hit in index.search(query, 5) if hit.score == 1.0}
        assert found == wanted
        assert index.search(query, 1)[0].path in wanted


def test_spelling_is_forgiven(folder: Path) -> None:
    with Index.open(folder) as index:
        assert index.search("brushles motr overheatng", 1)[0].path in ("en.md", "mixed.md")
        assert index.search("overheatng", 1)[0].path == "en.md"


@pytest.mark.parametrize(
    "query", ["", "   ", "？！", '"', "NEAR(a b)", "a OR b*", "x" * 9000, "的"]
)
def test_odd_queries_do_no_harm(folder: Path, query: str) -> None:
    with Index.open(folder) as index:
        assert len(index.search(query, 3)) <= 3


def test_nothing_on_it_is_not_answerable(folder: Path) -> None:
    with Index.open(folder) as index:
        assert not answerable(index.search("火山什麼時候爆發", 5))
        assert not answerable(index.search("when did the volcano erupt", 5))
        assert answerable(index.search("馬達的軸承有問題嗎", 5))


def test_hits_have_places_and_each_text_once(folder: Path, notes: Path, updated: Updated) -> None:
    (notes / "copy.md").write_text(TEXTS["en.md"])
    updated()
    with Index.open(folder) as index:
        hits = index.search("overheating", 5)
        assert [hit.text for hit in hits].count(hits[0].text) == 1
        assert (hits[0].title, hits[0].place) == ("Bench", "Bench > lines 1-3")


def test_it_sees_what_is_written_meanwhile(folder: Path, notes: Path, updated: Updated) -> None:
    with Index.open(folder) as index:
        assert not answerable(index.search("quokka", 3))
        (notes / "late.md").write_text("# Late\n\nA quokka came by.")
        updated()
        assert index.search("quokka", 1)[0].path == "late.md"


def test_from_threads(folder: Path) -> None:
    found: list[str] = []
    with Index.open(folder) as index:

        def ask() -> None:
            found.extend(index.search("無人機", 1)[0].path for _ in range(20))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == ["drone.md"] * 80
