"""How long the tour takes, and whether its verdicts hold: `make demo` without the setup before it.

`python benchmarks/tour.py` runs it at `desk`, keeps what it printed of its verdicts in
`results/tour.json`, and exits as it did.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.kept import keep

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=("smoke", "desk"), default="desk")
    parser.add_argument("--page", type=Path, help="where tour.html is copied to")
    parser.add_argument("--out", type=Path, help="JSON file, instead of results/tour.json")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tenfold-tour-") as folder:
        argv = [sys.executable, str(ROOT / "examples/tour"), "--size", asked.size, "--out", folder]
        began_s = time.monotonic()
        done = subprocess.run(argv, capture_output=True, text=True)
        took_s = time.monotonic() - began_s
        page = Path(folder) / "tour.html"
        if asked.page and page.exists():
            asked.page.write_bytes(page.read_bytes())
    print(done.stdout + done.stderr)
    verdicts = re.findall(r"^  (?:verdict|kill -9) +(holds|does not hold): (.*)", done.stdout, re.M)
    figures = {
        "size": asked.size,
        "wall_s": round(took_s, 1),
        "exit_status": done.returncode,
        "verdicts": [{"holds": said == "holds", "sentence": words} for said, words in verdicts],
    }
    keep("tour", figures, asked.out)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
