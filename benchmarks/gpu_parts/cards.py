"""What data sheets promise of a card, to put a measurement beside: the product's own tables."""

from __future__ import annotations

from tenfold.science import roofline
from tenfold.terms.box import Device, DeviceKind


def bf16_tflops(name: str) -> float | None:
    """Dense bf16 TFLOP/s; None for a card that is not in the table, and for a slice of one."""
    return None if _is_slice(name) else roofline.bf16_tflops(_card(name))


def memory_gb_s(name: str) -> float | None:
    """GB/s; None as above."""
    return None if _is_slice(name) else roofline.bandwidth_gb_s(_card(name))


def _is_slice(name: str) -> bool:
    return " MIG " in name.upper()


def _card(name: str) -> Device:
    return Device(id="", kind=DeviceKind.GPU, model=name, node="", memory_gib=0.0)
