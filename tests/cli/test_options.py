"""Options made from a JSON schema."""

import pytest

from tenfold.cli.options import add_params, parse_params
from tenfold.cli.parser import Parser
from tenfold.cli.run import asking
from tenfold.terms.refusal import Refusal

ENTRY = {
    "name": "simulate.tunnel",
    "schema": {
        "properties": {
            "grid_width": {
                "type": "integer",
                "description": "Cells across, 100 % of them fluid.",
                "minimum": 16,
                "maximum": 4096,
                "unit": "cells",
                "default": 128,
            },
            "speed": {"type": "number", "exclusiveMinimum": 0, "default": 0.1, "unit": "m/s"},
            "shape": {"enum": ["ball", "cube"], "type": "string", "default": "ball"},
            "angles": {"type": "array", "items": {"type": "number"}, "default": [0.0, 5.0]},
            "corner": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]},
            "steady": {"type": "boolean", "default": True},
            "mesh": {"anyOf": [{"type": "string", "format": "path"}, {"type": "null"}]},
            "more": {"type": "object"},
            "name": {"type": "string", "default": ""},
        }
    },
}


def parser():
    made = asking(Parser("run simulate.tunnel", "Wind tunnel."))
    add_params(made, ENTRY)
    return made


def given(*words):
    return parse_params(parser(), ENTRY, list(words))[1]


def test_only_what_is_said_is_given():
    assert given() == {}
    assert given("--grid-width", "64", "--no-steady") == {"grid_width": 64, "steady": False}


def test_values_have_the_types_of_the_schema(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert given("--speed", "3", "--shape", "cube", "--angles", "0,2.5, 5") == {
        "speed": 3.0,
        "shape": "cube",
        "angles": [0.0, 2.5, 5.0],
    }
    assert given("--corner=4,north", "--mesh", "drone.stl", '--more={"a": 1}') == {
        "corner": [4, "north"],
        "mesh": str(tmp_path / "drone.stl"),
        "more": {"a": 1},
    }
    assert given("--mesh", "none", "--angles", "[1, 2]", "--grid-width", "1e3") == {
        "mesh": None,
        "angles": [1, 2],
        "grid_width": 1000,
    }


def test_a_param_named_like_an_option_of_run_is_reached_by_a_longer_name():
    asked, params = parse_params(parser(), ENTRY, ["--name", "mine", "--param-name", "its"])
    assert asked.name == "mine" and params == {"name": "its"}


def test_an_unknown_option_names_the_nearest():
    with pytest.raises(Refusal) as raised:
        given("--grid-widht", "3")
    assert raised.value.code == "workload.param"
    assert "--grid-width" in raised.value.why


def test_a_value_of_another_type_is_refused():
    with pytest.raises(Refusal) as raised:
        given("--grid-width", "wide")
    assert raised.value.code == "workload.param"
    assert "whole number" in raised.value.why


def test_a_stray_word_is_refused():
    with pytest.raises(Refusal) as raised:
        given("--steady", "yes")
    assert raised.value.code == "cli.usage"


def test_help_has_the_sentence_unit_range_and_default():
    text = " ".join(parser().format_help().split())
    assert "--grid-width N" in text
    assert "Cells across, 100 % of them fluid. [from 16 to 4096 cells; default 128]" in text
    assert "[above 0 m/s; default 0.1]" in text
    assert "--steady, --no-steady" in text
    assert "--mesh FILE" in text
    assert "{ball,cube}" in text
