"""`tenfold site init`: what it asks, repeats and writes is what the daemon reads."""

import io
import random
from pathlib import Path

import pytest

from tenfold.cli import site_answers as answers
from tenfold.cli.site_file import page
from tenfold.cli.site_init import Said, init
from tenfold.site.config.config import parsed, read
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
from tenfold.terms.refusal import Refusal

WHOLE = """\
208
30


garage

4
2700
2
air-conditioner
18000 BTU/h
22:00-07:00
2800
mon-fri
0.31
23:00-06:00
0.19

USD
30000
2.5
Europe/Berlin
"""


@pytest.fixture
def ask(tmp_path, monkeypatch, capsys):
    """Answers line by line; back come the settings that are read from the file, and what was
    said on the way."""

    def asked(words, *options):
        path = tmp_path / "site.toml"
        monkeypatch.setattr("sys.stdin", io.StringIO(words))
        assert init(["--file", str(path), *options]) == 0
        shown = capsys.readouterr()
        assert shown.out == f"written: {path}\n"
        return read(path), shown.err

    return asked


def test_every_answer_is_read_by_the_daemon(ask):
    found, said = ask(WHOLE)
    assert found == SiteConfig(
        circuits=(Circuit("garage", 208.0, 30.0),),
        supplies=Supplies(4, 2700.0, 2),
        cooling=found.cooling,
        quiet=(Quiet(Span(frozenset(range(5)), 1320, 420), watts=2800.0),),
        tariff=Tariff(0.31, (PriceRow(Span(ALL_DAYS, 1380, 360), 0.19),)),
        currency="USD",
        yearly_kwh=30_000.0,
        cloud_gpu_hour=2.5,
        zone="Europe/Berlin",
    )
    assert found.cooling.kind is CoolingKind.AIR_CONDITIONER
    assert found.cooling.watts == pytest.approx(5275.3, abs=0.1)
    assert "208 V x 30 A x 0.8 = 4,992 W for hours" in said
    assert "2 x 2700 W / 0.94 = 5,745 W at the wall" in said
    assert "18,000 BTU/h = 5,275 W" in said
    assert "30,000 kWh a year = 3,425 W on average" in said


def test_nothing_said_limits_nothing(ask):
    assert ask("")[0] == SiteConfig()


def test_empty_lines_are_nothing_said(ask):
    assert ask("\n" * 40)[0] == SiteConfig()


def test_yes_asks_nothing(ask):
    found, said = ask("208\n30\n", "--yes")
    assert found == SiteConfig() and "Volts" not in said


@pytest.mark.parametrize(
    ("wrong", "right", "why"),
    [
        ("0.208\n", "208\n30\n", "from 90 to 480"),
        ("208 A\n", "208 V\n30 A\n", "from 90 to 480"),
        ("many\n", "208\n30\n", "It takes a number."),
        ("208\n4000\n", "30\n", "from 1 to 400"),
        ("208\n30\n2\n", "1\n", "1 or 3"),
        ("208\n30\n\n800 %\n", "80 %\n", "a share from 0.1 to 1"),
    ],
)
def test_an_answer_out_of_range_is_asked_for_again(ask, wrong, right, why):
    found, said = ask(wrong + right)
    assert [(one.volts, one.amps, one.watts) for one in found.circuits] == [(208, 30, 4992.0)]
    assert f"  {why}" in said or why in said


def test_circuits_one_after_another(ask):
    found, said = ask("208\n30\n\n\na\n400\n32\n3\n90 %\na\nb\n230\n\n")
    assert [one.name for one in found.circuits] == ["a", "b"]
    assert found.circuits[1].watts == pytest.approx(400 * 32 * 3**0.5 * 0.9)
    assert "Another circuit has that name." in said
    assert "400 V x 32 A x √3 x 0.9 = 19,953 W" in said
    assert "without its amps" in said  # the third


@pytest.mark.parametrize(
    ("said", "watts"),
    [("12000 W", 12_000), ("12000 btu", 3517), ("3.5 kW", 3500), ("60000 W", 60_000)],
)
def test_watts_and_btu_of_an_air_conditioner_are_told_apart(ask, said, watts):
    found, words = ask(f"\n\nair-conditioner\n12000\n{said}\n")
    assert found.cooling.watts == pytest.approx(watts, abs=0.5)
    assert "with its unit" in words


def test_liquid_and_ambient(ask, tmp_path):
    cooling = ask("\n\nliquid\n70 %\n9 kW\n2400 W\n")[0].cooling
    assert (cooling.kind, cooling.heat_share) == (CoolingKind.LIQUID, 0.7)
    assert (cooling.loop_watts, cooling.watts) == (9000, 2400)
    (tmp_path / "site.toml").unlink()
    found, words = ask("\n\nambient\n22\n2\n")
    assert (found.cooling.ambient_c, found.cooling.kelvin_per_kw) == (22, 2)
    assert "(30 - 22) / 2 = 4.0 kW" in words


def test_a_file_that_is_there_is_not_written_over(ask, tmp_path):
    path = tmp_path / "site.toml"
    path.write_text("[site]\nwatts = 1234\n")
    with pytest.raises(Refusal) as told:
        ask(WHOLE)
    assert told.value.code == "site.exists" and "--force" in told.value.next
    assert read(path).watts == 1234
    assert ask("", "--force")[0] == SiteConfig()


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    (tmp_path / "file").write_text("")
    with pytest.raises(Refusal) as told:
        init(["--file", str(tmp_path / "file" / "site.toml")])
    assert told.value.code == "site.write"


def test_it_goes_into_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("TENFOLD_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.stdin", io.StringIO("230\n16\n"))
    assert init([]) == 0
    assert read(tmp_path / "home" / "site.toml").circuits[0].watts == pytest.approx(2944.0)
    assert (tmp_path / "home").stat().st_mode & 0o77 == 0


def test_every_commented_field_is_one_that_the_daemon_knows():
    """Each example line of the file, alone in its section, is read or refused for another reason
    than its name or its value's kind."""
    text = page(Said())
    assert parsed(text, Path("site.toml")) == SiteConfig()
    section = ""
    seen = 0
    for line in text.splitlines()[3:]:
        bare = line.removeprefix("# ")
        if bare.startswith("["):
            section = bare
        elif bare:
            seen += 1
            try:
                parsed(f"{section}\n{bare}\n", Path("site.toml"))
            except Refusal as told:
                assert "no such field" not in told.why, line
                assert "It takes" not in told.why or "one of dba" in told.why, line
    assert seen == 43


def test_what_the_questions_accept_the_daemon_accepts(ask, tmp_path):
    """Random answers, among them the ends of every range."""
    chance = random.Random(11)
    pools = [
        ["90", "480", "208", "230"],
        ["1", "400", "30"],
        ["1", "3", ""],
        ["0.1", "1", "10 %", ""],
        ["x", "", 'a "quoted" \\ name', "車庫"],
        [""],
        ["1", "64", "4"],
        ["50", "1000000", "0.05 kW", "2.7 kW"],
        ["0", ""],
        ["room", "air-conditioner"],
        ["170 BTU", "50 W", "9000 W", "400 kW", "60000 W", ""],
        ["00:00-23:59", "22:00-7:00", "23:59-00:00"],
        ["50", "1 kW", "1000000"],
        ["all", "mon-fri", "sat,sun", "sun-thu", "tue", ""],
        ["-1", "0", "0.31"],
        ["23:00-06:00", "00:00-23:59"],
        ["-5", "99.5"],
        ["50", "5000", ""],
        ["EUR", "新台幣", ""],
        ["0.001", "1e3", "30000"],
        ["0.001", "99"],
        ["UTC", "Asia/Taipei", ""],
    ]
    for _ in range(150):
        ask("".join(f"{chance.choice(pool)}\n" for pool in pools))
        (tmp_path / "site.toml").unlink()


@pytest.mark.parametrize(
    ("read_answer", "wrong"),
    [
        (answers.watts, ["0", "-3", "3", "3 hp", "2000 kW", "", "nan"]),
        (answers.heat, ["3500", "3 W", "5 BTU", "many W"]),
        (answers.share(0.5), ["94", "0.4", "1.01", "x"]),
        (
            answers.hours,
            ["22-7", "22:00", "24:00-07:00", "22:60-07:00", "22:00-22:00", "22:00-7:60"],
        ),
        (answers.days, ["mon-fry", "mon-", "", "mon-tue-wed", "never"]),
        (answers.above_zero, ["0", "-1", "x", "inf"]),
        (answers.price, ["0,31", "inf", "31 ct"]),
        (answers.whole(0, 3), ["4", "-1", "1.5"]),
        (answers.zone, ["Mars", "../x", "Europe"]),
        (answers.name, ["x" * 61]),
        (answers.one_of("a", "b"), ["c"]),
    ],
)
def test_what_is_no_answer(read_answer, wrong):
    for said in wrong:
        with pytest.raises(ValueError, match=r"It takes|looks like"):
            read_answer(said)
