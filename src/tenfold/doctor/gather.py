"""Looks at this machine: the facts that the checks judge. Reads, and leaves nothing behind.

What the cards say comes from `python -m tenfold.hardware.report`, which may hang or crash with its
driver: it has `REPORT_S`, and its end is a fact like others.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tenfold.client.home import daemon_pid, usual_port
from tenfold.doctor.facts import Card, Daemon, Facts, Gpus, Place
from tenfold.doctor.gather_software import software
from tenfold.doctor.gather_system import number, system
from tenfold.version import VERSION

REPORT = (sys.executable, "-P", "-m", "tenfold.hardware.report")
REPORT_S = 10.0  # a driver that wakes up takes seconds
KILLED_S = 0.5
GIB = 2**30


def facts(home: Path, report: tuple[str, ...] = REPORT, wait_s: float = REPORT_S) -> Facts:
    """The report runs beside everything else that is looked at."""
    began_s = time.monotonic()
    asked = subprocess.Popen(
        report,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    around = (software(), place(home), system(home), daemon(home))
    said, failed = _answer(asked, max(0.1, wait_s - (time.monotonic() - began_s)), wait_s)
    return Facts(around[0], gpus(said, failed), *around[1:])


def mig_uuids(card: str) -> dict[int, str]:
    """Of the slices that a card has now, by the numbers of their instances."""
    done = subprocess.run(REPORT, stdout=subprocess.PIPE, text=True, timeout=REPORT_S)
    cards = json.loads(done.stdout)["cards"]
    return {number: id for one in cards if one["uuid"] == card for number, id in one["slices"]}


def _answer(
    asked: subprocess.Popen[str], left_s: float, wait_s: float
) -> tuple[dict[str, Any], str]:
    """(what it said, why nothing was said)."""
    try:
        text, _ = asked.communicate(timeout=left_s)
    except subprocess.TimeoutExpired:
        asked.kill()
        try:
            asked.communicate(timeout=KILLED_S)
        except subprocess.TimeoutExpired:
            pass  # what hangs inside the kernel cannot be killed; it is left to itself
        return {}, f"did not answer within {wait_s:g} s"
    if asked.returncode < 0:
        return {}, f"crashed (signal {-asked.returncode})"
    try:
        return dict(json.loads(text)), ""
    except (ValueError, TypeError):
        return {}, f"gave no answer (exit status {asked.returncode})"


def gpus(
    said: dict[str, Any],
    failed: str,
    pci: Path = Path("/sys/bus/pci/devices"),
    proc: Path = Path("/proc"),
    dev: Path = Path("/dev"),
    run: Path = Path("/run"),
) -> Gpus:
    return Gpus(
        pci=sum(_is_card(device) for device in pci.glob("*")),
        nouveau=(proc.parent / "sys/module/nouveau").exists(),
        loaded=(proc / "driver/nvidia/version").exists(),
        nodes=(dev / "nvidiactl").exists(),
        persistence=(run / "nvidia-persistenced/socket").exists(),
        failed=failed,
        driver=said.get("driver"),
        cuda=said.get("cuda"),
        why=said.get("why"),
        cards=tuple(
            Card(str(card.get("name")), bool(card.get("mig")), tuple(card.get("throttle") or ()))
            for card in said.get("cards", [])
        ),
    )


def _is_card(device: Path) -> bool:
    """Of NVIDIA (vendor 0x10de), and for display or 3D (PCI class 03)."""
    try:
        vendor, kind = ((device / name).read_text() for name in ("vendor", "class"))
    except OSError:
        return False
    return vendor.strip() == "0x10de" and kind.startswith("0x03")


def place(home: Path, mounts: Path = Path("/proc/self/mounts")) -> Place:
    there = home
    while not there.exists() and there != there.parent:
        there = there.parent
    kind, options = mounted(there.resolve(), mounts.read_text(errors="replace"))
    unwritable, unlockable, fsync_ms = _tried(there)
    held = os.statvfs(there)
    free_gib = held.f_bavail * held.f_frsize / GIB
    return Place(str(home), kind, options, free_gib, unwritable, unlockable, fsync_ms)


def mounted(path: Path, mounts: str) -> tuple[str, tuple[str, ...]]:
    """(kind of file system, its options) of the last mount that `path` lies below."""
    found: tuple[str, tuple[str, ...]] = ("an unknown file system", ())
    depth = -1
    for line in mounts.splitlines():
        words = line.split()
        if len(words) < 4:
            continue
        folder = Path(words[1].replace("\\040", " "))
        if path.is_relative_to(folder) and len(folder.parts) >= depth:
            found, depth = (words[2], tuple(words[3].split(","))), len(folder.parts)
    return found


def _tried(folder: Path) -> tuple[str, str, float | None]:
    """(why not written, why not locked, ms of one fsync), with a file that has no name."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x" * 4096)
            file.flush()
            began_s = time.perf_counter()
            os.fsync(file.fileno())
            taken_ms = 1000 * (time.perf_counter() - began_s)
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                return "", error.strerror or "no locks", taken_ms
            return "", "", taken_ms
    except OSError as error:
        return error.strerror or "it is refused", "", None


def daemon(home: Path) -> Daemon:
    pid = daemon_pid(home)
    try:
        told = dict(json.loads((home / "daemon.json").read_bytes()))
    except (OSError, ValueError, TypeError):
        told = {}
    port = number(str(told.get("port"))) if pid is not None and told else usual_port()
    return Daemon(
        version=VERSION,
        pid=pid,
        running=str(told.get("version", "")),
        stale=pid is None and bool(told),
        port=port or usual_port(),
        port_taken=pid is None and _is_taken(usual_port()),
    )


def _is_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):  # the latter above 65535
            return True
    return False
