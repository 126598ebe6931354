"""The describer: `python -m tenfold.runner.describe`, one JSON request on stdin, one JSON line out.

    {"do": "list"}
    {"do": "describe", "name": ..., "params": {...}, "size": ..., "device": {...}}

The answer is {"ok": ...} or {"refusal": ...}. A process of its own, so that a workload that hangs
or dies while it is imported hurts nobody; who asks sets the time limit. What the workload prints
while it is imported goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from tenfold.catalogue.describe import described, listed
from tenfold.catalogue.listing import owner_home
from tenfold.catalogue.loading import find
from tenfold.terms.box import Device
from tenfold.terms.refusal import Refusal, refusal
from tenfold.terms.wire import from_json


def main() -> None:
    answers = os.dup(1)
    os.dup2(2, 1)
    line = json.dumps(answer(sys.stdin.read()), default=str) + "\n"
    with os.fdopen(answers, "w", encoding="utf-8") as out:
        out.write(line)
    # A workload may have left a thread behind that would keep the process.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def answer(text: str) -> dict[str, Any]:
    """What to say to the request `text`. This is the outermost frame: a workload may raise anything
    while it is imported, and who asked gets it as a Refusal."""
    home = owner_home(os.environ)
    try:
        request = _request(text)
        if request["do"] == "list":
            return {"ok": listed(home)}
        return {"ok": _described(request, home)}
    except Refusal as refused:
        return {"refusal": refused.as_json()}
    except (Exception, SystemExit) as error:  # noqa: BLE001  (the outermost frame)
        traceback.print_exc()
        return {"refusal": _broken(request["name"], error, home).as_json()}


def _described(request: dict[str, Any], home: Path) -> dict[str, Any]:
    device = request.get("device")
    return described(
        request["name"],
        request.get("params"),
        request.get("size"),
        None if device is None else from_json(Device, device),
        home,
    )


def _broken(name: str, error: BaseException, home: Path) -> Refusal:
    path = str(find(name, home).path)
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
    where = f" (line {lines[-1]})" if lines else ""
    why = f"{type(error).__name__}: {error}{where}"
    return refusal("workload.broken", name=name, why=why, path=path)


def _request(text: str) -> dict[str, Any]:
    try:
        request = json.loads(text)
    except ValueError as error:
        raise refusal("wire.shape", kind="a request to the describer", error=str(error)) from error
    known = isinstance(request, dict) and (
        request.get("do") == "list" or (request.get("do") == "describe" and "name" in request)
    )
    if not known:
        raise refusal("wire.shape", kind="a request to the describer", error=text[:200])
    return dict(request)


if __name__ == "__main__":
    main()
