"""A helper with rights that looks after two cards, and the owner's lease."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.nvml.cards import Card, h100_pcie
from faults.nvml.standin import StandIn
from faults.rights import Helper, Lease


@pytest.fixture
def cards() -> list[Card]:
    """Two: a whole one, and one in MIG mode."""
    whole, carved = h100_pcie(0), h100_pcie(1)
    carved.mig = 1
    return [whole, carved]


@pytest.fixture
def stand_in(tmp_path: Path, cards: list[Card]) -> StandIn:
    return StandIn(tmp_path, cards)


@pytest.fixture
def helper(tmp_path: Path, stand_in: StandIn) -> Iterator[Helper]:
    helper = Helper(tmp_path, stand_in, os.getuid())
    helper.start()
    yield helper
    if helper.process is not None and helper.process.poll() is None:
        assert helper.end() == ""


@pytest.fixture
def lease(helper: Helper) -> Iterator[Lease]:
    lease = Lease(helper.socket)
    yield lease
    lease.close()
