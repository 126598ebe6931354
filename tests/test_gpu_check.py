"""`benchmarks/gpu_check.py`, rehearsed on the CPU: it runs, skips aloud, and tells what failed.

That it works on a GPU is not shown here: no test has one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import gpu_check  # noqa: E402
from gpu_parts import cards, cavity, pretrain  # noqa: E402

from tenfold.science.transformer.recipe import derive  # noqa: E402

# An interpreter without these packages, as far as an import can tell.
BLOCKER = """
import os, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in os.environ["BLOCKED"].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
"""


def checked(
    folder: Path, *options: str, blocked: str = "", device: str = "cpu"
) -> tuple[int, dict[str, Any], str]:
    """Exit status, what it kept, what it printed."""
    (folder / "sitecustomize.py").write_text(BLOCKER)
    out = folder / "kept.json"
    argv = [sys.executable, str(BENCHMARKS / "gpu_check.py"), "--out", str(out), *options]
    argv += ["--device", device, *(["--rehearse"] if device == "cpu" else [])]
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "BLOCKED": blocked,
        "PYTHONPATH": str(folder),
    }
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120)
    return done.returncode, json.loads(out.read_text()), done.stdout + done.stderr


def test_every_part_is_rehearsed_on_the_cpu(tmp_path: Path) -> None:
    """But for the larger model, which differs from the smaller in one number."""
    chosen = [name for name in gpu_check.PARTS if name != "pretrain_120m"]
    status, kept, said = checked(tmp_path, "--parts", ",".join(chosen))
    parts = kept["parts"]
    assert status == 0, said
    assert {name: part["status"] for name, part in parts.items()} == dict.fromkeys(chosen, "ran")
    assert kept["kind"] == "rehearsal" and kept["versions"]["torch"]
    assert parts["fork_server"]["figures"]["threads_before_fork"] == 1
    small = parts["pretrain_50m"]["figures"]
    assert small["last_loss"] < small["first_loss"] and small["tokens_a_second"] > 0
    assert parts["cavity"]["figures"]["largest_error"] < 0.005
    assert parts["gang"]["figures"]["world"] == 2
    assert parts["daemon_job"]["figures"]["forked"] is True
    loads = parts["calibrate"]["figures"]
    assert min(loads[f"{name}_rate"] for name in ("compute", "light", "decode")) > 0


def test_what_needs_a_missing_package_is_skipped_by_name(tmp_path: Path) -> None:
    """Of all our packages, only torch and numpy are there: as with a bare interpreter."""
    gone = "pydantic,pydantic_core,warp,fastapi,uvicorn,psutil,rich,prometheus_client,pynvml"
    chosen = "device,fork_server,cavity,daemon_job"
    status, kept, said = checked(tmp_path, "--parts", chosen, blocked=gone)
    parts = kept["parts"]
    assert status == 0, said
    assert parts["device"]["status"] == parts["fork_server"]["status"] == "ran"
    assert "pydantic" not in parts["fork_server"]["figures"]["preloaded"]
    for name, package in (("cavity", "warp"), ("daemon_job", "pydantic")):
        assert parts[name]["status"] == "skipped"
        assert package in parts[name]["why"]
        assert f"{name}: SKIPPED: {parts[name]['why']}" in said


def test_without_a_gpu_every_part_says_so_and_nothing_is_kept(tmp_path: Path) -> None:
    parts = "device,fork_server,pretrain_50m"
    status, kept, said = checked(tmp_path, "--parts", parts, device="cuda", blocked="torch")
    assert status == 0
    assert {part["status"] for part in kept["parts"].values()} == {"skipped"}
    assert said.count("torch is not installed") >= 3
    assert not list((BENCHMARKS / "results").glob("gpu-check-gpu*"))


@pytest.mark.parametrize(
    "fault,why",
    [
        ("raise AssertionError('the sum is wrong')", "AssertionError: the sum is wrong"),
        ("import os; tell(half=1); os.kill(os.getpid(), 11)", "Its process ended with status -11"),
        ("tell(half=1); import time; time.sleep(600)", "It was not done after"),
    ],
)
def test_one_part_that_fails_stops_no_other_and_shows_in_the_exit_status(
    tmp_path: Path, fault: str, why: str
) -> None:
    """The program is copied beside parts of our own: one with a fault, one that is well."""
    copied = tmp_path / "benchmarks"
    (copied / "gpu_parts").mkdir(parents=True)
    source = (BENCHMARKS / "gpu_check.py").read_text().replace('"device": 60.0', '"device": 21.0')
    source = source.replace("LEAST_S = 20.0", "LEAST_S = 1.0")
    (copied / "gpu_check.py").write_text(source)
    head = "def measure(device, seconds, rehearse, tell):\n    "
    (copied / "gpu_parts" / "device.py").write_text(head + fault)
    (copied / "gpu_parts" / "gang.py").write_text(head + "tell(fine=True)")
    out = tmp_path / "kept.json"
    argv = [sys.executable, str(copied / "gpu_check.py"), "--device", "cpu", "--rehearse"]
    argv += ["--parts", "device,gang", "--budget", "4", "--out", str(out)]
    if "sleep" in fault:
        argv[argv.index("4")] = "2"
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    parts = json.loads(out.read_text())["parts"]
    assert done.returncode == 1
    assert parts["device"]["status"] == "failed" and why in parts["device"]["why"]
    assert parts["device"].get("figures", {}) == ({} if "raise" in fault else {"half": 1})
    expected = "skipped" if "sleep" in fault else "ran"  # there the budget is used up
    assert parts["gang"]["status"] == expected, parts


@pytest.mark.parametrize(
    "model,name",
    [
        ("NVIDIA H200", "h200"),
        ("NVIDIA H100 80GB HBM3", "h100-80gb-hbm3"),
        ("NVIDIA H100 80GB HBM3 MIG 1g.10gb", "h100-80gb-hbm3-mig-1g-10gb"),
        ("NVIDIA GeForce RTX 4090", "rtx-4090"),
    ],
)
def test_the_name_of_the_file(model: str, name: str) -> None:
    assert gpu_check.slug(model) == name


def test_what_data_sheets_say() -> None:
    assert cards.bf16_tflops("NVIDIA H200") == cards.bf16_tflops("NVIDIA H100 80GB HBM3") == 989.0
    assert cards.bf16_tflops("NVIDIA H100 PCIe") == 756.0
    assert cards.bf16_tflops("NVIDIA H100 NVL") == 835.0
    assert cards.memory_gb_s("NVIDIA H200") == 4800.0
    for unknown in ("NVIDIA H100 80GB HBM3 MIG 1g.10gb", "A card of tomorrow"):
        assert cards.bf16_tflops(unknown) is None
        assert cards.memory_gb_s(unknown) is None


@pytest.mark.parametrize("variant,millions", [("50m", 51), ("120m", 123)])
def test_the_sizes_of_the_models(variant: str, millions: int) -> None:
    depth = pretrain.DEPTHS[variant]
    found = derive(depth, pretrain.VOCABULARY, pretrain.CONTEXT, 3e9, gpu_memory_gib=79.0)
    assert round(found.shape.parameters / 1e6) == millions
    assert found.steps > 500 and found.micro_sequences * pretrain.CONTEXT <= 1 << 16


def test_constants_are_those_of_the_workload() -> None:
    from tenfold.workloads.simulate.cavity import GATE_ERROR, GATE_MASS, SIZES, Params

    assert cavity.constant("SIZES") == SIZES
    assert cavity.constant("GATE_ERROR") == GATE_ERROR
    assert cavity.constant("GATE_MASS") == GATE_MASS
    defaults = Params()
    assert (defaults.lid_speed, defaults.lid_times_max) == (cavity.LID_SPEED, cavity.LID_TIMES_MAX)
    assert Params.model_fields["tolerance"].default == 1e-5
