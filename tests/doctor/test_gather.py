"""Looking at the machine: files that are planted, programs that hang, and this machine itself."""

from __future__ import annotations

import json
import mmap
import os
import re
import socket
import sys
import time
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

import pytest

from tenfold.doctor import gather, gather_software, gather_system
from tenfold.doctor.facts import Build
from tenfold.folder import lock

REPORT = {
    "driver": "580.95.05",
    "cuda": "13.0",
    "why": None,
    "cards": [
        {"uuid": "GPU-1", "name": "NVIDIA H100 PCIe", "mig": None, "throttle": ["too hot"]},
        {"uuid": "GPU-2", "name": "NVIDIA H100 PCIe", "mig": True, "throttle": []},
    ],
    "cpu": {},
}


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


# --- the report


def test_what_the_report_says_arrives(tmp_path: Path) -> None:
    found = gather.facts(tmp_path, python(f"print({json.dumps(json.dumps(REPORT))})")).gpus
    assert (found.driver, found.cuda, found.failed, found.why) == ("580.95.05", "13.0", "", None)
    assert [card.throttle for card in found.cards] == [("too hot",), ()]
    assert [card.mig for card in found.cards] == [False, True]


def test_the_real_report_is_understood(tmp_path: Path) -> None:
    found = gather.facts(tmp_path).gpus
    assert found.failed == ""
    assert bool(found.cards) or found.why


@pytest.mark.parametrize(
    "code,words",
    [
        ("import time; time.sleep(60)", "did not answer within 0.5 s"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed (signal 11)"),
        ("raise SystemExit(3)", "gave no answer (exit status 3)"),
        ("print('[]'[0])", "gave no answer (exit status 0)"),
    ],
)
def test_a_report_that_fails_takes_nobody_along(tmp_path: Path, code: str, words: str) -> None:
    found = gather.facts(tmp_path, python(code), wait_s=0.5).gpus
    assert found.failed == words
    assert found.driver is None and found.cards == ()


def test_a_driver_is_seen_by_its_traces(tmp_path: Path) -> None:
    for number, (vendor, kind) in enumerate(
        [("0x10de", "0x030200"), ("0x10de", "0x040300"), ("0x1002", "0x030000")]
    ):
        device = tmp_path / "pci" / str(number)
        device.mkdir(parents=True)
        (device / "vendor").write_text(f"{vendor}\n")
        (device / "class").write_text(f"{kind}\n")
    for folder in ("proc/driver/nvidia", "dev", "run/nvidia-persistenced", "sys/module/nouveau"):
        (tmp_path / folder).mkdir(parents=True)
    paths = (tmp_path / "pci", tmp_path / "proc", tmp_path / "dev", tmp_path / "run")
    bare = gather.gpus({}, "", *paths)
    assert bare.pci == 1, "a card's sound chip is no card, nor is another maker's"
    assert bare.nouveau and not (bare.loaded or bare.nodes or bare.persistence)
    (tmp_path / "proc/driver/nvidia/version").touch()
    (tmp_path / "dev/nvidiactl").touch()
    (tmp_path / "run/nvidia-persistenced/socket").touch()
    full = gather.gpus({}, "", *paths)
    assert full.loaded and full.nodes and full.persistence


# --- the home


MOUNTS = """\
/dev/root / ext4 rw,relatime 0 0
server:/vol /home nfs4 rw,vers=4.2 0 0
/dev/usb /media/my\\040disk exfat ro,noexec 0 0
tmpfs /home/a/.tenfold tmpfs rw 0 0
overlay / overlay rw 0 0
"""


@pytest.mark.parametrize(
    "path,kind",
    [
        ("/home/b/.tenfold", "nfs4"),
        ("/home/a/.tenfold/jobs", "tmpfs"),
        ("/homeless", "overlay"),
        ("/media/my disk/x", "exfat"),
    ],
)
def test_the_file_system_of_a_path(path: str, kind: str) -> None:
    assert gather.mounted(Path(path), MOUNTS)[0] == kind


def test_options_of_a_mount() -> None:
    assert gather.mounted(Path("/media/my disk"), MOUNTS)[1] == ("ro", "noexec")
    assert gather.mounted(Path("/x"), "")[0] == "an unknown file system"


def test_a_home_that_is_not_there_is_judged_by_what_is_above(tmp_path: Path) -> None:
    found = gather.place(tmp_path / "not" / "yet")
    assert found.unwritable == found.unlockable == ""
    assert found.fsync_ms is not None and found.free_gib > 0
    assert found.path.endswith("not/yet")
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_a_home_that_nobody_can_write() -> None:
    """/proc refuses root as well."""
    found = gather.place(Path("/proc/tenfold"))
    assert found.unwritable and found.fsync_ms is None and found.kind == "proc"


# --- software


def test_builds_of_torch() -> None:
    wheel = "__version__ = '2.13.0+cu130'\ncuda: Optional[str] = '13.0'\nhip: Optional[str] = None"
    assert gather_software.torch_build(wheel, "2.13.0") == Build("2.13.0+cu130", "13.0")
    plain = "__version__ = '2.13.0+cpu'\ncuda: Optional[str] = None\n"
    assert gather_software.torch_build(plain, "2.13.0") == Build("2.13.0+cpu", None)
    assert gather_software.torch_build("", "2.13.0") == Build("2.13.0", None)


def test_this_torch() -> None:
    import torch

    assert gather_software.torch() == Build(torch.__version__, torch.version.cuda)


def test_builds_of_warp() -> None:
    told = "wheels for Linux use CUDA Toolkit 13.4. They require"
    assert gather_software.warp_build(told, "1.19.0") == Build("1.19.0", "13.4")
    assert gather_software.warp_build(told, "1.19.0+cu12") == Build("1.19.0+cu12", "12.0")
    assert gather_software.warp_build("", "1.19.0") == Build("1.19.0", None)


def test_the_description_of_this_warp_tells_the_truth() -> None:
    """Its own library names the compiler that it was built with."""
    spec = find_spec("warp")
    assert spec is not None and spec.origin is not None
    with (
        open(Path(spec.origin).parent / "bin" / "warp.so", "rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as binary,
    ):
        at = binary.find(b"Cuda compilation tools, release ")
        words = binary[at : at + 60].decode(errors="replace")
    found = re.match(r"Cuda compilation tools, release (\d+\.\d+),", words)
    assert found is not None
    assert gather_software.warp() == Build(distribution("warp-lang").version, found[1])


def test_where_warp_keeps_its_kernels(tmp_path: Path) -> None:
    where = gather_software.warp_cache
    assert where({"WARP_CACHE_PATH": "/w", "XDG_CACHE_HOME": "/x"}) == Path("/w")
    assert where({"XDG_CACHE_HOME": "/x", "HOME": "/h"}) == Path("/x/warp")
    assert where({"HOME": "/h"}) == Path("/h/.cache/warp")
    assert gather_software.unkept(tmp_path / "a" / "b") == ""
    (tmp_path / "file").touch()
    assert "not a folder" in gather_software.unkept(tmp_path / "file" / "b")


# --- the rest


def test_cgroups() -> None:
    mounts = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"
    assert "mounts no cgroups" in gather_system.no_cgroup("0::/\n", "")
    assert "belongs to somebody" in gather_system.no_cgroup("0::/not/there\n", mounts)
    assert gather_system.no_cgroup("1:cpu:/\n", mounts) == "this process is in none"


def test_the_cpus_energy(tmp_path: Path) -> None:
    assert gather_system.energy_readable(tmp_path) is None
    counter = tmp_path / "intel-rapl:0" / "energy_uj"
    counter.parent.mkdir()
    counter.write_text("1")
    assert gather_system.energy_readable(tmp_path) is True
    if os.geteuid() != 0:
        counter.chmod(0)
        assert gather_system.energy_readable(tmp_path) is False


def test_a_clock_that_went_back(tmp_path: Path) -> None:
    assert gather_system.system(tmp_path).clock_behind_s < 0
    (tmp_path / "ledger.sqlite").touch()
    os.utime(tmp_path / "ledger.sqlite", (time.time() + 7200,) * 2)
    assert gather_system.system(tmp_path).clock_behind_s > 7000


def test_a_daemon_that_was_killed_and_a_port_that_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv("TENFOLD_PORT", str(port))
        bare = gather.daemon(tmp_path)
        assert (bare.pid, bare.stale, bare.port, bare.port_taken) == (None, False, port, True)
        (tmp_path / "daemon.json").write_text(json.dumps({"port": 9, "version": "0.0.9"}))
        left = gather.daemon(tmp_path)
        assert left.stale and left.running == "0.0.9" and left.port == port
    (tmp_path / "daemon.json").write_text("half of it {")
    assert not gather.daemon(tmp_path).stale
    assert not gather.daemon(tmp_path).port_taken


def test_the_holder_of_the_lock_is_the_daemon(tmp_path: Path) -> None:
    (tmp_path / "daemon.json").write_text(json.dumps({"port": 9, "version": "0.0.9"}))
    child = os.fork()
    if child == 0:  # the lock belongs to a process, and its holder cannot see it
        lock.take(tmp_path / "daemon.lock")
        (tmp_path / "held").touch()
        time.sleep(30)
        os._exit(0)
    try:
        while not (tmp_path / "held").exists():
            time.sleep(0.01)
        found = gather.daemon(tmp_path)
        assert (found.pid, found.running, found.stale) == (child, "0.0.9", False)
        assert found.port == 9 and not found.port_taken
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
