"""The fields of a week file: what each takes, in words where it is something else, and its line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from tenfold.engine.week_times import Moment, duration_s, moment
from tenfold.terms.job import Kind, When
from tenfold.terms.refusal import Refusal, refusal

MOST_JOBS = 5000  # with all copies and repeats
MOST_DAYS = 28
EVERY = ("daily", "weekdays")

Place = Callable[[str], str] | str  # of a field: `week.toml, line 12`
Reader = Callable[[Any], Any]  # a ValueError says what the field takes


Lines = tuple[int | None, dict[str, int]]  # of its head, and of its fields


def lines_of(text: str, count: int) -> list[Lines]:
    """Where each [[job]] and its fields stand. TOML knows other ways to write a list, which are
    read as well; their lines are not told."""
    found: list[tuple[int, dict[str, int]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"\s*\[\[\s*job\s*\]\]", line):
            found.append((number, {}))
        elif found and (key := re.match(r"\s*([\w-]+)\s*=", line)):
            found[-1][1].setdefault(plain(key[1]), number)
    return [*found] if len(found) == count else [(None, {})] * count


def checked(entry: Any, known: dict[str, Reader], where: str, place: Place) -> dict[str, Any]:
    """The fields of `entry`, each read by its reader."""
    if not isinstance(entry, dict):
        raise wrong("job", entry, where, "It is a table of fields, [[job]].", place)
    told = {}
    for spelled, value in entry.items():
        name = plain(spelled)
        if name not in known:
            near = get_close_matches(name, known, 1)
            more = f"the nearest is {near[0]}" if near else f"it knows {', '.join(known)}"
            at = place if isinstance(place, str) else place(name)
            what = f"There is no such field; {more}."
            raise refusal("week.unknown", field=spelled, where=where, why=what, place=at)
        try:
            told[name] = known[name](value)
        except ValueError as error:
            raise wrong(spelled, value, where, str(error), place) from error
    return told


def wrong(field: str, value: object, where: str, why: str, place: Place) -> Refusal:
    at = place if isinstance(place, str) else place(plain(field))
    return refusal("week.field", field=field, value=value, where=where, why=why, place=at)


def plain(name: str) -> str:
    return name.replace("-", "_")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 200:
        raise ValueError("It takes text, at most 200 letters.")
    return value.strip()


def _whole(least: int, most: int) -> Reader:
    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"It takes a whole number from {least} to {most}.")
        return value

    return read


def _gib(value: Any) -> float:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    if not known or not 0 < value < 1e6:
        raise ValueError("It takes GiB, a number above 0.")
    return float(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("It takes true or false.")
    return value


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("It takes a table: { name = value }.")
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError("It takes text, finite numbers, true or false, and lists.") from error
    return value


def _names(value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise ValueError('It takes the names of jobs: ["prepare"].')
    return tuple(dict.fromkeys(names))


def _one_of(*words: str) -> Reader:
    def read(value: Any) -> str:
        if value not in words:
            raise ValueError(f"It takes one of {', '.join(words)}.")
        return str(value)

    return read


def _kind(value: Any) -> Kind:
    return Kind(_one_of(*(kind.value for kind in Kind))(value))


def _when(value: Any) -> When:
    return When(_one_of(*(when.value for when in When))(value))


def _start(value: Any) -> Moment:
    found = moment(value)
    if found.after_s is not None:
        raise ValueError("It takes a day and a time such as 'Mon 08:00'.")
    return found


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("It is written [[job]], once for each.")
    return value


HEAD: dict[str, Reader] = {"starts": _start, "days": _whole(1, MOST_DAYS), "job": _list}
FIELDS: dict[str, Reader] = {
    "name": _text,
    "workload": _text,
    "size": _text,
    "params": _table,
    "gpus": _whole(1, 10_000),
    "slice": _text,
    "cores": _whole(1, 100_000),
    "memory_gib": _gib,
    "time": duration_s,
    "count": _whole(1, MOST_JOBS),
    "at": moment,
    "every": _one_of(*EVERY),
    "not_before": moment,
    "by": moment,
    "deadline": moment,
    "after": _names,
    "priority": _whole(-1000, 1000),
    "when": _when,
    "load": _one_of("compute", "light", "decode"),
    "kind": _kind,
    "yields": _flag,
    "group": _text,
}
