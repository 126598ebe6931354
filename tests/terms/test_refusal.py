"""Refusals: every text can be filled, and the error survives a pickle and JSON."""

from __future__ import annotations

import pickle
import string

import pytest

from tenfold.terms.command import Command, command_from
from tenfold.terms.refusal import Refusal, refusal, refusal_from_json
from tenfold.terms.texts import TEXTS


class _Anything:
    """Stands in for any fact: a number with a format spec, or text."""

    def __format__(self, spec: str) -> str:
        return "x"


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_every_text_has_three_sentences_that_can_be_filled(code: str) -> None:
    fields = {name for text in TEXTS[code] for _, name, _, _ in string.Formatter().parse(text)}
    told = refusal(code, **{name: _Anything() for name in fields if name})
    assert told.what.endswith((".", "x")) and told.why and told.next
    assert "{" not in told.what + told.why + told.next


def test_there_and_back() -> None:
    told = refusal("job.unknown", id="7")
    for copy in (pickle.loads(pickle.dumps(told)), refusal_from_json(told.as_json())):
        assert isinstance(copy, Refusal)
        assert copy.as_json() == told.as_json()
    assert told.facts == {"id": "7"} and "7" in told.what


def test_a_command_is_checked_field_by_field() -> None:
    assert command_from({"argv": ["a"], "port": 80}) == Command(("a",), port=80)
    wrong = [
        ({}, "command.empty"),
        ({"argv": []}, "command.empty"),
        ({"argv": [1]}, "command.empty"),
        ({"argv": "ls"}, "command.empty"),
        ({"argv": ["a"], "prot": 80}, "command.field"),
        ({"argv": ["a"], "port": 70000}, "command.value"),
        ({"argv": ["a"], "launch": "mpirun"}, "command.value"),
        ({"argv": ["a"], "variables": ["NOVALUE"]}, "command.value"),
        ({"argv": ["a"], "idle_minutes": -1}, "command.value"),
        ({"argv": ["a"], "cwd": 3}, "command.value"),
    ]
    for params, code in wrong:
        with pytest.raises(Refusal) as told:
            command_from(params)
        assert told.value.code == code, params
