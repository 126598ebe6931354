"""`python -m tenfold.runner JOBFOLDER ATTEMPT`: runs that attempt and exits with its status."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tenfold.folder.paths import TOKEN_VARIABLE, JobFolder
from tenfold.runner import log
from tenfold.runner.attempt import NO_OUTCOME, end_process, run_attempt
from tenfold.terms.refusal import Refusal

USAGE = "python -m tenfold.runner JOBFOLDER ATTEMPT"


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or not arguments[1].isdigit():
        log.say(USAGE)
        return 2
    path, number = Path(arguments[0]).resolve(), int(arguments[1])
    try:
        _carry_token(path, number)
        return run_attempt(path, number)
    except Refusal as refused:
        log.say(str(refused))
        return NO_OUTCOME


def _carry_token(path: Path, number: int) -> None:
    """Start anew with the attempt's token where a person started this by hand: what is left of an
    attempt is found by the token in the environment that the kernel shows of each process."""
    current = JobFolder(path).read_current()
    if current.attempt != number or os.environ.get(TOKEN_VARIABLE) == current.token:
        return
    environ = {**os.environ, TOKEN_VARIABLE: current.token}
    argv = [sys.executable, "-P", "-m", "tenfold.runner", str(path), str(number)]
    os.execve(sys.executable, argv, environ)


if __name__ == "__main__":
    end_process(main(sys.argv[1:]))
