"""Three kinds of work that stand for most of what a card does, in torch.

- compute: products of large square matrices in bf16. Bound by arithmetic, draws the most: training,
  and whatever else keeps a card busy.
- decode: a vector through one large matrix after another. Bound by memory, as a language model is
  that writes one text at a time: every weight is read once for each token.
- light: the products of `compute` in short bursts, with longer gaps in which the host does
  something else. It stands for work that waits for its data or its CPU, a third of the time on the
  card. It does not stand for work whose kernels are themselves small and fill no card.

A piece of work is done when the call returns. How much is in one is found at the first limit, and
stays: a slower card takes longer for the same. On a CPU all is small, to try the code.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Name = Literal["compute", "light", "decode"]
LOADS: tuple[Name, ...] = ("compute", "light", "decode")
PIECE_S = 0.1  # at full speed
BURST_S, GAP_S = 0.005, 0.010  # of `light`

# Of the square matrices, and how many of them `decode` reads: 3 GiB, far above any card's cache.
SIDE = {"cuda": 8192, "cpu": 256}
MATRICES = {"cuda": 24, "cpu": 4}


@dataclass(frozen=True)
class Load:
    unit: str
    work: Callable[[], float]  # does a piece; how much it was, in units times seconds


def why_not(device: str) -> str:
    """Why torch cannot work on `device`; empty if it can."""
    import torch

    if not device.startswith("cuda") or torch.cuda.is_available():
        return ""
    if torch.version.cuda is None:
        return f"torch {torch.__version__} is a build without CUDA"
    return f"torch {torch.__version__} for CUDA {torch.version.cuda} finds no GPU it can use"


def load(name: str, device: str) -> Load:
    """`device` as torch names it, where `why_not` says nothing against it."""
    import torch

    kind = device.partition(":")[0]
    if kind == "cuda":
        torch.cuda.set_device(device)
    sync = torch.cuda.synchronize if kind == "cuda" else _nothing
    if name == "decode":
        act, amount = _streams(torch, device, kind)
        return Load("GB/s", _pieces(act, amount / 1e9, sync, PIECE_S))
    act, amount = _product(torch, device, kind)
    if name == "light":
        burst = _pieces(act, amount / 1e12, sync, BURST_S)
        return Load("TFLOP/s", _with_gaps(burst, round(PIECE_S / (BURST_S + GAP_S))))
    return Load("TFLOP/s", _pieces(act, amount / 1e12, sync, PIECE_S))


def _product(torch: Any, device: str, kind: str) -> tuple[Callable[[], object], float]:
    """2 n^3 operations."""
    side = SIDE[kind]
    dtype = torch.bfloat16 if kind == "cuda" else torch.float32
    left = torch.randn(side, side, device=device, dtype=dtype)
    right = torch.randn(side, side, device=device, dtype=dtype)
    into = torch.empty_like(left)
    return lambda: torch.mm(left, right, out=into), 2.0 * side**3


def _streams(torch: Any, device: str, kind: str) -> tuple[Callable[[], object], float]:
    """Bytes of the matrices."""
    side = SIDE[kind]
    dtype = torch.bfloat16 if kind == "cuda" else torch.float32
    weights = [
        torch.randn(side, side, device=device, dtype=dtype).mul_(side**-0.5)
        for _ in range(MATRICES[kind])
    ]
    state = torch.randn(side, device=device, dtype=dtype)
    into = torch.empty_like(state)

    def act() -> None:
        for weight in weights:
            torch.mv(weight, state, out=into)

    return act, float(sum(weight.nbytes for weight in weights))


def _pieces(
    act: Callable[[], object], amount: float, sync: Callable[[], object], piece_s: float
) -> Callable[[], float]:
    """As many acts as take about `piece_s` now."""
    for _ in range(3):
        act()
    sync()
    began_s = time.perf_counter()
    for _ in range(5):
        act()
    sync()
    count = max(1, math.ceil(5 * piece_s / max(1e-9, time.perf_counter() - began_s)))

    def work() -> float:
        for _ in range(count):
            act()
        sync()
        return count * amount

    return work


def _with_gaps(burst: Callable[[], float], bursts: int) -> Callable[[], float]:
    def work() -> float:
        done = 0.0
        for _ in range(bursts):
            done += burst()
            time.sleep(GAP_S)
        return done

    return work


def _nothing() -> None:
    """A CPU is done when a call returns."""
