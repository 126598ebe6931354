"""What setup must know of this machine before it starts: compiler, disk, driver, venv.

Each check raises a Refusal or returns; none changes anything but `writable`, which makes and
removes one empty folder.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from pathlib import Path

from refusal import Refusal

MB = 10**6


def venv_parts(executable: str, version: tuple[int, ...], search: str, target: str) -> None:
    """Debian and its kin keep ensurepip in a package of its own."""
    for part in ("venv", "ensurepip"):
        try:
            __import__(part)
        except ImportError:
            package = f"python{version[0]}.{version[1]}-venv"
            next_step = f"sudo apt-get install {package} && make {target}"
            if not shutil.which("apt-get", path=search):
                next_step = f"install your system's '{part}' for this Python, then make {target}"
            raise Refusal("python.venv", python=executable, part=part, next=next_step) from None


def compiler(search: str, target: str) -> None:
    """Only tests compile anything; what `make demo` runs brings its compiler along."""
    if target != "test" or shutil.which("cc", path=search):
        return
    next_step = f"install a C compiler that is called cc, then make {target}"
    if shutil.which("apt-get", path=search):
        next_step = f"sudo apt-get install gcc libc6-dev && make {target}"
    raise Refusal("compiler", next=next_step)


def writable(folder: Path, target: str) -> None:
    try:
        os.rmdir(tempfile.mkdtemp(prefix=".setup-", dir=str(folder)))
    except OSError as error:
        raise Refusal("folder", folder=folder, why=error.strerror, target=target) from error


def room(what: str, folder: Path, need_bytes: float, target: str) -> None:
    """`folder` need not exist yet."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < need_bytes:
        raise Refusal(
            "room",
            what=what,
            folder=folder,
            need_mb=need_bytes / MB,
            free_mb=free / MB,
            target=target,
        )


def has_driver() -> bool:
    """Whether NVIDIA's driver is here. The library alone does (a container has no /proc entry)."""
    if os.path.exists("/proc/driver/nvidia/version"):
        return True
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return False
    return True
