"""An index of what a test writes into a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tenfold.science.retrieval import update as update_module
from tenfold.science.retrieval.store import Row, connect
from tenfold.science.retrieval.update import Change, prepare
from tenfold.science.retrieval.vectors import HashedGrams
from tenfold.science.retrieval.walk import walk

Updated = Callable[[], tuple[dict[str, Row], Change]]


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    (tmp_path / "notes").mkdir()
    return tmp_path / "notes"


@pytest.fixture
def updated(tmp_path: Path, notes: Path) -> Updated:
    """Brings `tmp_path/index` to the state of `notes`; (rows by path, what changed)."""

    def act() -> tuple[dict[str, Row], Change]:
        embedder, change = HashedGrams(), Change()
        base = prepare(tmp_path / "index", notes, embedder, None, lambda text: None)
        rows = update_module.update(base, list(walk(notes)), notes, embedder, change)
        found = {row.path: row for row in rows}
        base.close()
        connect(tmp_path / "index").close()
        return found, change

    return act
