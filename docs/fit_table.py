"""Writes the tables of docs/what-is-it-good-for.md from the table that `tenfold fit` reads.

    .venv/bin/python docs/fit_table.py

They stand between `<!-- fit -->` and `<!-- /fit -->`; tests/fit/test_page.py fails when stale.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tenfold.fit.table import Entry, Says, read

PAGE = Path(__file__).with_name("what-is-it-good-for.md")
NO_HOME = Path("/nonexistent")  # so that nobody's own answers come into it

_HEADS = {Says.NO: "What it is not for", Says.PARTLY: "What it does in part"}
_MARKS = re.compile(r"(<!-- fit -->\n).*?(<!-- /fit -->)", re.DOTALL)


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    fresh = refreshed(text)
    if fresh != text:
        PAGE.write_text(fresh, encoding="utf-8")
        sys.stdout.write(f"written: docs/{PAGE.name}\n")


def refreshed(text: str) -> str:
    part = fit_tables()
    return _MARKS.sub(lambda marks: f"{marks[1]}\n{part}\n\n{marks[2]}", text)


def fit_tables() -> str:
    entries = read(NO_HOME).entries
    parts = []
    for says, head in _HEADS.items():
        rows = [_row(entry) for entry in entries if entry.answer is says]
        columns = "| what | why | what to do instead |\n|---|---|---|"
        parts.append("\n".join([f"## {head}", "", columns, *rows]))
    yes = [f"- {entry.title['en']}" for entry in entries if entry.answer is Says.YES]
    parts.append("\n".join(["## What it is for", "", *yes]))
    return "\n\n".join(parts)


def _row(entry: Entry) -> str:
    cells = (entry.title["en"], " ".join(entry.why["en"]), " ".join(entry.instead["en"]))
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
