"""How long a person waits for the command line: a cold `tenfold` beside a bare interpreter.

`python benchmarks/cli.py` runs each command 15 times, interleaved, each in a process of its own,
and keeps the medians in `results/cli.json`. No daemon is needed or started.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.kept import keep

TENFOLD = str(Path(sys.executable).with_name("tenfold"))
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "tenfold --version": [TENFOLD, "--version"],
    "tenfold workloads": [TENFOLD, "workloads"],
    "tenfold --help": [TENFOLD, "--help"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--out", type=Path, help="JSON file, instead of results/cli.json")
    asked = parser.parse_args()
    taken_ms: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "TENFOLD_HOME": home}
        for argv in COMMANDS.values():  # once unmeasured: bytecode and disk cache
            subprocess.run(argv, env=environment, capture_output=True, check=True)
        for _ in range(asked.runs):
            for name, argv in COMMANDS.items():
                began_s = time.perf_counter()
                subprocess.run(argv, env=environment, capture_output=True, check=True)
                taken_ms[name].append(1000 * (time.perf_counter() - began_s))
    medians = {name: statistics.median(times) for name, times in taken_ms.items()}
    bare = medians["python -c pass"]
    keep(
        "cli",
        {
            "runs": asked.runs,
            "median_ms": {name: round(value, 1) for name, value in medians.items()},
            "best_ms": {name: round(min(times), 1) for name, times in taken_ms.items()},
            "over_bare_python_ms": {
                name: round(value - bare, 1) for name, value in medians.items()
            },
        },
        asked.out,
    )


if __name__ == "__main__":
    main()
