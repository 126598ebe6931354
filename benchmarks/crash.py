"""A thousand kill -9: is anything lost, doubled, or left behind?

`python benchmarks/crash.py --kills 1000` runs the storm of `tests/faults/crash.py` on a private
daemon and keeps the figures in `results/crash.json`. Exit status 1 if the proof fails; then the
folder with all evidence (ledger, job folders, audit, log) is kept and named.
`--source DIR` runs another copy of the package, to see that a planted fault is found.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.crash import storm
from faults.kept import keep


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--source", type=Path, help="folder that holds another tenfold package")
    parser.add_argument("--out", type=Path, help="JSON file, instead of results/crash.json")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tenfold-crash-")) / "storm"
    figures = storm(folder, asked.kills, asked.seed, asked.source)
    keep("crash", figures, asked.out)
    if figures["wrong"]:
        print(f"WRONG: {len(figures['wrong'])}; the evidence is in {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder.parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
