"""Whatever a workload left in a field, the answer can be written and read."""

from __future__ import annotations

import json

from tenfold.api.views import Answer, event_view
from tenfold.ledger.transaction import Event


def test_numbers_that_json_does_not_have_are_null() -> None:
    value = {"a": [1.5, float("nan")], "b": {"c": float("-inf")}, "d": (float("inf"),)}
    assert json.loads(Answer(value).body) == {"a": [1.5, None], "b": {"c": None}, "d": [None]}


def test_text_that_utf8_does_not_have_is_escaped() -> None:
    assert Answer({"name": "a\udcffb €"}).body == b'{"name":"a\\udcffb \\u20ac"}'


def test_an_event_keeps_its_own_fields() -> None:
    data = {"job": "13", "kind": "change", "seq": 99, "text": "kept"}
    seen = event_view(Event(5, 1.0, "12", 2, "note", data))
    assert seen == {
        "seq": 5,
        "at_s": 1.0,
        "job": "12",
        "attempt": 2,
        "kind": "note",
        "text": "kept",
    }
