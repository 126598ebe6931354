"""A plain command that says when it begins and ends: `python -m faults.command SECONDS`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from faults.audit import say, witness


def main(seconds: float) -> None:
    job = os.environ["TENFOLD_JOB"]
    held = witness(job, 0, Path("command-witness"))
    say("begin", job, 0)
    time.sleep(seconds)
    say("end", job, 0)
    os.close(held)


if __name__ == "__main__":
    main(float(sys.argv[1]))
