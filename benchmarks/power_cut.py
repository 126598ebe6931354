"""Power cuts at random moments of real runs: does the home keep every promise?

`python benchmarks/power_cut.py --cuts 500` traces a few runs of a private daemon, rebuilds what the
disk could hold at each cut (see `tests/faults/disk.py`), and judges it. Every 5th cut is also
reconciled as the next daemon would; on some of them a real daemon is started and goes on to the
end. Figures in `results/power_cut.json`; exit status 1 if anything broke.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults import blackout
from faults.kept import keep
from faults.promises import Promises
from faults.trace import Op

GO_ON_EVERY = 40  # cuts between those on which a real daemon goes on


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=500)
    parser.add_argument("--traces", type=int, default=4)
    parser.add_argument("--seed", type=int, default=30)
    parser.add_argument("--out", type=Path, help="JSON file, instead of results/power_cut.json")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tenfold-power-cut-"))
    began_s = time.monotonic()
    runs = [
        _one(folder, asked.seed + number, asked.cuts // asked.traces)
        for number in range(asked.traces)
    ]
    wrong = [text for run in runs for text in run["wrong"]]
    figures = {
        "cuts": sum(run["cuts"] for run in runs),
        "restarted_on": sum(run["restarted_on"] for run in runs),
        "promises": dict(sum((Counter(run["promises"]) for run in runs), Counter())),
        "seconds": round(time.monotonic() - began_s, 1),
        "runs": runs,
        "wrong": wrong,
    }
    keep("power_cut", figures, asked.out)
    shutil.rmtree(folder)
    return 1 if wrong else 0


def _one(folder: Path, seed: int, cuts: int) -> dict[str, Any]:
    recording = blackout.record(folder / f"power-{seed}", seed)
    restarted = 0

    def go_on(home: Path, promises: Promises, number: int) -> list[str]:
        nonlocal restarted
        if number % GO_ON_EVERY or not promises.submitted:
            return []
        restarted += 1
        return blackout.go_on(home, promises, number)

    wrong = blackout.cut_and_judge(recording, cuts, seed, also=go_on)
    told = recording.promises(len(recording.trace))
    counted = Counter(record.op for record in recording.trace)
    return {
        "seed": seed,
        "cuts": cuts,
        "restarted_on": restarted,
        "records": len(recording.trace),
        "writes": counted[Op.WRITTEN],
        "syncs": counted[Op.SYNCED],
        "renames": counted[Op.RENAMED],
        "promises": {
            "submitted": len(told.submitted),
            "begun": len(told.began),
            "ended": len(told.ended),
            "checkpointed": len(told.steps),
        },
        "wrong": wrong,
    }


if __name__ == "__main__":
    sys.exit(main())
