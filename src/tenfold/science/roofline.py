"""How fast a device's memory is, and its bf16 arithmetic: the bounds that estimates start from.

The bandwidths are the makers' data sheets. FluidX3D's published lattice Boltzmann rates (its README
at 8986874) reach 73 to 85 % of them with float32; SHARE_REACHED stays below that.
"""

from __future__ import annotations

from tenfold.terms.box import Device, DeviceKind

SHARE_REACHED = 0.6

# Words that must all occur in the model's name, GB/s. First match wins: the special before the
# general. NVML writes `NVIDIA H100 80GB HBM3` for the SXM card, a declared box `H100 SXM 80 GB`.
_GB_S: tuple[tuple[tuple[str, ...], float], ...] = (
    (("H100", "NVL"), 3938.0),
    (("H100", "PCIE"), 2000.0),
    (("H100",), 3350.0),
    (("H200",), 4800.0),
    (("B200",), 8000.0),
    (("A100", "40"), 1555.0),
    (("A100",), 2039.0),
    (("RTX", "5090"), 1792.0),
    (("RTX", "4090"), 1008.0),
)

# Dense bf16 with float32 accumulation, TFLOP/s, no sparsity: NVIDIA's sheets (H100, H200, A100,
# B200) and the Ada and Blackwell whitepapers (GeForce accumulates in float32 at half rate).
_BF16_TFLOPS: tuple[tuple[tuple[str, ...], float], ...] = (
    (("H100", "NVL"), 835.0),
    (("H100", "PCIE"), 756.0),
    (("H100",), 989.0),
    (("H200", "NVL"), 835.0),
    (("H200",), 989.0),
    (("B200",), 2250.0),
    (("A100",), 312.0),
    (("RTX", "5090"), 209.5),
    (("RTX", "4090"), 165.2),
)


def bandwidth_gb_s(device: Device) -> float | None:
    """GB/s of a GPU's memory; None for a CPU and for a model that is not in the table."""
    if device.kind is not DeviceKind.GPU:
        return None
    return _named(device.model, _GB_S)


def bf16_tflops(device: Device) -> float | None:
    """The most a GPU computes in bf16; None for a CPU and for a model that is not in the table."""
    if device.kind is not DeviceKind.GPU:
        return None
    return _named(device.model, _BF16_TFLOPS)


def _named(model: str, table: tuple[tuple[tuple[str, ...], float], ...]) -> float | None:
    name = model.upper()
    return next((rate for words, rate in table if all(word in name for word in words)), None)
