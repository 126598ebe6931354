"""Prices by date: what the CSV may hold, and the line that is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tenfold.site.config.config import parsed
from tenfold.site.settings import Tariff
from tenfold.terms.refusal import Refusal

HEAD = "start,price_kwh\n"
AT_S = datetime(2026, 3, 28, 23, tzinfo=UTC).timestamp()  # 2026-03-29 00:00 in Berlin


def tariff(folder: Path, lines: str, more: str = "") -> Tariff:
    (folder / "prices.csv").write_text(lines)
    text = f'[site]\nzone = "Europe/Berlin"\n[tariff]\ncsv = "prices.csv"\n{more}'
    return parsed(text, folder / "site.toml").tariff


@pytest.mark.parametrize(
    "lines",
    [
        "2026-03-29T00:00,0.2\n2026-03-29T01:00,-0.1\n2026-03-29T03:00,0.3\n",
        HEAD + "2026-03-29 00:00,0.2\n2026-03-29 01:00,-0.1\n2026-03-29 03:00,0.3\n",
        "2026-03-28T23:00Z,0.2\n2026-03-29T01:00+01:00,-0.1\n\n2026-03-29T03:00+02:00,0.3\n",
        f"{AT_S:.0f},0.2\n{AT_S + 3600:.0f},-0.1\n{AT_S + 7200:.0f},0.3\n",
    ],
)
def test_times_in_four_spellings(tmp_path: Path, lines: str) -> None:
    """The clock goes from 02:00 to 03:00: 03:00 comes an hour after 01:00."""
    found = tariff(tmp_path, lines)
    assert found.dated == (
        (AT_S, 0.2),
        (AT_S + 3600, -0.1),
        (AT_S + 7200, 0.3),
        (AT_S + 10800, None),  # after the last of them no price is known
    )


def test_an_hour_that_comes_twice(tmp_path: Path) -> None:
    stamps = ["01:00", "02:00", "02:00", "03:00"]
    found = tariff(tmp_path, "".join(f"2026-10-25T{at},0.{n}\n" for n, at in enumerate(stamps)))
    first_s = datetime(2026, 10, 24, 23, tzinfo=UTC).timestamp()
    assert [at_s - first_s for at_s, _ in found.dated] == [0, 3600, 7200, 10800, 14400]


def test_quarters_of_an_hour_that_come_twice(tmp_path: Path) -> None:
    stamps = [f"02:{n:02d}" for n in (0, 15, 30, 45)] * 2 + ["03:00"]
    found = tariff(tmp_path, "".join(f"2026-10-25T{at},0.1\n" for at in stamps))
    steps = {b[0] - a[0] for a, b in zip(found.dated, found.dated[1:], strict=False)}
    assert steps == {900.0} and len(found.dated) == 10


def test_gaps_are_filled_by_the_flat_price(tmp_path: Path) -> None:
    lines = f"{AT_S:.0f},0.2\n{AT_S + 3600:.0f},0.1\n{AT_S + 18000:.0f},0.3\n"
    found = tariff(tmp_path, lines, "price = 0.5\n")
    assert found.flat == 0.5
    assert found.dated[1:3] == ((AT_S + 3600, 0.1), (AT_S + 7200, None))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("", "no two prices"),
        (HEAD + "2026-03-29T00:00,0.2\n", "no two prices"),
        (HEAD + "2026-03-29T00:00,0.2\n2026-03-29T01:00,dear\n", "Its line 3 is not"),
        (HEAD + "2026-03-29T00:00,0.2\n2026-03-29T01:00,nan\n", "Its line 3 is not"),
        (HEAD + "2026-03-29T00:00,0.2\n2026-03-29T01:00,inf\n", "Its line 3 is not"),
        (HEAD + '2026-03-29T00:00,"0,2"\n', "Its line 2 is not"),
        (HEAD + "2026-03-29T00:00;0.2\n", "Its line 2 is not"),
        ("2026-03-29T00:00,dear\n2026-03-29T01:00,0.2\n", "Its line 1 is not"),
        (HEAD + "29.03.2026 00:00,0.2\n", "Its line 2 has no time"),
        (HEAD + "2026-03-28T00:00,1\n2026-03-28T00:00,1\n", "Its line 3 has the time of the line"),
        (HEAD + "2026-03-28T01:00,1\n2026-03-28T00:00,1\n", "Its line 3 is earlier"),
        (HEAD + "2026-03-29T01:00,1\n2026-03-29T02:30,1\n", "line 3 has an hour that the clock"),
        (
            "2026-03-28T00:00,1\n2026-03-28T01:00,1\n2026-03-28T03:00,1\n",
            "From 2026-03-28 02:00 to line 3 prices are missing",
        ),
        ("2026-10-25T02:00,1\n" * 3, "Its line 3 has the time of the line before"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, lines: str, words: str) -> None:
    with pytest.raises(Refusal) as told:
        tariff(tmp_path, lines)
    assert told.value.code == "site.config" and "csv of [tariff]" in told.value.what
    assert words in told.value.why, told.value.why


def test_rows_and_a_file_are_too_much(tmp_path: Path) -> None:
    row = '[[tariff.row]]\nfrom = "00:00"\nuntil = "00:00"\nprice = 1\n'
    with pytest.raises(Refusal, match="not from both"):
        tariff(tmp_path, "2026-03-28T00:00,1\n2026-03-28T01:00,1\n", row)
