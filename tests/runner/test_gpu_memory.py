"""The memory that an attempt has of a GPU: its fraction, and what an end for want of it says."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tenfold.runner import gpu_memory
from tenfold.terms.box import DeviceKind, Slot

WHOLE = Slot("a", ("gpu0",), DeviceKind.GPU, 1, 24.0)
PART = Slot("a", ("gpu0",), DeviceKind.GPU, 1, 6.0, fraction=0.25)


class OutOfMemoryError(RuntimeError):
    pass


OutOfMemoryError.__module__ = "torch"


def test_the_fraction_leaves_room_for_the_context() -> None:
    assert gpu_memory.fraction(WHOLE) is None
    assert gpu_memory.fraction(PART) == pytest.approx(5.5 / 24.0)
    tiny = Slot("a", ("gpu0",), DeviceKind.GPU, 1, 0.4, fraction=0.4 / 24)
    assert gpu_memory.fraction(tiny) == gpu_memory.LEAST


def test_a_torch_that_is_loaded_is_held_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float] = []
    torch: Any = ModuleType("torch")
    torch.cuda = SimpleNamespace(
        is_available=lambda: True, set_per_process_memory_fraction=told.append
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    gpu_memory.hold(WHOLE)
    assert told == []
    gpu_memory.hold(PART)
    assert told == [pytest.approx(5.5 / 24.0)]


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (OutOfMemoryError("Tried to allocate 2 GiB"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate"), True),
        (RuntimeError("Failed to allocate 80 bytes on device 'cuda:0'"), True),
        (MemoryError("Failed to allocate 80 bytes on device 'cpu'"), False),
        (RuntimeError("shapes do not match"), False),
    ],
)
def test_an_error_that_means_so(error: Exception, is_it: bool) -> None:
    assert gpu_memory.ran_out(error) is is_it
    wrapped = ValueError("step 3")
    wrapped.__cause__ = error
    assert gpu_memory.ran_out(wrapped) is is_it


def test_the_end_of_a_log_is_looked_at(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert not gpu_memory.told(log)
    log.write_bytes(b"torch.OutOfMemoryError: CUDA out of memory.\n")
    assert gpu_memory.told(log)
    log.write_bytes(log.read_bytes() + b"x" * (gpu_memory.TAIL_BYTES + 1))
    assert not gpu_memory.told(log)
