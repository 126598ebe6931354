"""What counts as text, and a split that is the same tomorrow."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tenfold.science.transformer.text import LEAST_BYTES, open_corpus
from tenfold.terms.refusal import Refusal


def words(seed: int, count: int) -> str:
    chance = random.Random(seed)
    return "".join(f"{chance.randrange(10**6)}" + (" " if i % 9 else "\n") for i in range(count))


def folder_of(tmp_path: Path, files: int, count: int = 400) -> Path:
    for number in range(files):
        place = tmp_path / f"part{number % 3}"
        place.mkdir(exist_ok=True)
        (place / f"{number}.md").write_text(words(number, count), encoding="utf-8")
    return tmp_path


def test_the_split_is_fixed_and_has_two_sides(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 60)
    corpus, again = open_corpus(folder, 1e9), open_corpus(folder, 1e9)
    assert corpus == again and len(corpus.files) == 60
    sides = {side: [d.text for d in corpus.documents(side)] for side in (True, False)}
    assert len(sides[True]) + len(sides[False]) == 60
    assert sum(map(len, sides[True])) == corpus.held_out_bytes
    assert 0.05 <= corpus.held_out_bytes / (corpus.held_out_bytes + corpus.train_bytes) < 0.10


def test_the_same_text_never_stands_on_both_sides(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 60)
    for path in list(folder.rglob("*.md")):
        (path.parent / f"copy_of_{path.name}").write_bytes(path.read_bytes())
    corpus = open_corpus(folder, 1e9)
    assert corpus.duplicates == 60 and "60 that stood there twice" in corpus.words()
    assert len(list(corpus.documents())) == 60
    held_out = {document.text for document in corpus.documents(True)}
    assert held_out and not held_out & {document.text for document in corpus.documents(False)}


def test_one_long_file_is_cut_and_nothing_is_lost(tmp_path: Path) -> None:
    text = words(7, 20_000)
    (tmp_path / "book.txt").write_text(text, encoding="utf-8")
    corpus = open_corpus(tmp_path, 1e9)
    pieces = [document.text for document in corpus.documents()]
    assert "".join(pieces) == text
    assert corpus.held_out_bytes > 0 and len(pieces) > 10
    assert all(piece.endswith("\n") for piece in pieces[:-1])


def test_what_is_not_text_is_passed_over(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 50)
    before = open_corpus(folder, 1e9)
    (folder / "picture.png").write_bytes(b"\x89PNG\0\0\0" * 9000)
    (folder / "latin.txt").write_bytes(("caf\xe9 " * 9000).encode("latin-1"))
    (folder / "late.txt").write_bytes(b"a" * 20_000 + b"\xff")
    (folder / ".hidden").write_text(words(99, 900))
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "x.js").write_text(words(98, 900))
    after = open_corpus(folder, 1e9)
    assert (after.train_bytes, after.threshold) == (before.train_bytes, before.threshold)
    # A character cut by the look at the start is no reason to pass a file over.
    (folder / "accents.txt").write_text("x" + "é" * 9000, encoding="utf-8")
    assert len(open_corpus(folder, 1e9).files) == len(after.files) + 1


def test_a_cap_takes_less(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 60)
    corpus = open_corpus(folder, 80_000)
    assert LEAST_BYTES < corpus.train_bytes + corpus.held_out_bytes <= 80_000


def nothing(folder: Path) -> None: ...


def binary(folder: Path) -> None:
    (folder / "a.bin").write_bytes(bytes(range(256)) * 500)


def one_line(folder: Path) -> None:
    (folder / "a.txt").write_text("hello world\n")


def repeated(folder: Path) -> None:
    for number in range(60):
        (folder / f"{number}.txt").write_text("all the same\n" * 200)


@pytest.mark.parametrize(
    ("fill", "code", "says"),
    [
        (nothing, "text.little", "0 text files"),
        (binary, "text.none", "None of its 1 files"),
        (one_line, "text.little", "takes 50 kB"),
        (repeated, "text.little", "different text in 1 documents"),
    ],
)
def test_bad_folders_are_refused_in_words(fill, code: str, says: str, tmp_path: Path) -> None:
    fill(tmp_path)
    with pytest.raises(Refusal) as refused:
        open_corpus(tmp_path, 1e9)
    assert refused.value.code == code and says in refused.value.why and refused.value.next


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name, says in (("none", "Nothing has"), ("file", "not a folder")):
        with pytest.raises(Refusal) as refused:
            open_corpus(tmp_path / name, 1e9)
        assert refused.value.code == "text.folder" and says in refused.value.why


def test_the_standard_library_is_there_and_is_python() -> None:
    corpus = open_corpus(None, 3e5)
    assert {path.suffix for path in corpus.files} == {".py"}
    assert corpus.train_bytes > 2e5
