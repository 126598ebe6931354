"""NVIDIA's own Python binding on the stand-in, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pynvml
import pytest
from faults.nvml.cards import Card
from faults.nvml.standin import StandIn

Show = Callable[..., StandIn]


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Show]:
    """`show(card, card, ...)`: from now on NVML finds these; `without=` names missing calls."""

    def shown(*cards: Card, without: tuple[str, ...] = ()) -> StandIn:
        stand_in = StandIn(tmp_path, cards, without=without)
        for name, value in stand_in.variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(pynvml, "nvmlLib", stand_in.load())
        pynvml._nvmlGetFunctionPointer_cache.clear()
        return stand_in

    yield shown
    while pynvml.nvmlLib is not None:
        try:
            pynvml.nvmlShutdown()
        except pynvml.NVMLError:
            break
    pynvml._nvmlGetFunctionPointer_cache.clear()
