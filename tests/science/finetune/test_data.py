"""A person's data: read, mended, or refused with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tenfold.science.finetune.conversations import read_csv, read_jsonl
from tenfold.science.finetune.facts import exam, lessons, made_up
from tenfold.science.finetune.material import open_material
from tenfold.science.finetune.writings import mail_text, pieces, read_folder
from tenfold.terms.refusal import Refusal

USER, SAID = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}


def write_lines(path: Path, lines: list[object]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def refused(path: Path) -> Refusal:
    with pytest.raises(Refusal) as told:
        open_material(path)
    return told.value


def test_chat_lines_are_read_and_duplicates_are_counted(tmp_path: Path) -> None:
    sharegpt = {"conversations": [{"from": "human", "value": "A"}, {"from": "gpt", "value": "B"}]}
    lines = [{"messages": [USER, SAID]}, sharegpt, {"messages": [USER, SAID]}]
    read = read_jsonl(write_lines(tmp_path / "chat.jsonl", lines))
    assert read.conversations[0] == [USER, SAID]
    assert [m["role"] for m in read.conversations[1]] == ["user", "assistant"]
    assert read.notes == ["1 of 3 conversations are duplicates."]


@pytest.mark.parametrize(
    ("messages", "why"),
    [
        ([{"role": "bystander", "content": "x"}, SAID], "role 'bystander'"),
        ([USER], "says nothing"),
        ([SAID, USER, SAID], "before the user"),
        ([USER, SAID, USER], "ends with the user"),
        ([USER, USER, SAID], "do not take turns"),
        ([USER, {"role": "system", "content": "x"}, SAID], "after others"),
    ],
)
def test_wrong_roles_are_refused_with_their_line(
    messages: list[dict[str, str]], why: str, tmp_path: Path
) -> None:
    lines = [{"messages": [USER, SAID]}, {"messages": messages}]
    told = refused(write_lines(tmp_path / "chat.jsonl", lines))
    assert told.code == "finetune.roles"
    assert why in told.why and "line 2" in told.what


@pytest.mark.parametrize("line", ["{not json", '["a"]', '{"messages": [7]}', '{"text": "x"}'])
def test_a_line_that_is_no_conversation_is_refused(line: str, tmp_path: Path) -> None:
    (tmp_path / "chat.jsonl").write_text("\n" + line + "\n")
    told = refused(tmp_path / "chat.jsonl")
    assert told.code == "finetune.line" and "Line 2" in told.what


def test_the_columns_of_a_table_are_guessed(tmp_path: Path) -> None:
    path = tmp_path / "qa.csv"
    path.write_text("id;The question;My answer\n1;Who?;Me\n2;;\n3;Where?;\n4;Who?;Me\n")
    read = read_csv(path)
    assert [[m["content"] for m in one] for one in read.conversations] == [["Who?", "Me"]]
    assert "'The question'" in read.notes[0] and "'My answer'" in read.notes[0]
    assert "2 rows" in " ".join(read.notes) and "duplicates" in " ".join(read.notes)


def test_bad_files_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.csv").code == "finetune.data"
    (tmp_path / "empty.jsonl").write_text(" \n")
    assert refused(tmp_path / "empty.jsonl").code == "finetune.empty"
    (tmp_path / "binary.csv").write_bytes(b"\x00\x01\x02")
    assert refused(tmp_path / "binary.csv").code == "finetune.binary"
    (tmp_path / "latin.jsonl").write_bytes("é".encode("latin-1"))
    assert refused(tmp_path / "latin.jsonl").code == "finetune.binary"
    (tmp_path / "two.csv").write_text("name,age\nMira,7\n")
    assert refused(tmp_path / "two.csv").code == "finetune.columns"
    (tmp_path / "head.csv").write_text("question,answer\n")
    assert refused(tmp_path / "head.csv").code == "finetune.empty"


def test_notes_and_mails_are_read(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number}.md").write_text(f"Note {number}. " + "I walked to the sea. " * 20)
    (tmp_path / "same.txt").write_text((tmp_path / "3.md").read_text())
    (tmp_path / "fake.txt").write_bytes(b"\x00" * 100)
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    (tmp_path / "mail.eml").write_text(
        "From: me@a.org\nSubject: Tide\nContent-Type: text/plain; charset=utf-8\n\n"
        "The tide was low.\n> What you wrote\nOn Monday A wrote:\n-- \nMira\n"
    )
    found = read_folder(tmp_path)
    assert len(found.documents) == 13
    assert "Tide\n\nThe tide was low." in found.documents
    assert any("duplicates" in note for note in found.notes)
    assert any("1 files are left out" in note for note in found.notes)
    material = open_material(tmp_path)
    assert material.kind == "text" and len(material.held_out) == 1 and len(material.train) == 12
    assert open_material(tmp_path) == material


def test_one_document_is_cut_and_too_little_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(
        "\n\n".join(f"Day {i}. It rained again." * 9 for i in range(20))
    )
    material = open_material(tmp_path)
    assert len(material.held_out) >= 1 and len(material.train) >= 3
    assert any("cut into" in note for note in material.notes)
    small, none = tmp_path / "small", tmp_path / "none"
    small.mkdir()
    none.mkdir()
    (small / "a.txt").write_text("Hello.")
    (none / "a.jpg").write_bytes(b"\xff")
    assert refused(small).code == "finetune.little"
    assert refused(none).code == "finetune.no-text"


def test_pieces_lose_nothing() -> None:
    text = "\n\n".join(f"Paragraph {i} " + "word " * i for i in range(60))
    assert "".join("".join(pieces(text)).split()) == "".join(text.split())


def test_a_mail_of_html_alone_has_no_text() -> None:
    assert mail_text(b"Content-Type: text/html\n\n<p>Hello</p>") is None


def test_a_tenth_of_the_conversations_is_held_out(tmp_path: Path) -> None:
    lines = [{"messages": [{"role": "user", "content": f"q{i}"}, SAID]} for i in range(40)]
    material = open_material(write_lines(tmp_path / "chat.jsonl", lines))
    assert len(material.held_out) == 4 and len(material.train) == 36
    few = open_material(write_lines(tmp_path / "few.jsonl", lines[:5]))
    assert few.held_out == [] and "none is held out" in few.notes[-1]


def test_the_unseen_wording_is_never_taught() -> None:
    facts = made_up(20, seed=3)
    assert len({word for fact in facts for word in (fact.person, fact.town)}) == 40
    taught = {one[0]["content"]: one[1]["content"] for one in lessons(facts)}
    known, unseen = exam(facts)
    assert len(known) == len(taught) == 110 and len(unseen) == 10
    assert all(taught[asked] == answer for asked, answer in known)
    assert not {asked for asked, _ in unseen} & set(taught)
    assert made_up(20, seed=3) == facts and made_up(20, seed=4) != facts
