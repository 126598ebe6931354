"""The table of answers: `table.toml` beside this file, and over it the owner's HOME/fit.toml.

    read(home)

An entry of the owner's with the id of a packaged one takes its place; a word of a group is added to
the group. What is wrong in the owner's file is a Refusal (`fit.table`) that names entry and field.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from tenfold.fit.pattern import Group, Pattern, group, pattern
from tenfold.terms.refusal import Refusal, refusal

PACKAGED = Path(__file__).with_name("table.toml")

LANGUAGES = ("en", "zh")  # English, Traditional Chinese
COMMAND = "python train.py"


class Says(StrEnum):
    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Entry:
    """One answer. Texts are by language; lists are sentences."""

    id: str
    answer: Says
    title: Mapping[str, str]
    why: Mapping[str, tuple[str, ...]]
    instead: Mapping[str, tuple[str, ...]]
    says: tuple[Pattern, ...]  # one of them is enough
    hints: tuple[Pattern, ...]  # one of them only casts doubt on a yes; two different ones are a no
    workloads: tuple[str, ...]  # of the catalogue, also of a coming one
    command: str  # the owner's own, where the catalogue has none of them
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    entries: tuple[Entry, ...]


def read(home: Path) -> Table:
    """The packaged table with the owner's over it."""
    packaged = tomllib.loads(PACKAGED.read_text(encoding="utf-8"))
    path = home / "fit.toml"
    owners = _owners(path)
    groups = _groups(packaged["groups"], PACKAGED)
    for name, words in _groups(owners.get("groups", {}), path).items():
        groups[name] = groups.get(name, ()) + words
    entries = {entry.id: entry for entry in _entries(packaged, groups, PACKAGED)}
    entries |= {entry.id: entry for entry in _entries(owners, groups, path)}
    return Table(tuple(entries.values()))


def _owners(path: Path) -> dict[str, Any]:
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _wrong(path, f"It cannot be read: {error}.") from error
    strange = set(fields) - {"entry", "groups"}
    if strange:
        known = "It has [[entry]] tables and one [groups]"
        raise _wrong(path, f"{known}, and not '{min(strange)}'.")
    return fields


def _groups(fields: Any, path: Path) -> dict[str, Group]:
    if not isinstance(fields, dict):
        raise _wrong(path, "'groups' is a table of lists of words.")
    found = {}
    for name, words in fields.items():
        found[name] = group(list(_sentences(words, path, f"Group '{name}'")))
    return found


def _entries(fields: dict[str, Any], groups: Mapping[str, Group], path: Path) -> list[Entry]:
    rows = fields.get("entry", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _wrong(path, "An entry begins with [[entry]].")
    entries = [_entry(row, i, groups, path) for i, row in enumerate(rows, 1)]
    ids = [entry.id for entry in entries]
    twice = [id for id in ids if ids.count(id) > 1]
    if twice:
        raise _wrong(path, f"Two entries have the id '{twice[0]}'.")
    return entries


def _entry(row: dict[str, Any], number: int, groups: Mapping[str, Group], path: Path) -> Entry:
    id = row.get("id")
    where = f"Entry '{id}'" if isinstance(id, str) and id else f"Entry {number}"

    def at(field: str) -> str:
        return f"{where}, field '{field}'"

    for field in ("id", "answer", "title", "says"):
        if not row.get(field):
            raise _wrong(path, f"{at(field)}: it is missing.")
    strange = set(row) - set(Entry.__dataclass_fields__)
    if strange:
        known = ", ".join(Entry.__dataclass_fields__)
        raise _wrong(path, f"{at(min(strange))}: there is no such field; there are {known}.")
    if row["answer"] not in (Says.YES, Says.PARTLY, Says.NO):
        raise _wrong(path, f"{at('answer')}: it takes yes, no or partly, not {row['answer']!r}.")
    titles = _by_language(row["title"], path, at("title"))
    return Entry(
        id=_text(id, path, at("id")),
        answer=Says(row["answer"]),
        title={language: " ".join(said) for language, said in titles.items()},
        why=_by_language(row.get("why", []), path, at("why")),
        instead=_by_language(row.get("instead", []), path, at("instead")),
        says=_patterns(row["says"], groups, path, at("says")),
        hints=_patterns(row.get("hints", []), groups, path, at("hints")),
        workloads=_sentences(row.get("workloads", []), path, at("workloads")),
        command=_text(row.get("command", COMMAND), path, at("command")),
        sources=_sentences(row.get("sources", []), path, at("sources")),
    )


def _by_language(value: Any, path: Path, where: str) -> dict[str, tuple[str, ...]]:
    """A text for every language; what is said in one only serves the other too."""
    if not isinstance(value, dict):
        said = _sentences(value, path, where)
        return dict.fromkeys(LANGUAGES, said)
    strange = set(value) - set(LANGUAGES)
    if strange or not value:
        raise _wrong(path, f"{where}: it takes a text, or texts named {' and '.join(LANGUAGES)}.")
    texts = {language: _sentences(text, path, where) for language, text in value.items()}
    any_text = next(iter(texts.values()))
    return {language: texts.get(language, any_text) for language in LANGUAGES}


def _patterns(
    value: Any, groups: Mapping[str, Group], path: Path, where: str
) -> tuple[Pattern, ...]:
    try:
        return tuple(pattern(text, groups) for text in _sentences(value, path, where))
    except ValueError as error:
        raise _wrong(path, f"{where}: {error}.") from error


def _sentences(value: Any, path: Path, where: str) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list):
        raise _wrong(path, f"{where}: it takes a text or a list of texts, not {value!r}.")
    return tuple(_text(text, path, where) for text in texts)


def _text(value: Any, path: Path, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(path, f"{where}: {value!r} is not a text.")
    return value.strip()


def _wrong(path: Path, why: str) -> Refusal:
    return refusal("fit.table", path=path, why=why)
