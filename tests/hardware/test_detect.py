"""The box that was asked for, and its meter."""

from __future__ import annotations

import pytest

from tenfold.hardware.detect import Meter, box
from tenfold.terms.reading import Missing
from tenfold.terms.refusal import Refusal


def test_auto_finds_the_host_cpu_and_nothing_modelled() -> None:
    """Whatever GPUs this machine has: they have tests of their own."""
    found = box("auto")
    assert not found.modelled
    assert [device.id for device in found.devices][-1] == "cpu"
    reading = Meter(found).reading((), 100.0)
    assert reading.at_s == 100.0
    assert reading.devices[-1].device == "cpu"
    assert isinstance(reading.devices[-1].memory_used_gib, float)


def test_any_other_text_is_a_declared_box() -> None:
    found = box("2xH100-PCIe")
    assert found.modelled
    reading = Meter(found).reading((), 100.0)
    assert [device.device for device in reading.devices] == ["gpu0", "gpu1", "cpu"]
    assert isinstance(reading.devices[0].fan, Missing)
    with pytest.raises(Refusal):
        box("nonsense")
