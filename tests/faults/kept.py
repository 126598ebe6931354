"""A measurement is kept: figures as JSON, with the date, the command, the versions, the machine."""

from __future__ import annotations

import datetime
import json
import os
import platform
import sqlite3
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from tenfold.version import VERSION

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


def keep(name: str, figures: dict[str, Any], out: Path | None = None) -> Path:
    """Writes `benchmarks/results/NAME.json` (or `out`), and prints the figures."""
    path = out or RESULTS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    now = datetime.datetime.now(datetime.UTC)
    content = {
        "benchmark": name,
        "date": now.isoformat(timespec="seconds"),
        "command": " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]]),
        "versions": {
            "tenfold": VERSION,
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "uvicorn": version("uvicorn"),
            "torch": version("torch"),
        },
        "machine": {
            "cores": len(os.sched_getaffinity(0)),
            "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
            "cpu": _cpu(),
            "system": f"{platform.system()} {platform.release()}",
            "load_before": [round(load, 2) for load in os.getloadavg()],
        },
        "figures": figures,
    }
    text = json.dumps(content, indent=2)
    path.write_text(text + "\n")
    print(text)
    print(f"kept in {path}")
    return path


def quantile(values: list[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return " ".join(line.split(":", 1)[1].split())
    return platform.machine()
