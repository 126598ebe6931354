"""Everything that only a GPU can show, in one command with the interpreter that is at hand.

    make gpu-check                                    or, with no make:
    PYTHONPATH=src python3 benchmarks/gpu_check.py

The interpreter has to be Python 3.11 or newer and have a CUDA build of torch.
Nothing is installed and nothing is fetched. It runs straight from the checkout; what needs a
package that is missing is skipped, by name. Each part is a process of its own with a limit in time,
so one that fails or hangs stops no other; all together stay below the budget (under 8 minutes).

Figures go to benchmarks/results/gpu-check-MODEL.json: per part `ran`, `skipped` or `failed`, why,
and what it measured. Exit status 1 only if a part that ran failed.

Without a GPU: `--device cpu --rehearse` runs the same code on the CPU, small. A rehearsal proves
nothing about a GPU and keeps nothing in results.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import importlib.util
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BUDGET_S = 460.0
LEAST_S = 20.0  # with less than that left a part is not begun
ENDING_S = 5.0  # of a part's limit: to write its report and exit

# In the order they run, with the most that each may take. Those that tell most come first.
PARTS = {
    "device": 60.0,
    "fork_server": 60.0,
    "pretrain_50m": 110.0,
    "cavity": 100.0,
    "pretrain_120m": 120.0,
    "daemon_job": 60.0,
    "gang": 60.0,
    "calibrate": 90.0,
}


class Skipped(Exception):
    """This part cannot run here, and why."""


def main() -> int:
    asked = _arguments()
    if asked.part:
        return _one(asked.part, asked.device, asked.seconds, asked.rehearse, asked.report)
    began_s = time.monotonic()
    parts: dict[str, dict[str, Any]] = {}
    for name in asked.parts.split(","):
        left_s = asked.budget - (time.monotonic() - began_s)
        parts[name] = _run(name, min(PARTS[name], left_s), asked)
    about = parts.get("device", {}).get("figures", {})
    content = {
        "benchmark": "gpu-check",
        "kind": "rehearsal" if asked.rehearse else "measured",
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": " ".join(["PYTHONPATH=src", Path(sys.executable).name, *sys.argv]),
        "device": asked.device,
        "versions": about.get("versions", {"python": platform.python_version()}),
        "machine": about.get("machine", {}),
        "wall_s": round(time.monotonic() - began_s, 1),
        "parts": parts,
    }
    path = asked.out or _kept_at(asked, content)
    _print_table(parts)
    if path is None:
        print("No figure was taken on a GPU, so nothing is kept.")
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        print(f"kept in {path}")
    return 1 if any(part["status"] == "failed" for part in parts.values()) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--rehearse", action="store_true", help="small, to try the code itself")
    parser.add_argument("--parts", default=",".join(PARTS), help="with commas, of all of them")
    parser.add_argument("--budget", type=float, default=BUDGET_S, help="seconds for all parts")
    parser.add_argument("--out", type=Path, help="JSON file, instead of results/gpu-check-MODEL")
    # What this program gives to a process of its own.
    parser.add_argument("--part", choices=tuple(PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=60.0, help=argparse.SUPPRESS)
    parser.add_argument("--report", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    unknown = set(asked.parts.split(",")) - set(PARTS)
    if unknown:
        parser.error(
            f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}"
        )
    if asked.device == "cpu" and not asked.rehearse:
        parser.error("on a CPU there is only a rehearsal: add --rehearse")
    return asked


# --- the process that hands out parts


def _run(name: str, limit_s: float, asked: argparse.Namespace) -> dict[str, Any]:
    """One part in a process of its own; what it reported, whatever became of it."""
    if limit_s < LEAST_S:
        return _told(name, {"status": "skipped", "why": "The budget was used up before it."})
    print(f"{name}: at most {limit_s:.0f} s ...", flush=True)
    with tempfile.TemporaryDirectory(prefix="tenfold-gpu-check-") as folder:
        report = Path(folder) / "report.json"
        argv = [sys.executable, str(Path(__file__).resolve()), "--part", name]
        argv += ["--device", asked.device, "--seconds", str(limit_s - ENDING_S)]
        argv += ["--report", str(report), *(["--rehearse"] if asked.rehearse else [])]
        began_s = time.monotonic()
        process = subprocess.Popen(
            argv,
            cwd=ROOT,
            env=_environment(folder),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        try:
            status: int | None = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _end(process)
        found = json.loads(report.read_text()) if report.exists() else {}
        if status is None:
            found |= {"status": "failed", "why": f"It was not done after {limit_s:.0f} s."}
        elif found.get("status") is None:
            found |= {"status": "failed", "why": f"Its process ended with status {status}."}
        found["wall_s"] = round(time.monotonic() - began_s, 1)
    return _told(name, found)


def _environment(folder: str) -> dict[str, str]:
    paths = [str(ROOT / "src"), str(ROOT / "benchmarks"), str(ROOT / "tests")]
    if os.environ.get("PYTHONPATH"):
        paths.append(os.environ["PYTHONPATH"])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TENFOLD_HOME": f"{folder}/home"}


def _end(process: subprocess.Popen[bytes]) -> None:
    """With everything it started: compilers and ranks are in its group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def _told(name: str, found: dict[str, Any]) -> dict[str, Any]:
    why = f": {found['why']}" if found.get("why") else ""
    print(f"{name}: {str(found['status']).upper()}{why}", flush=True)
    return found


def _kept_at(asked: argparse.Namespace, content: dict[str, Any]) -> Path | None:
    if asked.rehearse:
        return ROOT / "out" / "gpu-check-rehearsal.json"
    model = content["machine"].get("gpu")
    return ROOT / "benchmarks" / "results" / f"gpu-check-{slug(model)}.json" if model else None


def slug(model: str) -> str:
    """`NVIDIA H100 80GB HBM3` -> `h100-80gb-hbm3`."""
    words = re.sub(r"NVIDIA|GeForce|\(.*?\)", " ", model, flags=re.IGNORECASE)
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-") or "gpu"


def _print_table(parts: dict[str, dict[str, Any]]) -> None:
    print()
    for name, part in parts.items():
        print(f"{name:14} {part['status']:8} {part.get('wall_s', 0):6.1f} s  {part.get('why', '')}")
        for key, value in part.get("figures", {}).items():
            if not isinstance(value, dict | list):
                print(f"{'':14} {key} = {value:.6g}" if isinstance(value, float) else
                      f"{'':14} {key} = {value}")  # fmt: skip
    print()


# --- the process of one part


def _one(name: str, device: str, seconds: float, rehearse: bool, report: Path) -> int:
    """Every part is `measure(device, seconds, rehearse, tell)` of a file in gpu_parts; `tell` keeps
    what is known so far, so that a part that is cut off leaves its figures."""
    figures: dict[str, Any] = {}

    def tell(**more: Any) -> None:
        figures.update(more)
        report.write_text(json.dumps({"figures": figures}))

    try:
        if device == "cuda" and name != "fork_server":  # which must import torch its own way
            need_gpu()
        module, _, variant = name.partition("_") if name.startswith("pretrain") else (name, "", "")
        part = importlib.import_module(f"gpu_parts.{module}")
        part.measure(device, seconds, rehearse, tell, *([variant] if variant else []))
        found: dict[str, Any] = {"status": "ran"}
    except Skipped as skipped:
        found = {"status": "skipped", "why": str(skipped)}
    except Exception as error:
        traceback.print_exc()
        why = "".join(traceback.format_exception_only(error)).strip()[-1000:]
        found = {"status": "failed", "why": why}
    report.write_text(json.dumps({**found, "figures": figures}))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # no library's own threads or teardown may keep or crash what was reported


def need_gpu() -> None:
    """Raises Skipped where there is no NVIDIA device or no CUDA in torch. Imports torch, and does
    not ask it whether a GPU is available: that calls the driver."""
    if absent("torch"):
        raise Skipped("torch is not installed for this interpreter.")
    import torch

    if torch.version.cuda is None:
        raise Skipped(f"torch {torch.__version__} is a build without CUDA.")
    if not list(Path("/dev").glob("nvidia[0-9]*")) and not Path("/dev/dxg").exists():
        raise Skipped("This machine shows no NVIDIA device.")


def absent(*names: str) -> list[str]:
    """Which of these modules cannot be imported here."""
    missing = []
    for name in names:
        try:
            found = importlib.util.find_spec(name)
        except ImportError:
            found = None
        if found is None:
            missing.append(name)
    return missing


if __name__ == "__main__":
    sys.modules["gpu_check"] = sys.modules["__main__"]  # the parts raise this very Skipped
    sys.exit(main())
