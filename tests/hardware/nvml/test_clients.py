"""Programs that others wrote read the stand-in: it proves something only if they can."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from faults.nvml.cards import Process, Slice, h100_pcie, h100_sxm
from faults.nvml.standin import StandIn


def stand_in(folder: Path) -> StandIn:
    busy, carved = h100_sxm(0), h100_pcie(1)
    busy.power, busy.temperature, busy.busy, busy.used = 612_345, 67, 93, 10 << 30
    busy.processes = [Process(os.getpid(), 2048)]
    carved.mig = 1
    carved.slices = [Slice("2g.20gb", 0, 3, "MIG-a"), Slice("1g.10gb", 6, 13, "MIG-b")]
    return StandIn(folder, [busy, carved])


def client(folder: Path, *argv: str) -> str:
    variables = {**os.environ, **stand_in(folder).environment, "COLUMNS": "100", "LINES": "60"}
    done = subprocess.run(
        [sys.executable, "-m", *argv], env=variables, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and "Traceback" not in done.stdout + done.stderr, done.stderr
    return done.stdout


def test_nvitop(tmp_path: Path) -> None:
    said = client(tmp_path, "nvitop", "-1")
    assert "Driver Version: 575.57.08" in said and "CUDA Driver Version: 12.9" in said
    assert "67C" in said and "612W / 700W" in said and "93%" in said
    assert re.search(r"(10\.00GiB|10240MiB) / 79\.65GiB", said)
    assert re.search(r"2g\.20gb @ GI/CI: *3/0", said)
    assert re.search(r"1g\.10gb @ GI/CI: *13/0", said)
    assert str(os.getpid()) in said and "2048MiB" in said


def test_gpustat(tmp_path: Path) -> None:
    said = client(tmp_path, "gpustat", "--no-color")
    assert "NVIDIA H100 80GB HBM3 | 67°C,  93 % | 10240 / 81559 MB" in said
    told = json.loads(client(tmp_path, "gpustat", "--json"))
    busy, carved = told["gpus"]
    assert (busy["power.draw"], busy["enforced.power.limit"]) == (612, 700)
    assert [one["pid"] for one in busy["processes"]] == [os.getpid()]
    assert carved["uuid"] == h100_pcie(1).uuid and carved["utilization.gpu"] is None
