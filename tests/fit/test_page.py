"""docs/what-is-it-good-for.md shows the table as it is, and its example of an own entry works."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tenfold.fit.match import answer
from tenfold.fit.table import Says, read

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))

import fit_table

TEXT = fit_table.PAGE.read_text(encoding="utf-8")


def test_its_tables_are_fresh() -> None:
    assert fit_table.refreshed(TEXT) == TEXT, "stale: run .venv/bin/python docs/fit_table.py"
    for entry in read(Path("/nonexistent")).entries:
        assert entry.title["en"] in TEXT


def test_its_example_works(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    (tmp_path / "fit.toml").write_text(example, encoding="utf-8")
    table = read(tmp_path)
    for question in ("knitting patterns", "knit socks from wool", "畫織圖"):
        found = answer(question, table, {})
        assert found.says is Says.PARTLY and found.because[0].id == "knitting", question
