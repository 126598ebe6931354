"""The owner's settings of the place: what is read, and that a misread limit is refused in words."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tenfold.site.budget import limits
from tenfold.site.config.config import check_moved, parsed, read, sections
from tenfold.site.settings import (
    ALL_DAYS,
    Circuit,
    CoolingKind,
    PriceRow,
    Quiet,
    SiteConfig,
    Span,
    Supplies,
    Tariff,
)
from tenfold.terms.job import When
from tenfold.terms.reading import Reading
from tenfold.terms.refusal import Refusal

ROOT = Path(__file__).parents[3]
HERE = Path("site.toml")
CIRCUIT = '[[circuit]]\nname = "garage"\nvolts = 208\namps = 30\n'
PSU = "[psu]\ncount = 4\nwatts = 2700\n"
QUIET = '[[quiet]]\nfrom = "22:00"\nuntil = "07:00"\n'
ROW = '[[tariff.row]]\nfrom = "{}"\nuntil = "{}"\nprice = 0.2\n'


def refused(text: str, path: Path = HERE) -> Refusal:
    with pytest.raises(Refusal) as told:
        parsed(text, path)
    assert told.value.code == "site.config", told.value
    assert told.value.next == f"edit {path}"
    return told.value


def test_without_a_file_or_a_field_there_is_no_limit(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    assert read(path) == SiteConfig()
    path.write_text("")
    assert read(path) == SiteConfig() and read(path).watts == math.inf


def test_watts_and_price_are_read(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("[site]\nwatts = 3000\nprice_kwh = -0.02\n")
    assert read(path) == SiteConfig(3000.0, tariff=Tariff(-0.02))


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes(b"\xff\xfe")
    for bad in (path, tmp_path):
        with pytest.raises(Refusal, match="cannot be read"):
            read(bad)


def test_the_example_is_read_whole() -> None:
    found = read(ROOT / "examples" / "site.toml")
    assert found.circuits == (Circuit("garage", 208.0, 30.0, supplies=4),)
    assert found.circuits[0].watts == pytest.approx(4992.0)
    assert found.supplies == Supplies(4, 2700.0, 2, 0.94)
    assert found.cooling is not None and found.cooling.kind is CoolingKind.AIR_CONDITIONER
    assert found.cooling.watts == pytest.approx(5275.3, abs=0.1)
    quiet_days = [sorted(row.span.days) for row in found.quiet]
    assert quiet_days == [[0, 1, 2, 3, 6], [4, 5]]  # sun-thu goes over the week's end
    assert found.quiet[0] == Quiet(Span(frozenset({6, 0, 1, 2, 3}), 1320, 420), watts=2800.0)
    assert found.tariff == Tariff(
        0.34,
        (PriceRow(Span(ALL_DAYS, 960, 1260), 0.52), PriceRow(Span(ALL_DAYS, 1380, 360), 0.24)),
    )
    assert (found.currency, found.cloud_gpu_hour, found.when) == ("USD", 2.5, When.ANYTIME)
    hash(found)


def test_every_field_that_the_example_has_as_a_comment_is_one() -> None:
    text = (ROOT / "examples" / "site.toml").read_text()
    bare = re.sub(r"^# (\w+ = |\[)", r"\1", text, flags=re.MULTILINE)
    assert bare.count("\n# ") < text.count("\n# ")
    cut = re.sub(r"^(heat_share|loop_watts|flow_l_min|csv) = .*\n", "", bare, flags=re.MULTILINE)
    found = parsed(cut, HERE)
    assert found.noise == ((1000.0, 48.0), (4000.0, 62.0)) and found.yearly_money == 6000.0
    assert found.place_file == "/run/place.json" and found.decode_clock_mhz == 1200


def test_what_the_page_shows_is_read() -> None:
    page = (ROOT / "docs" / "what-your-place-allows.md").read_text()
    blocks = re.findall(r"^```toml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    found = [parsed(block, HERE) for block in blocks]
    assert len(found) == 7 and all(one != SiteConfig() for one in found)
    assert [round(step) for step in map(steady_w, found)] == [5745, 5000, 12857, 4000, *[0] * 3]


def steady_w(config: SiteConfig) -> float:
    """0: no limit, or only one of the owner's."""
    told = limits(replace(config, watts=math.inf), Reading(0.0, ()))
    return min([watts for watts, _ in told], default=0.0)


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ('"mon-fri"', {0, 1, 2, 3, 4}),
        ('"sat,sun"', {5, 6}),
        ('["mon", "wed-thu"]', {0, 2, 3}),
        ('"Saturday - monday"', {5, 6, 0}),
        ('"all"', set(range(7))),
        ('"tue"', {1}),
    ],
)
def test_days(words: str, days: set[int]) -> None:
    (row,) = parsed(f"{QUIET}watts = 900\ndays = {words}\n", HERE).quiet
    assert row.span.days == days


def test_times_of_day_as_text_and_as_toml_has_them() -> None:
    text = "[[quiet]]\nfrom = 22:30:00\nuntil = '24:00'\nwatts = 900\n"
    assert parsed(text, HERE).quiet[0].span == Span(ALL_DAYS, 22 * 60 + 30, 0)
    assert parsed('[site]\nnight = "23:15-05:00"\n', HERE).night == Span(ALL_DAYS, 1395, 300)


def test_watts_that_look_like_btu_are_believed_when_both_are_said() -> None:
    found = parsed('[cooling]\nkind = "air-conditioner"\nwatts = 12000\nbtu_h = 40946\n', HERE)
    assert found.cooling is not None and found.cooling.watts == 12_000.0


def test_supplies_of_silent_circuits_are_what_is_left() -> None:
    text = PSU + CIRCUIT + "supplies = 3\n[[circuit]]\nvolts = 120\namps = 20\n"
    assert [one.supplies for one in parsed(text, HERE).circuits] == [3, None]


@pytest.mark.parametrize(
    ("text", "field", "word"),
    [
        # unknown names, wrong shapes
        ("[site\n", "site", "TOML"),
        ("site = 3000\n", "site", "[site]"),
        ("watts = 3000\n", "watts", "[site]"),
        ("[sit]\nwatts = 3000\n", "sit", "nearest is site"),
        ("[cirucit]\n", "cirucit", "nearest is circuit"),
        ("[site]\nwatt = 3000\n", "watt", "nearest is watts"),
        ("[psu]\ncuont = 3\n", "cuont of [psu]", "nearest is count"),
        ("[circuit]\nvolts = 208\n", "circuit", "[[circuit]]"),
        ("psu = 3\n", "psu", "[psu]"),
        ("quiet = [3]\n", "quiet 1", "section"),
        # [site]
        ("[site]\nwatts = 0\n", "watts", "above 0"),
        ("[site]\nwatts = -5\n", "watts", "above 0"),
        ("[site]\nwatts = nan\n", "watts", "above 0"),
        ("[site]\nwatts = inf\n", "watts", "above 0"),
        ("[site]\nwatts = true\n", "watts", "above 0"),
        ('[site]\nwatts = "3 kW"\n', "watts", "above 0"),
        ("[site]\nwatts = 5.76\n", "watts", "5.76 looks like kW: write 5760."),
        ("[site]\nhost_watts = 1.5\n", "host_watts", "write 1500."),
        ("[site]\nwatts = 5e6\n", "watts", "at most"),
        ('[site]\nprice_kwh = "cheap"\n', "price_kwh", "number"),
        ("[site]\nprice_kwh = inf\n", "price_kwh", "number"),
        ("[site]\nyearly_kwh = 0\n", "yearly_kwh", "above 0"),
        ("[site]\nprice_kwh = 1\nyearly_money = -1\n", "yearly_money", "above 0"),
        ("[site]\nyearly_money = 900\n", "yearly_money", "[tariff]"),
        ('[site]\nzone = "Europe/Brelin"\n', "zone", "Europe/Berlin"),
        ('[site]\nzone = "../x"\n', "zone", "time zone"),
        ('[site]\nzone = "Europe"\n', "zone", "time zone"),
        ('[site]\nnight = "22-7"\n', "night", "22:00-07:00"),
        ('[site]\nnight = "22:00-22:00"\n', "night", "two times"),
        ('[site]\nwhen = "later"\n', "when", "quiet-ok"),
        ("[site]\ndecode_clock_mhz = 1.2\n", "decode_clock_mhz", "MHz"),
        ("[site]\ndecode_clock_mhz = 1200.5\n", "decode_clock_mhz", "whole"),
        ("[site]\ncurrency = 3\n", "currency", "text"),
        # circuits
        (CIRCUIT.replace("208", "0.208"), "volts of circuit garage", "kV: write 208."),
        (CIRCUIT.replace("208", "12"), "volts of circuit garage", "from 90 to 480"),
        (CIRCUIT.replace("208", "500"), "volts of circuit garage", "from 90 to 480"),
        (CIRCUIT.replace("30", "0.5"), "amps of circuit garage", "from 1 to 400"),
        (CIRCUIT.replace("30", "4000"), "amps of circuit garage", "from 1 to 400"),
        (CIRCUIT.replace("amps = 30\n", ""), "amps of circuit garage", "both"),
        (CIRCUIT + "phases = 2\n", "phases of circuit garage", "1, or 3"),
        (CIRCUIT + "phases = 4\n", "phases of circuit garage", "1, or 3"),
        (CIRCUIT + "continuous = 80\n", "continuous of circuit garage", "write 0.8."),
        (CIRCUIT + "continuous = 0.05\n", "continuous of circuit garage", "0.1 to 1"),
        (CIRCUIT + CIRCUIT, "name of circuit garage", "Another"),
        (CIRCUIT + "supplies = 2\n" + PSU, "supplies of circuit garage", "counts 4"),
        (CIRCUIT + "supplies = 5\n" + PSU, "supplies of circuit garage", "counts 4"),
        (
            CIRCUIT + 'supplies = 4\n[[circuit]]\nname = "hall"\nvolts = 120\namps = 9\n' + PSU,
            "supplies of circuit garage",
            "none left",
        ),
        (
            CIRCUIT + 'supplies = 4\n[[circuit]]\nname = "hall"\nvolts = 120\namps = 9\n',
            "supplies of circuit hall",
            "as well",
        ),
        # power supplies
        (PSU + "spare = 4\n", "spare of [psu]", "Of 4 at least one"),
        (PSU + "efficiency = 94\n", "efficiency of [psu]", "write 0.94."),
        (PSU + "efficiency = 0.4\n", "efficiency of [psu]", "0.5 to 1"),
        (PSU + "efficiency = 1.2\n", "efficiency of [psu]", "0.5 to 1"),
        (PSU.replace("2700", "2.7"), "watts of [psu]", "write 2700."),
        ("[psu]\ncount = 4\n", "watts of [psu]", "count and watts"),
        ("[psu]\ncount = 0\nwatts = 900\n", "count of [psu]", "from 1"),
        # heat
        ("[cooling]\nwatts = 5.0\n", "watts of [cooling]", "write 5000."),
        ("[cooling]\nwatts = 120000\n", "watts of [cooling]", "write btu_h = 120000"),
        (
            '[cooling]\nkind = "air-conditioner"\nwatts = 12000\n',
            "watts of [cooling]",
            "3,517 W: write btu_h = 12000. If watts are meant, add btu_h = 40946.",
        ),
        (CIRCUIT + "[cooling]\nwatts = 17033\n", "watts of [cooling]", "looks like BTU/h"),
        ("[cooling]\nwatts = 5000\nbtu_h = 5000\n", "btu_h of [cooling]", "are 1,465 W"),
        ("[cooling]\nbtu_h = 17\n", "btu_h of [cooling]", "thousands"),
        ('[cooling]\nkind = "fridge"\n', "kind of [cooling]", "air-conditioner"),
        ('[cooling]\nkind = "room"\nloop_watts = 900\n', "loop_watts of [cooling]", "liquid"),
        ("[cooling]\nloop_watts = 9000\n", "heat_share of [cooling]", "share"),
        (
            '[cooling]\nkind = "liquid"\nheat_share = 70\n',
            "heat_share of [cooling]",
            "write 0.7.",
        ),
        ('[cooling]\nkind = "ambient"\nambient_c = 22\n', "kelvin_per_kw of [cooling]", "both"),
        ("[cooling]\nambient_c = 31\nkelvin_per_kw = 2\n", "ambient_c of [cooling]", "too warm"),
        ("[cooling]\ninlet_lowest_c = 35\n", "inlet_lowest_c of [cooling]", "30 degrees"),
        # noise
        ("[noise]\npoints = [[1000, 48]]\n", "points of [noise]", "two points"),
        ("[noise]\npoints = [[1000, 48], [2000, 50], [3000, 55]]\n", "points of [noise]", "two"),
        ("[noise]\npoints = [[1000, 48], [1000, 55]]\n", "points of [noise]", "same watts"),
        ("[noise]\npoints = [[1000, 48], [3000, 48]]\n", "points of [noise]", "louder"),
        ("[noise]\npoints = [[1000, 55], [3000, 48]]\n", "points of [noise]", "louder"),
        ("[noise]\npoints = [[1.0, 48], [4.0, 62]]\n", "watts of [noise]", "write 1000."),
        ("[noise]\npoints = [[1000, 480], [4000, 620]]\n", "dBA of [noise]", "20 to 100"),
        # quiet hours
        (QUIET, "dba of quiet 1", "one of dba and watts"),
        (QUIET + "dba = 45\nwatts = 900\n", "dba of quiet 1", "one of dba and watts"),
        (QUIET + "dba = 45\n", "dba of quiet 1", "[noise]"),
        (QUIET + "watts = 2.5\n", "watts of quiet 1", "write 2500."),
        (QUIET.replace("22:00", "25:00") + "watts = 900\n", "from of quiet 1", "22:00"),
        (QUIET + 'watts = 900\ndays = "mon-frog"\n', "days of quiet 1", "mon-fri"),
        (QUIET + "watts = 900\ndays = [1]\n", "days of quiet 1", "mon-fri"),
        ('[[quiet]]\nfrom = "22:00"\nwatts = 900\n', "until of quiet 1", "from and until"),
        (
            '[[quiet]]\nfrom = "00:00"\nuntil = "24:00"\nwatts = 900\n',
            "until of quiet 1",
            "have to end",
        ),
        (
            f'{QUIET}watts = 900\n[[quiet]]\nfrom = "06:30"\nuntil = "22:00"\nwatts = 950\n',
            "until of quiet 2",
            "have to end",
        ),
        # prices
        (
            ROW.format("06:00", "20:00") + ROW.format("19:00", "06:00"),
            "from of tariff.row 2",
            "Rows 1 (06:00-20:00) and 2 (19:00-06:00) both have a price for Mon 19:00.",
        ),
        (ROW.format("06:00", "20:00"), "row of [tariff]", "Mon 00:00 to Mon 06:00"),
        ("[tariff]\nprice = 0.3\n" + ROW[:-12], "price of tariff.row 1", "nothing"),
        ("[site]\nprice_kwh = 1\n[tariff]\nprice = 2\n", "price of [tariff]", "one of the two"),
        ('[tariff]\ncsv = "none.csv"\n', "csv of [tariff]", "cannot be read"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(text: str, field: str, word: str) -> None:
    told = refused(text)
    assert f"'{field}'" in told.what and "site.toml" in told.what, told.what
    assert word in told.why, told.why


def test_rows_that_leave_hours_out_are_filled_by_the_flat_price() -> None:
    found = parsed("[tariff]\nprice = 0.3\n" + ROW.format("06:00", "20:00"), HERE)
    assert found.tariff.flat == 0.3 and len(found.tariff.rows) == 1


def test_the_sections_of_a_file_without_reading_them() -> None:
    assert list(sections(CIRCUIT + PSU, HERE)) == ["circuit", "psu"]


@pytest.mark.parametrize(
    ("text", "new", "next_step"),
    [
        ("[site]\nwatts = 3000\n", False, "mv {old} {new}"),
        ("[site]\nwatts = 3000\n", True, "move its section [site] to {new}"),
        ("[site]\nwatts = 3000\n[other]\n", False, "move its section [site] to {new}"),
        ("[site]\nwatts = \n", False, "move its section [site] to {new}"),  # not even TOML
    ],
)
def test_settings_at_the_old_place_are_not_passed_over(
    tmp_path: Path, text: str, new: bool, next_step: str
) -> None:
    old, there = tmp_path / "config.toml", tmp_path / "site.toml"
    old.write_text(text)
    if new:
        there.write_text("")
    with pytest.raises(Refusal) as told:
        check_moved(old, there)
    assert told.value.code == "site.moved"
    assert told.value.next == next_step.format(old=old, new=there)


def test_an_old_file_of_others_or_none_is_no_matter(tmp_path: Path) -> None:
    old, new = tmp_path / "config.toml", tmp_path / "site.toml"
    check_moved(old, new)
    old.write_text("[other]\nwatts = -1\n")
    check_moved(old, new)
    old.write_text("other ===\n")
    check_moved(old, new)
