"""Changes of site.toml that leave what its owner wrote beside them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tenfold.site.config.config import parsed
from tenfold.site.config.edit import edited
from tenfold.terms.refusal import Refusal

PATH = Path("site.toml")
OWNERS = """# the cellar, measured in May
[site]
watts = 3000  # what my electrician said
price_kwh = 0.31

# two of them
[[circuit]]
volts = 230
amps = 16
"""


def test_a_field_is_replaced_and_the_rest_stays() -> None:
    words = edited(OWNERS, {"watts": 2500, "currency": "EUR"}, PATH)
    assert words == OWNERS.replace("3000  #", "2500  #").replace(
        "price_kwh = 0.31\n", 'price_kwh = 0.31\ncurrency = "EUR"\n'
    )
    assert parsed(words, PATH).watts == 2500


CIRCUITS = """[[circuit]]
name = "left"  # by the door
volts = 230
amps = 16

# behind the shelf
[[circuit]]
name = "right"
volts = 230
amps = 16

# cheap at night
[tariff]
flat = 0.31  # since May
"""


def rows(*amps: int) -> list[dict[str, Any]]:
    names = ("left", "right", "new")
    return [{"name": names[at], "volts": 230, "amps": amp} for at, amp in enumerate(amps)]


def test_of_a_section_only_what_differs_is_changed() -> None:
    words = edited(CIRCUITS, {"circuit": rows(16, 20), "tariff": {"flat": 0.35}}, PATH)
    before, after = CIRCUITS.rsplit("amps = 16", 1)
    assert words == f"{before}amps = 20{after}".replace("0.31", "0.35")
    assert edited(CIRCUITS, {"circuit": rows(16, 16)}, PATH) == CIRCUITS


def test_a_row_comes_and_goes_with_its_own_comments_only() -> None:
    three = edited(CIRCUITS, {"circuit": rows(16, 16, 32)}, PATH)
    assert [one["amps"] for one in tomllib.loads(three)["circuit"]] == [16, 16, 32]
    for comment in ("by the door", "behind the shelf", "cheap at night"):
        assert comment in three
    one = edited(CIRCUITS, {"circuit": rows(16, 16)[1:]}, PATH)
    assert tomllib.loads(one)["circuit"] == rows(16, 16)[1:]
    assert "by the door" not in one and "cheap at night" in one


def test_an_empty_section_gets_its_first_field() -> None:
    words = edited("[site]\n# nothing yet\n", {"watts": 900}, PATH)
    assert words == "[site]\nwatts = 900\n# nothing yet\n"


def test_null_removes_and_nothing_changes_nothing() -> None:
    assert edited(OWNERS, {"price_kwh": None, "zone": None}, PATH) == OWNERS.replace(
        "price_kwh = 0.31\n", ""
    )
    assert edited(OWNERS, {}, PATH) == OWNERS
    assert edited("", {"watts": None}, PATH) == ""


def test_a_file_without_the_section_gets_it() -> None:
    assert parsed(edited("", {"watts": 900}, PATH), PATH).watts == 900
    words = edited("[[circuit]]\nvolts = 230\namps = 16\n", {"watts": 900}, PATH)
    assert parsed(words, PATH).watts == 900 and len(parsed(words, PATH).circuits) == 1


def test_whole_sections_are_replaced() -> None:
    quiet = [{"from": "22:00", "until": "07:00", "watts": 800, "days": None}]
    words = edited(OWNERS, {"quiet": quiet, "tariff": {"price": 0.2}, "price_kwh": None}, PATH)
    site = parsed(words, PATH)
    assert [row.watts for row in site.quiet] == [800] and site.tariff.flat == 0.2
    assert "# two of them" in words and "# the cellar" in words
    assert parsed(edited(words, {"quiet": None}, PATH), PATH).quiet == ()


@pytest.mark.parametrize("changes", [{"wats": 3}, {"site": {"watts": 3}}, {"watts": 3.0}])
def test_what_it_means_is_the_readers_to_judge(changes: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as told:
        parsed(edited(OWNERS, changes, PATH), PATH)
    assert told.value.code == "site.config"


def test_what_cannot_be_edited_is_refused() -> None:
    for words, changes in (("[site", {"watts": 900}), ("site = 3", {"watts": 900})):
        with pytest.raises(Refusal) as told:
            edited(words, changes, PATH)
        assert told.value.code == "site.config"
