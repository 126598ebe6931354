"""`python -m tenfold.hardware.report`: what `tenfold doctor` reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from faults.nvml.cards import h100_pcie, h100_sxm
from faults.nvml.standin import NAME, StandIn


def report(variables: dict[str, str]) -> dict[str, Any]:
    argv = [sys.executable, "-m", "tenfold.hardware.report"]
    done = subprocess.run(
        argv, env={**os.environ, **variables}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_cards_and_what_they_do_not_tell(tmp_path: Path) -> None:
    card = h100_sxm(1)
    card.mig, card.reasons = 1, 0x40
    card.errors["nvmlDeviceGetPowerUsage"] = 4
    found = report(StandIn(tmp_path, [h100_pcie(0), card]).environment)
    assert (found["driver"], found["cuda"], found["why"]) == ("575.57.08", "12.9", None)
    first, second = found["cards"]
    assert first["uuid"] == h100_pcie(0).uuid and first["name"] == "NVIDIA H100 PCIe"
    assert first["compute_capability"] == "9.0" and first["missing"] == {}
    assert (first["power_w"], first["temperature_c"], first["mig"]) == (54.0, 41.0, False)
    assert (second["power_w"], second["mig"], second["throttle"]) == (None, True, ["too hot"])
    assert second["missing"] == {"power_w": "only root may read it here"}
    assert found["cpu"]["cores"] > 0


def test_no_driver(tmp_path: Path) -> None:
    """Also on a machine that has one: a library that cannot be loaded comes before it."""
    (tmp_path / NAME).write_text("")
    found = report({"LD_LIBRARY_PATH": str(tmp_path)})
    assert (found["driver"], found["cuda"], found["cards"]) == (None, None, [])
    assert "no NVIDIA driver is installed" in found["why"]


def test_a_driver_that_is_half_upgraded(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path, [h100_pcie(0)])
    stand_in.errors["nvmlInit"] = 18
    stand_in.write()
    found = report(stand_in.environment)
    assert "different versions" in found["why"] and found["cards"] == []
