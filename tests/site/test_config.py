"""The owner's settings of the place."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tenfold.site.config import SiteConfig, read
from tenfold.terms.refusal import Refusal


def test_without_a_file_or_a_section_there_is_no_limit(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    assert read(path) == SiteConfig(math.inf, None)
    path.write_text("[other]\nwatts = -1\n")
    assert read(path) == SiteConfig(math.inf, None)


def test_watts_and_price_are_read(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[site]\nwatts = 3000\nprice_kwh = -0.02\n")
    assert read(path) == SiteConfig(3000.0, -0.02)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("[site]\nwatts = 0\n", "watts"),
        ("[site]\nwatts = -5\n", "watts"),
        ("[site]\nwatts = nan\n", "watts"),
        ("[site]\nwatts = true\n", "watts"),
        ('[site]\nwatts = "3 kW"\n', "watts"),
        ('[site]\nprice_kwh = "cheap"\n', "price_kwh"),
        ("[site]\nprice_kwh = inf\n", "price_kwh"),
        ("[site]\nwatt = 3000\n", "watt"),
        ("site = 3000\n", "site"),
        ("[site\n", "site"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(tmp_path: Path, text: str, field: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(Refusal) as caught:
        read(path)
    assert caught.value.code == "site.config"
    assert f"'{field}'" in caught.value.what
    assert caught.value.next == f"edit {path}"


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(Refusal, match="cannot be read"):
        read(path)
    with pytest.raises(Refusal, match="cannot be read"):
        read(tmp_path)
