"""A job on a GPU through everything: a private daemon, its ledger, the fork server, the runner.

The job multiplies matrices on the device of its slot and says where it ran. Needs the core packages
of Tenfold, and NVIDIA's binding to NVML, by which the daemon finds the cards.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gpu_check import Skipped, absent

CORE = ("pydantic", "fastapi", "uvicorn", "prometheus_client", "psutil", "rich")
WORKLOAD = '''"""Multiplies: a product of two matrices on the device of its slot."""

import os
import time

from tenfold.catalogue.contract import WorkloadParams
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result, Verdict

SIZES = {}
REQUIRES = ()


class Params(WorkloadParams):
    pass


def needs(params, device):
    gpus = 1 if device.kind == "gpu" else 0
    return Needs(gpus=gpus, memory_gib=1.0, time_s=10.0)


def run(job, params):
    entered_s = time.time()
    import torch

    ones = torch.ones(64, 64, device=job.device)
    return Result("A product.", {
        "sum": (ones @ ones).sum().item(),
        "entered_s": entered_s,
        "done_s": time.time(),
        "device": job.device,
        "visible": os.environ.get("CUDA_VISIBLE_DEVICES", ""),
        "forked": b"forkserver" in open("/proc/self/cmdline", "rb").read(),
    })


def check(params, result):
    return Verdict(result.figures["sum"] == 64.0**3, "The sum is that of the product.")
'''


def measure(device: str, seconds: float, rehearse: bool, tell: Callable[..., None]) -> None:
    wanted = (*CORE, "torch", *(("pynvml",) if device == "cuda" else ()))
    missing = absent(*wanted)
    if missing:
        raise Skipped(f"the daemon needs {', '.join(missing)}, not installed for this interpreter.")
    until_s = time.monotonic() + seconds
    from faults.daemon import PrivateDaemon, kill_marked, variables

    with tempfile.TemporaryDirectory(prefix="tenfold-gpu-job-") as place:
        folder = Path(place)
        environment = variables(folder)
        # A test run names a light list; what is measured here is the server that owners have.
        environment.pop("TENFOLD_PRELOAD", None)
        own = [str(Path(__file__).resolve().parents[2] / "src"), environment["PYTHONPATH"]]
        environment["PYTHONPATH"] = os.pathsep.join(own)
        daemon = PrivateDaemon(folder, environment)
        (daemon.home / "workloads" / "check").mkdir(parents=True)
        (daemon.home / "workloads" / "check" / "multiplies.py").write_text(WORKLOAD)
        try:
            daemon.start()
            _measure(daemon, device, until_s, tell)
        except AssertionError:
            print((folder / "log").read_text(errors="replace")[-4000:])
            raise
        finally:
            daemon.end()
            kill_marked(str(folder))


def _measure(daemon: Any, device: str, until_s: float, tell: Callable[..., None]) -> None:
    tell(box=daemon.api.get("/api/box").get("box"))
    asked = {"gpus": 1} if device == "cuda" else {"cores": 1}
    # The first starts may come before the server has its imports done; a forked one is wanted.
    while True:
        submitted_s = time.time()
        job = daemon.submit(workload="check.multiplies", params={}, **asked)
        outcome = _outcome(daemon, job, until_s)
        assert outcome["ending"] == "succeeded", (outcome["error"] or str(outcome))[-500:]
        assert outcome["verdict"]["holds"], outcome["verdict"]
        figures = outcome["result"]["figures"]
        tell(
            device=figures["device"],
            visible=figures["visible"],
            forked=figures["forked"],
            submit_to_run_ms=1000 * (figures["entered_s"] - submitted_s),
            submit_to_product_ms=1000 * (figures["done_s"] - submitted_s),
        )
        if device == "cuda":
            assert figures["device"].startswith("cuda") and figures["visible"], figures
        if figures["forked"]:
            break
        assert time.monotonic() < until_s, "no runner came from the fork server"
        time.sleep(0.3)


def _outcome(daemon: Any, job: str, until_s: float) -> dict[str, Any]:
    path = daemon.home / "jobs" / job / "attempts" / "1" / "outcome.json"
    while not path.exists():
        if time.monotonic() > until_s:
            why = daemon.api.get(f"/api/jobs/{job}/explain")
            raise AssertionError(f"the job did not end in time: {why['why']} {why['places']}")
        time.sleep(0.01)
    found: dict[str, Any] = json.loads(path.read_text())
    return found
