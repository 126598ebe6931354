"""What is there: the card, driver and versions, and how fast a plain product and a copy are."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from gpu_parts.cards import bf16_tflops, memory_gb_s

PACKAGES = ("numpy", "warp-lang", "triton", "pydantic", "fastapi", "nvidia-ml-py", "psutil")


def measure(device: str, seconds: float, rehearse: bool, tell: Callable[..., None]) -> None:
    import torch

    from tenfold.version import VERSION

    versions: dict[str, Any] = {
        "tenfold": VERSION,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
    }
    for name in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            versions[name] = version(name)
    machine: dict[str, Any] = {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}",
    }
    if device == "cuda":
        if not torch.cuda.is_available():
            raise RuntimeError("torch sees no GPU, although the machine shows one")
        machine |= {
            "gpu": torch.cuda.get_device_name(0),
            "gpus": torch.cuda.device_count(),
        }
        versions["driver"] = _driver()
        versions["cudnn"] = torch.backends.cudnn.version()
    tell(versions=versions, machine=machine)
    if device == "cuda":
        tell(cards=[_card(torch, index) for index in range(torch.cuda.device_count())])
    tell(report=_report())
    name = machine.get("gpu", "")
    size = 256 if rehearse else 8192
    reached = product_tflops(torch, device, size)
    promised = bf16_tflops(name)
    tell(bf16_product_size=size, bf16_product_tflops=reached, bf16_data_sheet_tflops=promised)
    if promised:
        tell(bf16_product_share=reached / promised)
    copied = copy_gb_s(torch, device, 1 << 20 if rehearse else 1 << 28)
    memory = memory_gb_s(name) if name else None
    tell(copy_gb_s=copied, memory_data_sheet_gb_s=memory)
    if memory:
        tell(copy_share=copied / memory)


def product_tflops(torch: Any, device: str, size: int) -> float:
    """Of square bf16 matrices; 2 n^3 operations each."""
    left = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    right = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    best_s = _best_s(torch, device, lambda: left @ right)
    return float(2 * size**3 / best_s / 1e12)


def copy_gb_s(torch: Any, device: str, count: int) -> float:
    """Device memory to itself: what is read and what is written, together."""
    source = torch.ones(count, device=device)
    target = torch.empty_like(source)
    best_s = _best_s(torch, device, lambda: target.copy_(source))
    return float(2 * source.nbytes / best_s / 1e9)


def _best_s(torch: Any, device: str, act: Callable[[], object]) -> float:
    """Seconds of one, the best of five rounds of ten."""
    sync = torch.cuda.synchronize if device == "cuda" else lambda: None
    for _ in range(3):
        act()
    times = []
    for _ in range(5):
        sync()
        began_s = time.perf_counter()
        for _ in range(10):
            act()
        sync()
        times.append((time.perf_counter() - began_s) / 10)
    return min(times)


def _card(torch: Any, index: int) -> dict[str, Any]:
    found = torch.cuda.get_device_properties(index)
    free, total = torch.cuda.mem_get_info(index)
    return {
        "name": found.name,
        "capability": f"{found.major}.{found.minor}",
        "multiprocessors": found.multi_processor_count,
        "memory_gib": round(total / 2**30, 2),
        "free_gib": round(free / 2**30, 2),
    }


def _driver() -> str:
    """As nvidia-smi says it; NVML's own binding may not be there."""
    argv = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        said = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return f"n/a ({error})"
    return said.split("\n")[0].strip()


def _report() -> Any:
    """What Tenfold's own hardware room says of this machine, without what names one card."""
    argv = [sys.executable, "-m", "tenfold.hardware.report"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True)
        found = json.loads(done.stdout)
    except subprocess.CalledProcessError as error:
        return f"n/a ({error.stderr.strip().splitlines()[-1:]})"
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return f"n/a ({error})"
    for card in found.get("cards", []):
        for name in ("uuid", "bus"):
            card.pop(name, None)
    return found


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return " ".join(line.split(":", 1)[1].split())
    return platform.machine()
