"""Every figure of the CPU measured again, beside the kept one: does each row still meet its aim?

`python benchmarks/evidence.py` runs, in shorter forms, the commands that docs/claims.py names
(`Claim.again`), one after another, below 15 minutes on two cores. What they keep goes to
`out/evidence`; the long runs in benchmarks/results stay as they are. A shorter run says in its JSON
how much it did. Exit status 1 if a command failed, or a figure misses its aim that is not known to.

Rows with no `again` (a GPU, a download) are named and not run.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "docs"))

from claim import Claim  # noqa: E402
from claims import CLAIMS  # noqa: E402

OUT = ROOT / "out" / "evidence"
BUDGET_S = 15 * 60.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="JSON files, with commas: cli.json,queue.json")
    parser.add_argument("--out", type=Path, default=OUT, help="folder for the new files")
    asked = parser.parse_args()
    chosen = [c for c in CLAIMS if not asked.only or c.file in asked.only.split(",")]
    asked.out.mkdir(parents=True, exist_ok=True)
    failed = measured(chosen, asked.out, time.monotonic() + BUDGET_S)
    return reported(chosen, asked.out, failed)


def measured(claims: Iterable[Claim], out: Path, until_s: float) -> dict[str, str]:
    """Runs each command once; file -> why there is no new one."""
    failed: dict[str, str] = {}
    commands = {claim.file: claim.again for claim in claims if claim.again}
    for file, again in commands.items():
        script, *options = shlex.split(again)
        argv = [sys.executable, str(ROOT / "benchmarks" / script), *options]
        print(f"{again} ...", flush=True)
        began_s = time.monotonic()
        (out / file).unlink(missing_ok=True)
        with open(out / f"{file}.log", "w", encoding="utf-8") as log:
            try:
                done = subprocess.run(
                    [*argv, "--out", str(out / file)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    timeout=max(until_s - began_s, 1.0),
                )
            except subprocess.TimeoutExpired:
                failed[file] = "the time was up"
                continue
        if done.returncode or not (out / file).exists():
            failed[file] = f"exit status {done.returncode}, see {log.name}"
        print(f"    {time.monotonic() - began_s:.0f} s", flush=True)
    return failed


def reported(claims: Iterable[Claim], out: Path, failed: dict[str, str]) -> int:
    """The table, row by row; 1 where a row failed or misses its aim."""
    bad = 0
    for claim in claims:
        verdict, now = judged(claim, out, failed)
        bad += verdict in ("FAILED", "MISSED")
        print(f"\n{verdict:8} {claim.what}")
        print(f"    aim   {claim.aim or 'none'}")
        print(f"    kept  {claim.words()}")
        print(f"    now   {now}")
    print(f"\n{bad} of the rows failed or miss their aim." if bad else "\nNo row misses its aim.")
    return 1 if bad else 0


def judged(claim: Claim, out: Path, failed: dict[str, str]) -> tuple[str, str]:
    """`HOLDS`, `MISSED`, `FAILED`, `known` (a miss that the kept figure has as well), `no aim` or
    `not run`, and the new figure in words."""
    if not claim.again:
        return "not run", "not measured by this command"
    path = out / claim.file
    if not path.exists():
        return "FAILED", failed.get(claim.file, "no file")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    figures = content.get("figures", content)
    words = claim.figure(figures)
    if claim.file in failed:
        return "FAILED", f"{words} ({failed[claim.file]})"
    if claim.holds is None:
        return "no aim", words
    if claim.holds(figures):
        return "HOLDS", words
    return "known" if claim.missed else "MISSED", f"{words}; {claim.missed}"


if __name__ == "__main__":
    sys.exit(main())
