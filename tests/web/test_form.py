"""A form from a workload's schema: its fields, what is written in them, the same run in words."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from tenfold.web.draw.doc import doc_html
from tenfold.web.draw.form import form_html
from tenfold.web.draw.workload import first_size, sizes_table
from tenfold.web.parts.command_line import command_line
from tenfold.web.parts.form import Field, as_raw, defaults, fields
from tenfold.web.parts.order_form import order_fields, order_of, order_values
from tenfold.web.parts.written import read
from tenfold.web.words import EN, ZH, words

T = words(EN)
ENTRY: dict[str, Any] = {
    "name": "lab.tunnel",
    "sizes": {"smoke": {"cells": 64, "speeds": [1]}, "desk": {"cells": 256}},
    "schema": {
        "$defs": {"Wall": {"enum": ["slip", "stick"], "type": "string"}},
        "required": ["shape"],
        "properties": {
            "shape": {"type": "string", "unit": "path", "description": "Your <shape>."},
            "cells": {"type": "integer", "default": 128, "minimum": 16, "maximum": 512},
            "rate": {"type": "number", "default": 0.1, "exclusiveMinimum": 0, "maximum": 1},
            "speeds": {"type": "array", "items": {"type": "number"}, "default": [1.0, 2.5]},
            "tied": {"type": "boolean", "default": False},
            "wall": {"allOf": [{"$ref": "#/$defs/Wall"}], "default": "slip"},
            "loads": {"type": "array", "items": {"enum": ["a", "b"]}, "default": ["a", "b"]},
            "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
            "prompt": {"type": "string", "default": "def ", "maxLength": 2000},
            "lines": {"type": "array", "items": {"type": "string"}, "default": []},
            "pair": {"type": "array", "prefixItems": [{}, {}], "default": [1, 2], "advanced": True},
        },
    },
}
FORM = fields(T, ENTRY)
BOX: dict[str, Any] = {
    "box": {
        "nodes": [
            {
                "devices": [
                    {"kind": "gpu", "cores": 0, "mig": {"profiles": [{"name": "1g.10gb"}]}},
                    {"kind": "gpu", "cores": 0, "mig": None},
                    {"kind": "cpu", "cores": 32, "mig": None},
                ]
            }
        ]
    }
}


def field(name: str) -> Field:
    return next(one for one in FORM if one.name == name)


def test_a_kind_for_every_shape() -> None:
    assert {one.name: one.kind for one in FORM} == {
        "shape": "path",
        "cells": "integer",
        "rate": "number",
        "speeds": "numbers",
        "tied": "switch",
        "wall": "choice",
        "loads": "choices",
        "limit": "integer",
        "prompt": "long",
        "lines": "lines",
        "pair": "json",
    }
    assert field("wall").choices == ("slip", "stick") and field("wall").default == "slip"
    assert [one.name for one in FORM if one.required] == ["shape"]
    assert [one.name for one in FORM if one.advanced] == ["pair"]


def test_what_is_written_comes_back_as_it_was() -> None:
    """Of every field: its default as text, read again, is no change."""
    raws = {one.name: as_raw(one, one.default) for one in FORM}
    said = read(T, "lab.tunnel", FORM, raws, {})
    assert said.params == {} and said.wrong == {}
    assert as_raw(field("speeds"), [1.0, 2.5, 1e-5]) == "1, 2.5, 1e-05"


def test_only_what_differs_from_the_size_is_given() -> None:
    size = ENTRY["sizes"]["smoke"]
    raws = {"cells": "64", "speeds": "1", "rate": "0.1", "tied": True, "loads": ["b"], "wall": ""}
    assert read(T, "w", FORM, raws, size).params == {"tied": True, "loads": ["b"]}
    assert read(T, "w", FORM, {"cells": "128", "speeds": "1; 2.5,"}, size).params == {
        "cells": 128,
        "speeds": [1.0, 2.5],
    }


def test_an_empty_field_is_the_size_s_value_and_an_empty_text_is_a_text() -> None:
    said = read(T, "w", FORM, {"cells": " ", "prompt": "", "shape": "", "lines": "\n"}, {})
    assert said.params == {"prompt": ""} and said.wrong == {}


@pytest.mark.parametrize(
    ("name", "raw", "why"),
    [
        ("cells", "15", "The least is 16."),
        ("cells", "513", "The most is 512."),
        ("cells", "20.5", "It is a whole number."),
        ("cells", "?", "This is not a number."),
        ("rate", "0", "It is more than 0."),
        ("rate", "nan", "This is not a number."),
        ("rate", "inf", "This is not a number."),
        ("speeds", "1, two", "This is not a number."),
        ("pair", "[1", "This is not JSON"),
    ],
)
def test_what_is_wrong_is_said_of_its_field(name: str, raw: str, why: str) -> None:
    said = read(T, "lab.tunnel", FORM, {name: raw, "tied": True}, {})
    assert said.params == {"tied": True}  # the rest is kept
    told = said.wrong[name]
    assert told.code == "workload.param" and told.facts["field"] == name
    assert told.why.startswith(why)
    chinese = read(words(ZH), "lab.tunnel", FORM, {name: raw}, {}).wrong[name]
    assert chinese.why != told.why


@pytest.mark.parametrize("raw", ["16", "512", "5e2", " 16 "])
def test_the_edges_of_a_range_are_in_it(raw: str) -> None:
    assert read(T, "w", FORM, {"cells": raw}, {}).params == {"cells": int(float(raw))}


def test_a_row_has_a_label_its_sentences_and_a_place_for_what_is_wrong() -> None:
    html = form_html(T, FORM, defaults(FORM, {}), {"cells": 300, "shape": 'a"><b'}, "p")
    assert '<label for="p-cells">Cells</label>' in html
    assert 'aria-describedby="help-p-cells error-p-cells"' in html
    assert 'id="error-p-cells" data-error="p.cells"' in html
    assert 'min="16" max="512"' in html and 'data-base="128" value="300"' in html
    assert "a&quot;&gt;&lt;b" in html and "Your &lt;shape&gt;." in html and '"><b' not in html
    assert html.index("<details") < html.index('data-row="p.pair"')
    changed = [part.split('"')[0] for part in html.split(' changed" data-row="')[1:]]
    assert changed == ["p.shape", "p.cells"]


def test_the_dial_has_every_field_at_every_size() -> None:
    html = sizes_table(ENTRY, FORM)
    assert "&quot;p.cells&quot;: &quot;64&quot;" in html
    assert "&quot;p.cells&quot;: &quot;256&quot;" in html
    assert html.count("p.prompt") == 2
    assert first_size(ENTRY) == "desk"
    assert first_size({"sizes": {"smoke": {}, "full": {}}}) == "smoke"
    assert first_size({"sizes": {}}) == ""


def test_only_the_chosen_place_is_asked_for() -> None:
    form = order_fields(T, "lab.tunnel", BOX)
    raws = {"where": "slice", "gpus": "2", "cores": "4", "memory_gib": "9", "priority": "0"}
    assert order_of(T, "w", form, raws) == ({"slice": "1g.10gb", "memory_gib": 9.0}, {})
    assert order_of(T, "w", form, raws | {"where": "first"}) == ({"memory_gib": 9.0}, {})
    body, wrong = order_of(T, "w", form, {"where": "gpus", "gpus": "3", "when": "night"})
    assert body == {"when": "night"} and "most is 2" in wrong["gpus"].why


def test_a_box_without_a_gpu_offers_none() -> None:
    cpu = {"box": {"nodes": [{"devices": [{"kind": "cpu", "cores": 2, "mig": None}]}]}}
    form = order_fields(T, "lab.tunnel", cpu)
    assert [one.name for one in form] == [
        "where", "cores", "memory_gib", "when", "priority", "name",
    ]  # fmt: skip
    assert form[0].choices == ("first", "cores")


def test_a_job_that_was_fills_the_form_again() -> None:
    form = order_fields(T, "system.command", BOX)
    spec = {
        "workload": "system.command",
        "name": "mine",
        "priority": 5,
        "when": "cheap",
        "kind": "service",
        "needs": {"gpus": 2, "slice": None, "cores": 1, "memory_gib": 8.0, "time_s": 90.0},
    }
    values = order_values(spec)
    raws = {one.name: as_raw(one, values.get(one.name, one.default)) for one in form}
    body, wrong = order_of(T, "system.command", form, raws)
    assert not wrong
    assert body == {
        "gpus": 2, "memory_gib": 8.0, "time_s": 90.0, "kind": "service", "when": "cheap",
        "priority": 5, "name": "mine",
    }  # fmt: skip
    learned = order_values({**spec, "workload": "lab.tunnel", "name": "lab.tunnel"})
    assert learned == {"priority": 5, "when": "cheap"}  # its needs it says itself


def test_the_same_from_a_terminal() -> None:
    params = {"speeds": [1.0, -2.5], "tied": False, "cells": 64, "name": "x", "rate": -1e-5}
    line = command_line({"workload": "lab.tunnel", "size": "desk", "params": params, "priority": 5})
    assert shlex.split(line) == [
        "tenfold", "run", "lab.tunnel", "--size", "desk", "--speeds", "1,-2.5", "--no-tied",
        "--cells", "64", "--param-name", "x", "--rate=-1e-05", "--priority", "5",
    ]  # fmt: skip
    body = {
        "workload": "system.command", "size": None, "gpus": 2, "time_s": 90.0, "kind": "service",
        "params": {"argv": ["echo", "a b"], "variables": ["A=1"], "env": "uv"},
    }  # fmt: skip
    assert shlex.split(command_line(body)) == [
        "tenfold", "run", "--gpus", "2", "--time", "90", "--env", "uv", "--set", "A=1",
        "--service", "--", "echo", "a b",
    ]  # fmt: skip
    placed = command_line({"workload": "lab.tunnel", "size": "desk", "params": {}, "gpus": 2})
    assert placed.startswith("tenfold.connect().submit({") and "'gpus': 2" in placed


def test_a_docstring_is_shown_and_runs_nothing() -> None:
    doc = (
        "Tunnel: a wind.\n\nFirst <b>line</b>\nand `code`.\n\n    tenfold run x\n\n"
        "References:\n- Ghia 1982, https://x.org/a?b=1&c=2.\n- <script>"
    )
    html = doc_html(doc)
    assert "Tunnel" not in html
    assert "<p>First &lt;b&gt;line&lt;/b&gt; and <code>code</code>.</p>" in html
    assert '<pre class="commands" tabindex="0">tenfold run x</pre>' in html
    assert '<a href="https://x.org/a?b=1&amp;c=2" rel="noreferrer">' in html
    assert html.count("<li>") == 2 and "<script>" not in html
