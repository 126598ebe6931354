"""What a power limit costs on this card: the three loads of `system.calibrate`, and a short sweep.

The loads run first, under the limit that stands: their rates and draw can be had everywhere. The
sweep goes the way of an owner, through a daemon and the helper with rights, and only where that
helper is installed; nothing here sets a limit itself. The helper puts back what it changed.
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
POINTS, SECONDS = 5, 2.0
SWEEP_S = 45.0  # that it takes at least


def measure(device: str, seconds: float, rehearse: bool, tell: Callable[..., None]) -> None:
    until_s = time.monotonic() + seconds
    missing = absent("torch", *(("pynvml",) if device == "cuda" else ()))
    if missing:
        raise Skipped(f"{', '.join(missing)}: not installed for this interpreter.")
    _as_it_stands(device, 0.2 if rehearse else SECONDS, tell)
    if rehearse:
        return
    missing = absent(*CORE)
    if missing:
        raise Skipped(f"no sweep: the daemon needs {', '.join(missing)}, not installed.")
    from faults.daemon import PrivateDaemon, kill_marked, variables

    with tempfile.TemporaryDirectory(prefix="tenfold-gpu-calibrate-") as place:
        folder = Path(place)
        environment = variables(folder)
        own = [str(Path(__file__).resolve().parents[2] / "src"), environment["PYTHONPATH"]]
        environment["PYTHONPATH"] = os.pathsep.join(own)
        daemon = PrivateDaemon(folder, environment)
        try:
            daemon.start()
            _swept(daemon, until_s, tell)
        finally:
            daemon.end()
            kill_marked(str(folder))


def _as_it_stands(device: str, seconds: float, tell: Callable[..., None]) -> None:
    """Rate and draw of each load under the limit of now."""
    from tenfold.science import card_loads
    from tenfold.science.power_sweep import take

    meter: Any = _Mute()
    if device == "cuda":
        import torch

        from tenfold.science.card_meter import CardMeter

        try:
            meter = CardMeter(f"GPU-{torch.cuda.get_device_properties(0).uuid}")
        except LookupError as error:  # a slice, or an older torch's idea of a UUID
            raise Skipped(f"NVML does not find the card that torch uses: {error}.") from error
        tell(limit_w=meter.limit_w(), usual_limit_w=meter.usual_limit_w())
    for name in card_loads.LOADS:
        load = card_loads.load(name, device)
        taken = take(load.work, meter, 0.0, seconds, seconds / 4, time.monotonic)
        tell(**{f"{name}_rate": taken.rate, f"{name}_unit": load.unit})
        if device == "cuda":
            tell(**{f"{name}_w": taken.watts})


class _Mute:
    """A CPU here tells no watts of its own."""

    def energy_j(self) -> float | None:
        return None

    def power_w(self) -> float | None:
        return 1.0


def _swept(daemon: Any, until_s: float, tell: Callable[..., None]) -> None:
    seen = daemon.api.get("/api/box")
    while not seen["reading"] and time.monotonic() < until_s:
        time.sleep(0.1)
        seen = daemon.api.get("/api/box")
    rights = seen["rights"] or {"granted": False, "why": "the daemon found no card"}
    if not rights["granted"]:
        raise Skipped(f"no sweep: power limits cannot be set here, {rights['why']}.")
    if until_s - time.monotonic() < SWEEP_S:
        raise Skipped("no sweep: too little time is left for it.")
    params = {"points": POINTS, "seconds": SECONDS, "loads": ["compute"]}
    job = daemon.submit(workload="system.calibrate", params=params, gpus=1)
    path = daemon.home / "jobs" / job / "attempts" / "1" / "outcome.json"
    while not path.exists():
        assert time.monotonic() < until_s, "the sweep did not end in time"
        time.sleep(0.1)
    outcome = json.loads(path.read_text())
    assert outcome["ending"] == "succeeded", (outcome["error"] or str(outcome["refusal"]))[-500:]
    found = outcome["result"]["figures"]
    found["card"].pop("uuid")
    tell(sweep=found, verdict=outcome["verdict"]["sentence"])
    assert outcome["verdict"]["holds"], outcome["verdict"]["sentence"]
