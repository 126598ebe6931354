"""Every kind of file gives its documents; what has none is refused in words."""

from __future__ import annotations

import builtins
import json
import random
from pathlib import Path
from typing import Any

import pytest

from tenfold.science.transformer.chat import END
from tenfold.science.transformer.documents import LONG_BYTES, documents, readable
from tenfold.science.transformer.text import open_corpus
from tenfold.terms.refusal import Refusal

ROWS: list[dict[str, Any]] = [
    {"text": "first\nrow", "id": 1},
    {"content": "second 文字"},
    {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
    {"text": "  "},
    {"other": 3},
]
READ = ["first\nrow", "second 文字", f"{END}<|user|>a<|assistant|>b{END}"]


def lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"text": "cut o')
    return path


def test_json_lines_are_rows(tmp_path: Path) -> None:
    found = list(documents(lines(tmp_path / "a.jsonl", ROWS), cut=True))
    assert [one.text for one in found] == READ
    assert [one.chat for one in found] == [False, False, True]


def test_parquet_is_rows(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    texts = [f"row {number}" for number in range(3000)]
    parquet.write_table(arrow.table({"text": texts, "n": range(3000)}), tmp_path / "a.parquet")
    assert [one.text for one in documents(tmp_path / "a.parquet", cut=False)] == texts
    (tmp_path / "b.parquet").write_bytes(b"PAR1 but no more")
    assert list(documents(tmp_path / "b.parquet", cut=False)) == []


def test_a_pdf_is_its_text(tmp_path: Path) -> None:
    pytest.importorskip("pypdf")
    (tmp_path / "a.pdf").write_bytes(one_page_pdf("A wind tunnel for ten drones."))
    [found] = documents(tmp_path / "a.pdf", cut=False)
    assert found.text.strip() == "A wind tunnel for ten drones."
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.4 torn off")
    assert "".join(one.text for one in documents(tmp_path / "b.pdf", cut=False)) == ""


def one_page_pdf(text: str) -> bytes:
    """Written by hand: five objects and a table of where they are."""
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
        "/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(stream)}>>stream\n{stream}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj{content}endobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    tail = f"trailer<</Root 1 0 R/Size {size}>>\nstartxref\n{len(out)}\n%%EOF"
    return (out + f"xref\n0 {size}\n0000000000 65535 f \n{table}" + tail).encode()


def test_a_long_text_is_read_in_blocks_and_nothing_is_lost(tmp_path: Path) -> None:
    chance = random.Random(3)
    text = "".join("é" * chance.randrange(1, 90) + "\r\n" for _ in range(30_000))
    path = tmp_path / "long.txt"
    path.write_bytes(text.encode())
    assert path.stat().st_size > 2 * LONG_BYTES
    pieces = [one.text for one in documents(path, cut=False)]
    assert "".join(pieces) == text and max(map(len, pieces)) <= 8192


@pytest.mark.parametrize("package", ["pyarrow", "pypdf"])
def test_a_missing_library_is_refused_with_the_command(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.partition(".")[0] == package:
            raise ImportError(name)
        return there(name, *rest, **named)

    path = tmp_path / {"pyarrow": "a.parquet", "pypdf": "a.pdf"}[package]
    path.write_bytes(b"anything")
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(Refusal) as refused:
        list(documents(path, cut=False))
    assert refused.value.code == "text.library"
    assert f"-m pip install {package}," in refused.value.next


@pytest.mark.parametrize(
    ("rows", "code", "says"),
    [
        ([{"body": "x", "id": 1}], "text.fields", "Its rows have body, id"),
        ([{"messages": [{"role": "bot", "content": "x"}]}], "chat.role", "'bot'"),
        ([{"text": "x"}, {"messages": [{"role": "user"}]}], "chat.message", "no content"),
    ],
)
def test_rows_that_are_wrong_are_refused_in_words(
    rows: list[Any], code: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(Refusal) as refused:
        list(documents(lines(tmp_path / "a.jsonl", rows), cut=False))
    assert refused.value.code == code and says in refused.value.why and refused.value.next


def test_a_folder_of_all_kinds(tmp_path: Path) -> None:
    chance = random.Random(1)
    words = [f"{chance.randrange(10**8)} " * 200 for _ in range(60)]
    lines(tmp_path / "a.jsonl", [{"text": text} for text in words[:30]])
    (tmp_path / "b.md").write_text("\n".join(words[30:]))
    (tmp_path / "c.png").write_bytes(b"\x89PNG\0")
    assert not readable(tmp_path / "c.png")
    corpus = open_corpus(tmp_path, 1e9)
    there = {one.text for one in corpus.documents()}
    assert set(words[:30]) < there and corpus.passed_over == 1
    assert sum(len(text) for text in there) == corpus.train_bytes + corpus.held_out_bytes
