"""How long `make setup` takes and how much it fetches, and whether it heals when it is broken off.

`python benchmarks/setup.py` copies this checkout's files into a temporary folder and sets it up
there: once for `demo` and once for `test` with empty caches, then with full ones. Then it breaks
setups for `demo` off at random moments: by SIGKILL to all of it, by SIGKILL to the script alone
(uv lives on), and by Ctrl-C. After each the next setup must succeed, and every file that a
package's own record names must be there in its full size. Kept in `results/setup.json`.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "setup")]

import plan  # noqa: E402
from faults.kept import keep  # noqa: E402

MB = 10**6
HOWS = ("kill all of it", "kill the script", "Ctrl-C")
IMPORTS = "import tenfold.api.daemon, matplotlib, numpy, warp"
STARTED_S = 0.1  # a make that was only just started has not begun


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--extras", nargs="+", default=["demo", "test"])
    parser.add_argument("--out", type=Path, help="JSON file, instead of results/setup.json")
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory(prefix="tenfold-setup-") as folder:
        caches = caches_in(Path(folder))
        figures: dict[str, Any] = {
            extra: measured(Path(folder), extra, caches) for extra in asked.extras
        }
        limit_s = figures[asked.extras[0]]["warm_s"]
        figures["kills"], figures["wrong"] = [], []
        for number in range(asked.kills):
            how = HOWS[number % len(HOWS)]
            told = broken_off(
                Path(folder), asked.extras[0], caches, how, chance.uniform(0, limit_s)
            )
            figures["kills"].append(told)
            figures["wrong"] += told["wrong"]
            print(told, flush=True)
    keep("setup", figures, asked.out)
    return 1 if figures["wrong"] else 0


def measured(folder: Path, extra: str, caches: dict[str, str]) -> dict[str, Any]:
    for cache in set(caches.values()):
        shutil.rmtree(cache, ignore_errors=True)
    with checkout(folder) as root:
        before = received()
        cold_s = set_up(root, extra, caches)
        fetched = received() - before
        venv = root / ".venv"
        planned = plan.read(venv / f"pylock.{extra}.toml")
        on_disk = size_of(venv)
        wrong = faults(root)
        again_s = set_up(root, extra, caches)
        shutil.rmtree(venv)
        warm_s = set_up(root, extra, caches)
    if wrong:
        raise SystemExit(f"An unbroken setup is not whole: {wrong}")
    download = planned.download(None)[0]
    wheels = sum(wheel.bytes or 0 for wheel in planned.wheels)
    return {
        "cold_s": round(cold_s, 1),
        "warm_s": round(warm_s, 1),
        "nothing_to_do_s": round(again_s, 2),
        "packages": len(planned.wheels),
        "download_mb": round(download / MB, 1),
        "received_by_the_machine_mb": round(fetched / MB, 1),
        "on_disk_mb": round(on_disk / MB, 1),
        "on_disk_over_wheels": round(on_disk / wheels, 2),
    }


def broken_off(
    folder: Path, extra: str, caches: dict[str, str], how: str, after_s: float
) -> dict[str, Any]:
    with checkout(folder) as root:
        making = started(root, extra, caches)
        try:
            making.wait(STARTED_S + after_s)
            ended = True
        except subprocess.TimeoutExpired:
            ended = False
            break_off(making, how)
            making.wait(60)
        left = state(root / ".venv")
        began_s = time.monotonic()
        healing = started(root, extra, caches)
        said, _ = healing.communicate(timeout=600)
        healed_s = time.monotonic() - began_s
        wrong = faults(root) if healing.returncode == 0 else [f"it ended so: {said[-500:]}"]
    return {
        "how": "it had ended" if ended else how,
        "after_s": round(after_s, 2),
        "left": left,
        "healed_s": round(healed_s, 1),
        "wrong": [f"{how} after {after_s:.2f} s: {line}" for line in wrong],
    }


def break_off(making: subprocess.Popen[str], how: str) -> None:
    if how == "kill all of it":
        os.killpg(making.pid, signal.SIGKILL)
    elif how == "Ctrl-C":
        os.killpg(making.pid, signal.SIGINT)
    else:
        for script in psutil.Process(making.pid).children():
            script.kill()


def state(venv: Path) -> str:
    """What the broken setup left, in words."""
    if not venv.exists():
        return "no .venv"
    if not (venv / "bin" / "uv").exists():
        return ".venv without uv"
    packages = len(list(venv.glob("lib/python3*/site-packages/*.dist-info")))
    return f".venv with {packages} packages" + (", .half" if (venv / ".half").exists() else "")


def faults(root: Path) -> list[str]:
    """What is not as a whole setup leaves it."""
    (site,) = (root / ".venv").glob("lib/python3*/site-packages")
    wrong = [line for found in distributions(path=[str(site)]) for line in missing(found)]
    argv = [str(root / ".venv" / "bin" / "python"), "-c", IMPORTS]
    ran = subprocess.run(argv, capture_output=True, text=True, cwd=root)
    if ran.returncode != 0:
        wrong.append(ran.stderr.strip().splitlines()[-1])
    check = [str(root / ".venv" / "bin" / "uv"), "pip", "check", "--python", argv[0]]
    ran = subprocess.run(check, capture_output=True, text=True, cwd=root)
    if ran.returncode != 0:
        wrong.append(ran.stderr.strip())
    if (root / ".venv" / ".half").exists():
        wrong.append(".half is still there")
    return wrong


def missing(found: Distribution) -> Iterator[str]:
    """Files of the package's own record that are not there, or not whole."""
    if not found.files:
        yield f"{found.name} has no record"
    for file in found.files or []:
        place = Path(str(file.locate()))
        if not place.exists():
            yield f"{found.name}: {file} is not there"
        elif file.size is not None and place.stat().st_size != file.size:
            yield f"{found.name}: {file} has not its size"


@contextmanager
def checkout(folder: Path) -> Iterator[Path]:
    """A copy of what git has or would add here, committed or not."""
    root = folder / "checkout"
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def caches_in(folder: Path) -> dict[str, str]:
    return {"UV_CACHE_DIR": str(folder / "uv"), "PIP_CACHE_DIR": str(folder / "pip")}


def started(root: Path, extra: str, caches: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["make", "-C", str(root), f".venv/.{extra}"],
        env={**os.environ, **caches},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def set_up(root: Path, extra: str, caches: dict[str, str]) -> float:
    began_s = time.monotonic()
    making = started(root, extra, caches)
    said, _ = making.communicate()
    taken_s = time.monotonic() - began_s
    print(said, flush=True)
    if making.returncode != 0:
        raise SystemExit(f"make .venv/.{extra} ended with {making.returncode}")
    return taken_s


def received() -> int:
    """Bytes that came in over every network but the loopback; other programs' too."""
    counted = psutil.net_io_counters(pernic=True)
    return sum(count.bytes_recv for name, count in counted.items() if name != "lo")


def size_of(folder: Path) -> int:
    """Bytes on disk, a file that is linked twice counted once."""
    seen = {}
    for path in folder.rglob("*"):
        about = path.lstat()
        seen[about.st_ino] = about.st_blocks * 512
    return sum(seen.values())


if __name__ == "__main__":
    sys.exit(main())
