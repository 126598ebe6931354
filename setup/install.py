"""Bring .venv to where EXTRA of pyproject.toml is installed, from wherever it is now."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import environment
import machine
import plan
from refusal import Refusal

UV_MB = 18  # the wheel of the pinned uv; tests/setup/test_plan.py compares it with a resolution
ALONE_MB = 150  # a venv with pip and uv in it


def set_up(root: Path, extra: str) -> None:
    """Returns at once where nothing is to be done. Raises a Refusal."""
    venv, sources = root / ".venv", environment.digest(root)
    if environment.is_ready(venv, extra, sources):
        return
    search = os.environ.get("PATH", os.defpath)
    machine.compiler(search, extra)
    machine.writable(root, extra)
    lock = _alone(root)
    if environment.is_ready(venv, extra, sources):
        return  # the other one did it
    began_s = time.monotonic()
    say(f"Setting Tenfold up in .venv, for make {extra} ...")
    settings = variables(dict(os.environ))
    again = _grounded(venv, extra, lock)
    uv = [str(venv / "bin" / "uv")]
    driver = machine.has_driver()
    planned = plan.resolved(uv, root, extra, venv / f"pylock.{extra}.toml", driver, settings)
    planned, missing = plan.sized(planned), plan.uncached(uv, planned, settings)
    say(f"  to download  {plan.words(planned, missing)}")
    if any(wheel.name == "torch" for wheel in planned.wheels):
        say(f"  torch        {_torch(planned, driver)}")
    _room(uv, planned, missing, venv, extra, settings)
    (venv / ".half").touch()
    _install(uv, root, planned, again, lock, settings, extra)
    environment.stamp(venv, extra, sources)
    say(f"  done         in {time.monotonic() - began_s:.0f} s")


def variables(environ: dict[str, str]) -> dict[str, str]:
    """uv is told what pip is told: pip's list of folders has spaces, uv's has commas."""
    told = dict(environ)
    told.setdefault("UV_FIND_LINKS", ",".join(environ.get("PIP_FIND_LINKS", "").split()))
    if environ.get("PIP_INDEX_URL"):
        told.setdefault("UV_DEFAULT_INDEX", environ["PIP_INDEX_URL"])
    if environ.get("PIP_NO_INDEX"):
        told.setdefault("UV_OFFLINE", "1")  # it has no variable for no index
    told.pop("VIRTUAL_ENV", None)
    return told


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _alone(root: Path) -> int:
    """One setup at a time. uv inherits the lock, so that one which outlived a killed setup is
    waited for."""
    held = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another setup is at work in this folder; waiting for it ...")
        fcntl.flock(held, fcntl.LOCK_EX)
    except OSError:
        pass  # a file system without locks: two at once are then the owner's affair
    return held


def _grounded(venv: Path, extra: str, lock: int) -> bool:
    """A venv with uv in it. True if packages that are there may be broken."""
    if environment.is_sound(venv):
        return not environment.is_known(venv)
    search = os.environ.get("PATH", os.defpath)
    machine.venv_parts(sys.executable, sys.version_info[:3], search, extra)
    machine.room("The first step", venv, ALONE_MB * machine.MB, extra)
    if venv.exists():
        say("  .venv        was left half made; it is made anew")
    environment.make(venv, extra)
    say(f"  to download  uv, which installs the rest: at most {UV_MB} MB")
    argv = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "-c"]
    done = subprocess.run(
        [*argv, "constraints.txt", "uv"], cwd=venv.parent, pass_fds=(lock,), stdin=_NOTHING
    )
    if done.returncode != 0:
        raise Refusal("uv", status=done.returncode, target=extra)
    return False


def _torch(planned: plan.Plan, driver: bool) -> str:
    if planned.cuda():
        return "a CUDA build: there is an NVIDIA driver" if driver else "a CUDA build, as asked"
    return "the CPU build" + ("" if driver else ": there is no NVIDIA driver")


def _room(
    uv: list[str],
    planned: plan.Plan,
    missing: set[str] | None,
    venv: Path,
    extra: str,
    settings: dict[str, str],
) -> None:
    """In the venv and, where it is on another disk, in uv's cache."""
    fetched = plan.UNPACKED * planned.download(missing)[0]
    most_is_there = environment.is_known(venv)
    machine.room("This install", venv, fetched if most_is_there else planned.on_disk(), extra)
    said = subprocess.run([*uv, "cache", "dir"], env=settings, capture_output=True, text=True)
    cache = Path(said.stdout.strip() or venv)
    machine.room("The download", cache, fetched, extra)


def _install(
    uv: list[str],
    root: Path,
    planned: plan.Plan,
    again: bool,
    lock: int,
    settings: dict[str, str],
    extra: str,
) -> None:
    argv = [*uv, "pip", "install", "--python", str(root / ".venv" / "bin" / "python")]
    argv += ["--compile-bytecode"] + ([] if sys.stderr.isatty() else ["--quiet"])
    argv += ["--reinstall"] if again else []
    # Tenfold itself is in no plan: it stays in this folder.
    done = subprocess.run(
        [*argv, *planned.exact, "-c", "constraints.txt", "-e", "."],
        cwd=root,
        env=settings,
        pass_fds=(lock,),
        stdin=_NOTHING,
    )
    if done.returncode != 0:
        raise Refusal("install", status=done.returncode, target=extra)


_NOTHING = subprocess.DEVNULL
