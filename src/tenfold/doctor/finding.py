"""A finding: what a check saw, whether it is trouble, and what to paste then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from tenfold.doctor.facts import Facts


class State(StrEnum):
    OK = "ok"
    NOTE = "note"  # it works, and could be better
    TROUBLE = "trouble"  # something will fail


@dataclass(frozen=True)
class Seen:
    """One sentence, and what to do about it: a line to paste where there is one."""

    state: State
    found: str
    fix: str = ""


@dataclass(frozen=True)
class Check:
    """`judge` looks at facts alone. `asks` and `matters` are also the rows of the docs."""

    group: str
    name: str
    asks: str
    matters: str
    judge: Callable[[Facts], Iterator[Seen]]


@dataclass(frozen=True)
class Finding:
    group: str
    name: str
    state: State
    found: str
    why: str
    fix: str


def findings(checks: tuple[Check, ...], facts: Facts) -> list[Finding]:
    return [
        Finding(check.group, check.name, seen.state, seen.found, check.matters, seen.fix)
        for check in checks
        for seen in check.judge(facts)
    ]


def ok(found: str) -> Seen:
    return Seen(State.OK, found)


def note(found: str, fix: str) -> Seen:
    return Seen(State.NOTE, found, fix)


def trouble(found: str, fix: str) -> Seen:
    return Seen(State.TROUBLE, found, fix)
