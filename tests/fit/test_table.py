"""The packaged table is whole in both languages; the owner's goes over it, or is refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tenfold.fit.match import answer
from tenfold.fit.phrase import is_chinese
from tenfold.fit.table import PACKAGED, Says, Table, read
from tenfold.terms.refusal import Refusal

MINE = """
[groups]
game = ["quidditch"]
yarn = ["wool"]

[[entry]]
id = "knitting"
answer = "partly"
title = "Knitting patterns"
why = "It draws them; it does not knit."
says = ["knit", "<yarn>"]
workloads = ["mine.knit"]
"""


def owner(home: Path, text: str) -> Table:
    (home / "fit.toml").write_text(text, encoding="utf-8")
    return read(home)


def test_every_entry_says_why_in_both_languages() -> None:
    for entry in read(Path("/nonexistent")).entries:
        assert entry.why["en"] and entry.why["zh"] and entry.says, entry.id
        assert is_chinese("".join(entry.why["zh"])) and is_chinese(entry.title["zh"])
        assert not is_chinese("".join((entry.title["en"], *entry.why["en"], *entry.instead["en"])))
        assert len(entry.instead["en"]) == len(entry.instead["zh"])
        if entry.answer is not Says.YES:
            assert entry.instead["en"], f"{entry.id} says no, and not what to do instead"


def test_both_languages_are_understood_by_every_entry() -> None:
    for row in tomllib.loads(PACKAGED.read_text("utf-8"))["entry"]:
        both = {is_chinese(says) for says in row["says"]}
        assert both == {True, False} or row["id"] == "rt-simulators", row["id"]  # names


def test_no_pattern_speaks_for_two_entries() -> None:
    seen: dict[str, str] = {}
    for row in tomllib.loads(PACKAGED.read_text("utf-8"))["entry"]:
        for says in row["says"]:
            assert seen.setdefault(says.casefold(), row["id"]) == row["id"], says


def test_the_owners_table_goes_over_it(tmp_path: Path) -> None:
    assert owner(tmp_path, "") == read(Path("/nonexistent"))
    table = owner(tmp_path, MINE)
    for question, says in (("knitting", "partly"), ("wool", "partly"), ("quidditch", "no")):
        assert answer(question, table, {}).says == says
    assert answer("knitting", table, {}).because[0].title["zh"] == "Knitting patterns"
    replaced = MINE.replace('"knitting"', '"mining"').replace('"<yarn>"', '"mine bitcoin"')
    table = owner(tmp_path, replaced)
    assert answer("mine bitcoin", table, {}).says is Says.PARTLY


@pytest.mark.parametrize(
    "old,new,named",
    [
        ('"partly"', '"maybe"', "Entry 'knitting', field 'answer'"),
        ('id = "knitting"\n', "", "Entry 1, field 'id': it is missing"),
        ('says = ["knit", "<yarn>"]', "says = []", "field 'says': it is missing"),
        ('"<yarn>"', '"<cotton>"', "field 'says': '<cotton>' names the group <cotton>"),
        ('"<yarn>"', '"knit .. + wool"', "has both + and .."),
        ('"<yarn>"', '"knit .. "', "a part without a word"),
        ('"<yarn>"', "7", "field 'says': 7 is not a text"),
        ('why = "', 'wy = "', "field 'wy': there is no such field"),
        ('title = "Knitting patterns"', 'title.de = "Stricken"', "field 'title'"),
        ("[groups]", "[group]", "and not 'group'"),
        ("[[entry]]", "[entry]", "begins with [[entry]]"),
        ('["quidditch"]', "{}", "Group 'game': it takes"),
        ("answer", "answer answer", "cannot be read"),
        ("[[entry]]", MINE[MINE.index("[[entry]]") :] + "\n[[entry]]", "two entries"),
    ],
)
def test_a_broken_one_is_refused(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert owner(tmp_path, MINE)
    with pytest.raises(Refusal) as no:
        owner(tmp_path, MINE.replace(old, new, 1))
    assert no.value.code == "fit.table"
    assert named.casefold() in no.value.why.casefold(), no.value.why
    assert str(tmp_path / "fit.toml") in no.value.what


def test_it_is_shipped() -> None:
    settings = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    shipped = settings["tool"]["setuptools"]["package-data"]["tenfold"]
    assert any(PACKAGED in PACKAGED.parents[1].glob(pattern) for pattern in shipped)
