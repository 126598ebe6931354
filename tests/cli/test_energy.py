"""tenfold energy, and the line of energy below a result."""

import json

import pytest

from tenfold.cli.energy import _basis, _kwh, _money, _notes, energy_words
from tenfold.hardware import declared
from tenfold.hardware.curves import COMPUTE

TEN = "10xH100-PCIe"
BUSY_W = declared.box(TEN).gpus[0].cap_max_w * COMPUTE.draw(1.0)
SITE = '[site]\nprice_kwh = 0.24\ncurrency = "EUR"\ncloud_gpu_hour = 2.0\n'


@pytest.fixture
def ten(bare):
    """A declared box on which an hour is a second, and one job of two cards and two hours."""
    bare.home.mkdir(mode=0o700)
    (bare.home / "site.toml").write_text(SITE)
    bare("up", "--box", TEN, "--speed", "3600")
    week = ["run", "--json", "--gpus", "2", "--time", "2h", "--name", "[red]two", "--", "true"]
    bare.page = bare(*week).json
    return bare


def test_a_declared_box_in_words_and_as_json(ten):
    kwh = 2 * 2 * BUSY_W / 1000
    assert ten.page["energy"]["final"]
    assert ten.page["energy"]["kwh"] == pytest.approx(kwh, rel=1e-6)
    said = ten("energy", "--by", "job").out
    (line,) = [one for one in said.splitlines() if "[red]two" in one]
    money = f"{0.24 * kwh:.4f} EUR"
    whole = f"1 [red]two {kwh:.2f} {money} 4.0 8.00 EUR modelled"
    assert line.split() == whole.split()
    for row in ("all jobs", "idle cards", "host", "total"):
        assert any(one.strip().startswith(row) for one in said.splitlines()), row
    assert "A kWh cost 0.24 EUR." in said
    assert "The same 4.0 GPU hours in the cloud: 8.00 EUR at 2 an hour." in said
    by_day, by_workload = ten("energy").out, ten("energy", "--by", "workload", "--days", "2").out
    assert "modelled" in by_day and "-" in by_day.splitlines()[2].split()[0]
    assert "system.command" in by_workload
    told = ten("energy", "--json", "--by", "job").json
    assert told["rows"][0]["kwh"] == pytest.approx(kwh, rel=1e-6)
    assert told["rows"][0]["basis"] == {"modelled": pytest.approx(kwh, rel=1e-6)}
    assert json.loads(ten("energy", "--json").out)["by"] == "day"
    # Below a command's own words only where it had a card.
    beside = ten("run", "--gpus", "1", "--time", "1h", "--", "true")
    assert f"energy  {_kwh(BUSY_W / 1000)} kWh" in beside.err and "modelled" in beside.err
    assert "energy" not in ten("run", "--time", "10m", "--", "true").err


def test_words_that_are_not_understood(ten):
    assert ten("energy", "--by", "hour", status=2).err.startswith("These words are not understood.")
    assert ten("energy", "--days", "0", status=2).err


def view(**more):
    made = {"kwh": 1.0, "money": None, "basis": {"counter": 1.0}, "currency": "EUR"}
    return {**made, **more}


def test_a_line_of_energy():
    assert energy_words(view()) == "1.00 kWh"
    assert energy_words(view(money=0.31)) == "1.00 kWh, 0.3100 EUR"
    assert energy_words(view(basis={"modelled": 1.0})) == "1.00 kWh, modelled"
    assert energy_words(view(kwh=None)) == ""
    assert _basis(view(basis={"counter": 3.0, "modelled": 1.0})) == "counter 75%, modelled 25%"
    assert _basis(view(basis={})) == ""


@pytest.mark.parametrize(
    "kwh,said",
    [
        (0.0, "0"),
        (0.1, "0.100"),
        (0.00123, "0.00123"),
        (2.555, "2.56"),
        (99.94, "99.9"),
        (12345.6, "12 346"),
    ],
)
def test_kwh_have_three_digits(kwh, said):
    assert _kwh(kwh) == said


def test_money():
    assert _money(None, "EUR") == "n/a"
    assert _money(0.0123, "EUR") == "0.0123 EUR" and _money(1234.5, "") == "1 234.50"
    assert _money(-2.0, "EUR") == "-2.00 EUR"


def test_what_is_not_known_is_said():
    part = {"unknown_hours": 0.0, "gpu_hours": 0.0, "cloud_money": None}
    answer = {
        "by": "day",
        "left_out": 0,
        "prices": None,
        "currency": "EUR",
        "cloud_gpu_hour": None,
        "total": {**part, "priced": None},
        "jobs": {**part, "gpu_hours": 2.0, "unknown_hours": 2.0},
        "idle": part,
        "host": {**part, "unknown_hours": 1.0},
    }
    told = list(_notes(answer, 3))
    assert told == [
        "3 more: tenfold energy --by day --json",
        "No price of a kWh is known: price_kwh in site.toml.",
        "What the cloud would take is not known: cloud_gpu_hour in site.toml.",
        "Not counted: 2 h 00 min of all jobs, whose watts nobody could tell.",
        "Not counted: 1 h 00 min of host, whose watts nobody could tell (host_watts in site.toml).",
    ]
    prices = {"lowest": 0.1, "mean": 0.2, "highest": 0.3}
    told = list(_notes({**answer, "prices": prices, "total": {**part, "priced": 0.5}}, 0))
    assert told[0] == "A kWh cost 0.2 (from 0.1 to 0.3) EUR."
    assert told[1] == "Money is for 50% of the kWh: of the rest no price is known."
