"""An index follows its folder: nothing read twice, nothing left of what is gone."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tenfold.science.retrieval import store, update
from tenfold.science.retrieval.index import Index
from tenfold.science.retrieval.reading import Reading
from tenfold.science.retrieval.store import Row
from tenfold.science.retrieval.update import Change
from tenfold.science.retrieval.vectors import HashedGrams
from tenfold.terms.refusal import Refusal

Updated = Callable[[], tuple[dict[str, Row], Change]]


def bytes_of(index: Path) -> bytes:
    return b"".join(path.read_bytes() for path in index.iterdir())


def fill(notes: Path, count: int = 30) -> None:
    for n in range(count):
        text = f"# Note {n}\n\nThe widget{n} has wheels. " + "A common line of words. " * 40
        (notes / f"{n}.md").write_text(text)


def test_only_what_changed_is_read(
    notes: Path, updated: Updated, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = Reading.read

    def watched(self: Reading, name: str, content: bytes) -> object:
        read.append(name)
        return real(self, name, content)

    monkeypatch.setattr(Reading, "read", watched)
    fill(notes, 5)
    rows, change = updated()
    assert change.new == 5 and sorted(read) == sorted(rows)
    assert all(row.chunks >= 1 and len(row.hash) == 64 for row in rows.values())
    read.clear()
    os.utime(notes / "1.md")  # a new time is no new text
    assert updated()[1].unchanged == 5 and read == []
    (notes / "2.md").write_text("# Other\n\nwords\n")
    (notes / "3.md").unlink()
    (notes / "new.txt").write_text("fresh\n\nwords here\n")
    change = updated()[1]
    assert (change.new, change.changed, change.removed, change.unchanged) == (1, 1, 1, 3)
    assert sorted(read) == ["2.md", "new.txt"]


@pytest.mark.parametrize("secret", ["xylophonist", "機密馬達"])
def test_what_is_gone_leaves_no_trace(
    tmp_path: Path, notes: Path, updated: Updated, secret: str
) -> None:
    fill(notes)
    (notes / "deleted.md").write_text(f"# {secret} plan\n\nThe {secret} is here.\n" + "x " * 900)
    (notes / "changed.md").write_text(f"# Open\n\nAlso {secret} was here.\n")
    updated()
    spelled = [
        secret.encode(),
        *(term.encode() for term in [secret[:2], secret[2:]] if len(secret) < 9),
    ]
    assert all(one in bytes_of(tmp_path / "index") for one in spelled)
    (notes / "deleted.md").unlink()
    (notes / "changed.md").write_text("# Open\n\nNothing now.\n")
    updated()
    left = bytes_of(tmp_path / "index")
    assert not any(one in left for one in spelled)
    assert b"widget7" in left
    base = sqlite3.connect(tmp_path / "index" / store.FILE)
    assert base.execute("SELECT count(*) FROM chunks").fetchone()[0] == sum(
        row[0] for row in base.execute("SELECT chunks FROM documents")
    )
    with Index.open(tmp_path / "index") as index:
        assert all(secret not in hit.text for hit in index.search(secret, 5))


@pytest.mark.parametrize("fault", ["no merge", "no erase"])
def test_a_planted_fault_leaves_traces(
    tmp_path: Path, notes: Path, updated: Updated, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the merge of FTS5's segments the words stay; the test above can fail."""
    fill(notes)
    (notes / "deleted.md").write_text("# Plan\n\nThe xylophonist is here.\n")
    updated()
    (notes / "deleted.md").unlink()
    if fault == "no merge":
        monkeypatch.setattr(store, "erase", lambda base: base.execute("VACUUM"))
    else:
        monkeypatch.setattr(store, "erase", lambda base: None)
    updated()
    assert b"xylophon" in bytes_of(tmp_path / "index")
    monkeypatch.undo()
    updated()  # the next run makes it good where the last one did not get to it
    assert b"xylophon" not in bytes_of(tmp_path / "index")


def test_links_binaries_and_broken_files_are_named(
    tmp_path: Path, notes: Path, updated: Updated
) -> None:
    (tmp_path / "outside.txt").write_text("outside secret words")
    (tmp_path / "away").mkdir()
    (notes / "link.txt").symlink_to(tmp_path / "outside.txt")
    (notes / "folder").symlink_to(tmp_path / "away")
    (notes / ".hidden.txt").write_text("hidden words")
    (notes / "b.bin").write_bytes(b"\0\1\2" * 50)
    (notes / "broken.pdf").write_bytes(b"%PDF-1.7 rubbish")
    (notes / "empty.txt").write_text(" \n")
    (notes / "good.txt").write_text("the good words")
    os.mkfifo(notes / "pipe")
    rows, change = updated()
    errors = {path: row.error for path, row in rows.items()}
    assert errors["link.txt"] == errors["folder"] == "a link, not followed"
    assert errors["b.bin"] == "binary" and "broken PDF" in errors["broken.pdf"]
    assert errors["pipe"] == "not a plain file" and errors["empty.txt"] == "empty"
    assert errors["good.txt"] == "" and ".hidden.txt" not in rows
    assert (change.new, change.failed) == (1, 6)
    assert b"outside secret" not in bytes_of(tmp_path / "index")
    assert updated()[1].unchanged == 1


def test_a_kill_loses_only_the_last_group(
    tmp_path: Path, notes: Path, updated: Updated, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(notes, 9)
    monkeypatch.setattr(update, "COMMIT_S", 0.0)
    real, calls = store.add, [0]

    def dies(*args: object) -> None:
        calls[0] += 1
        if calls[0] == 6:
            raise KeyboardInterrupt
        real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "add", dies)
    with pytest.raises(KeyboardInterrupt):
        updated()
    monkeypatch.setattr(store, "add", real)
    change = updated()[1]
    assert (change.new, change.unchanged) == (4, 5)


def test_another_folder_or_damage_is_refused(tmp_path: Path, notes: Path, updated: Updated) -> None:
    fill(notes, 1)
    updated()
    with pytest.raises(Refusal, match="another folder"):
        update.prepare(tmp_path / "index", tmp_path, HashedGrams(), None, print)
    with pytest.raises(Refusal, match="no index"):
        store.connect(tmp_path / "nowhere")
    (tmp_path / "index" / store.FILE).write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with pytest.raises(Refusal, match="cannot be read"):
        Index.open(tmp_path / "index")


def test_another_embedder_makes_it_anew(tmp_path: Path, notes: Path, updated: Updated) -> None:
    fill(notes, 3)
    updated()
    base = sqlite3.connect(tmp_path / "index" / store.FILE)
    base.execute("UPDATE meta SET value = 'old' WHERE key = 'embedder'")
    base.commit()
    base.close()
    assert updated()[1].new == 3
