"""A real proxy before a real service, both processes of their own; the test is the daemon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.proxied import Proxied


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[Proxied]:
    found = Proxied(tmp_path / "home")
    found.start()
    yield found
    found.end()


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Proxied]:
    """One whose requests wait for nothing, and whose heads have to come at once."""
    found = Proxied(tmp_path / "home", "--wait", "0", "--head", "0.05")
    found.start()
    yield found
    found.end()
