"""The form of site.toml: what it shows, what it sets, and where a Refusal belongs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenfold.site.config.config import parsed
from tenfold.site.config.edit import edited
from tenfold.terms.refusal import Refusal
from tenfold.web.parts.site_form import (
    Place,
    changes,
    chosen_days,
    days_text,
    empty_row,
    form,
    place_of,
)

EXAMPLE = (Path(__file__).parents[2] / "examples" / "site.toml").read_text()
FILE = Path("site.toml")


def test_what_was_not_touched_is_not_set():
    assert changes(EXAMPLE, form(EXAMPLE)) == {}
    assert changes("", form("")) == {}


def test_the_form_shows_what_the_file_says():
    shown = form(EXAMPLE)
    assert shown["circuit"] == [
        {"name": "garage", "volts": "208", "amps": "30", "phases": "1", "continuous": "0.8",
         "supplies": "4"}
    ]  # fmt: skip
    assert (shown["cooling"][0]["btu_h"], shown["cooling"][0]["watts"]) == ("18000", "")
    assert [row["price"] for row in shown["row"]] == ["0.52", "0.24"]


def test_only_the_section_that_was_changed_is_set_and_means_what_was_typed():
    typed = form(EXAMPLE)
    typed["circuit"][0]["volts"] = " 240 "
    typed["site"][0]["host_watts"] = ""
    told = changes(EXAMPLE, typed)
    assert set(told) == {"circuit", "host_watts"}
    assert told["host_watts"] is None
    site = parsed(edited(EXAMPLE, told, FILE), FILE)
    assert (site.circuits[0].volts, site.circuits[0].supplies) == (240.0, 4)
    assert site.host_watts is None
    assert len(site.quiet) == 2


def test_rows_are_added_and_removed():
    typed = form(EXAMPLE)
    typed["quiet"].append(
        {**empty_row("quiet"), "days": "tue", "from": "10:00", "until": "11:00", "watts": "3000"}
    )
    del typed["row"][0]
    site = parsed(edited(EXAMPLE, changes(EXAMPLE, typed), FILE), FILE)
    assert [one.watts for one in site.quiet] == [2800.0, 2800.0, 3000.0]
    assert site.quiet[2].span.days == {1}
    assert [row.price_kwh for row in site.tariff.rows] == [0.24]
    assert site.tariff.flat == 0.34


def test_the_last_row_takes_its_section_with_it():
    typed = form(EXAMPLE)
    typed["quiet"], typed["circuit"] = [], []
    typed["psu"][0] = empty_row("psu")
    site = parsed(edited(EXAMPLE, changes(EXAMPLE, typed), FILE), FILE)
    assert (site.quiet, site.circuits, site.supplies) == ((), (), None)


def test_a_file_with_nothing_in_it_is_filled():
    typed = form("")
    typed["site"][0]["watts"] = "3000"
    typed["noise"][0] = {"low_w": "1000", "low_dba": "48", "high_w": "4000", "high_dba": "62"}
    typed["tariff"][0]["price"] = "0.34"
    site = parsed(edited("", changes("", typed), FILE), FILE)
    assert (site.watts, site.tariff.flat) == (3000.0, 0.34)
    assert site.noise == ((1000.0, 48.0), (4000.0, 62.0))


def test_what_the_form_does_not_know_stays():
    text = '[tariff]\nprice = 0.3\n[[tariff.row]]\nfrom = "10:00"\nuntil = "12:00"\nprice = 1\n'
    typed = form(text)
    typed["tariff"][0]["price"] = "0.4"
    assert changes(text, typed)["tariff"]["row"] == [
        {"from": "10:00", "until": "12:00", "price": 1}
    ]
    later = '[cooling]\nwatts = 3000\nof_tomorrow = "x"\n'
    typed = form(later)
    typed["cooling"][0]["watts"] = "4000"
    assert changes(later, typed) == {"cooling": {"watts": 4000, "of_tomorrow": "x"}}


WRONG = [
    ("circuit", 0, "volts", "5"),
    ("circuit", 0, "amps", "many"),
    ("circuit", 0, "continuous", "80"),
    ("quiet", 1, "from", "late"),
    ("quiet", 1, "dba", "40"),
    ("row", 1, "price", "cheap"),
    ("psu", 0, "spare", "9"),
    ("cooling", 0, "inlet_highest_c", "500"),
    ("site", 0, "night", "always"),
    ("site", 0, "zone", "Mars/Base"),
    ("tariff", 0, "price", "0,34"),
]


@pytest.mark.parametrize(("section", "row", "field", "text"), WRONG)
def test_a_refusal_belongs_to_the_field_that_it_is_about(section, row, field, text):
    typed = form(EXAMPLE)
    typed[section][row][field] = text
    if field == "dba":
        typed[section][row]["watts"] = ""
    with pytest.raises(Refusal) as no:
        parsed(edited(EXAMPLE, changes(EXAMPLE, typed), FILE), FILE)
    assert place_of(no.value.facts["field"], typed) == Place(section, row, field)


def test_a_refusal_of_something_else_has_no_place():
    shown = form(EXAMPLE)
    assert place_of("place_file", shown) is None
    assert place_of("volts of circuit 7", shown) is None
    assert place_of("points of [noise]", shown) == Place("noise", 0, "")
    assert place_of("site", shown) == Place("site", 0, "")


@pytest.mark.parametrize(
    ("text", "days"),
    [("sun-thu", {6, 0, 1, 2, 3}), ("fri,sat", {4, 5}), ("", set(range(7))), ("mon", {0}),
     ("mon,wed,fri", {0, 2, 4}), ("sat-sun", {5, 6}), ("tuesday", {1})],
)  # fmt: skip
def test_days_are_read_and_written_the_same(text, days):
    assert chosen_days(text) == days
    assert chosen_days(days_text(frozenset(days))) == days


def test_days_that_mean_nothing():
    assert chosen_days("someday") is None
    assert days_text(frozenset({0, 1, 2, 3, 4})) == "mon-fri"
    assert days_text(frozenset({4, 5})) == "fri-sat"
