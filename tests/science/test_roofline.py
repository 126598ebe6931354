"""Bandwidth by the names that drivers and declared boxes use."""

from __future__ import annotations

import pytest

from tenfold.science.roofline import bandwidth_gb_s, bf16_tflops
from tenfold.terms.box import Device, DeviceKind


@pytest.mark.parametrize(
    ("model", "rate_gb_s"),
    [
        ("NVIDIA H100 80GB HBM3", 3350.0),
        ("H100 SXM 80 GB", 3350.0),
        ("NVIDIA H100 PCIe", 2000.0),
        ("NVIDIA H100 NVL", 3938.0),
        ("NVIDIA GeForce RTX 4090", 1008.0),
        ("Some Other Card", None),
    ],
)
def test_by_model(model: str, rate_gb_s: float | None) -> None:
    assert bandwidth_gb_s(Device("gpu0", DeviceKind.GPU, model, "n", 80.0)) == rate_gb_s


def test_a_cpu_has_none() -> None:
    lookalike = Device("cpu", DeviceKind.CPU, "H100 lookalike", "n", 16.0)
    assert bandwidth_gb_s(lookalike) is None and bf16_tflops(lookalike) is None


@pytest.mark.parametrize(
    ("model", "tflops"),
    [
        ("NVIDIA H100 80GB HBM3", 989.0),
        ("NVIDIA H100 PCIe", 756.0),
        ("NVIDIA H100 NVL", 835.0),
        ("NVIDIA H200", 989.0),
        ("Some Other Card", None),
    ],
)
def test_arithmetic_by_model(model: str, tflops: float | None) -> None:
    assert bf16_tflops(Device("gpu0", DeviceKind.GPU, model, "n", 80.0)) == tflops
