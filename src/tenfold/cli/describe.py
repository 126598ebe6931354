"""What a workload is: from the daemon if one answers, else from a describer process of our own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tenfold.client.call import Api
from tenfold.terms.refusal import Refusal, refusal, refusal_from_json

LIMIT_S = 60.0  # to import one workload file


def described(home: Path, name: str) -> dict[str, Any]:
    try:
        return dict(Api(home).get(f"/api/workloads/{quote(name, safe='')}"))
    except Refusal as no:
        if no.code != "daemon.absent":
            raise
    return _by_process(home, name)


def _by_process(home: Path, name: str) -> dict[str, Any]:
    try:
        ended = subprocess.run(
            [sys.executable, "-P", "-m", "tenfold.runner.describe"],
            input=json.dumps({"do": "describe", "name": name, "params": None, "size": None}),
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            env={**os.environ, "TENFOLD_HOME": str(home)},
        )
    except subprocess.TimeoutExpired:
        raise refusal("workload.hangs", name=name, seconds=LIMIT_S, path="its file") from None
    try:
        answer = json.loads(ended.stdout)
    except ValueError:
        said = ended.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise refusal("workload.broken", name=name, why=said[0], path="its file") from None
    if "refusal" in answer:
        raise refusal_from_json(answer["refusal"])
    return dict(answer["ok"])
