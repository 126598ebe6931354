"""Every finding, from facts that are planted: one thing wrong at a time with a machine in order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tenfold.catalogue.extras import install_command
from tenfold.doctor.checks import CHECKS
from tenfold.doctor.facts import Build, Card, Daemon, Facts, Gpus, Place, Software, System
from tenfold.doctor.finding import Finding, State, findings

GPU = Card("NVIDIA H100 PCIe", mig=False, throttle=())
WELL = Facts(
    Software(
        python=(3, 12, 4),
        executable="/v/bin/python",
        missing=(),
        torch=Build("2.13.0+cu130", "13.0"),
        warp=Build("1.19.0", "13.0"),
        warp_cache="",
        uv="/v/bin/uv",
    ),
    Gpus(
        pci=2,
        nouveau=False,
        loaded=True,
        nodes=True,
        persistence=True,
        failed="",
        driver="580.95.05",
        cuda="13.0",
        why=None,
        cards=(GPU, GPU),
    ),
    Place("/home/a/.tenfold", "ext4", ("rw", "relatime"), 500.0, "", "", 2.0),
    System(
        shm_gib=32.0,
        files=65536,
        files_hard=1048576,
        processes=-1,
        locked_mib=-1.0,
        overcommit=0,
        watches=524288,
        cgroup="",
        memory_gib=256.0,
        swap_gib=8.0,
        swap_used_gib=0.0,
        clock_behind_s=-1e6,
        rapl=True,
    ),
    Daemon("0.2.0", pid=77, running="0.2.0", stale=False, port=7410, port_taken=False),
)
BARE = {"driver": None, "cuda": None, "cards": (), "loaded": False, "nodes": False}
NO_CARD = {**BARE, "pci": 0, "persistence": False, "why": "no NVIDIA driver is installed"}
NOTE, TROUBLE, OK = State.NOTE, State.TROUBLE, State.OK


def planted(**rooms: dict[str, Any]) -> Facts:
    changed = {room: replace(getattr(WELL, room), **fields) for room, fields in rooms.items()}
    return replace(WELL, **changed)


def seen(facts: Facts, name: str) -> list[Finding]:
    return [finding for finding in findings(CHECKS, facts) if finding.name == name]


# name of the check, its state, words of the sentence, words of the fix, what is planted
WRONG: list[tuple[str, State, str, str, dict[str, dict[str, Any]]]] = [
    ("python", TROUBLE, "3.10.1", "make PYTHON=", {"software": {"python": (3, 10, 1)}}),
    ("python", NOTE, "3.15.0", "python3.12", {"software": {"python": (3, 15, 0)}}),
    ("extras", NOTE, "'gang'", "[gang]", {"software": {"missing": ("gang",)}}),
    (
        "torch",
        TROUBLE,
        "CPU build",
        "/v/bin/python -m uv pip install --python /v/bin/python --reinstall-package torch"
        " --torch-backend auto torch==2.13.0",
        {"software": {"torch": Build("2.13.0+cpu", None)}},
    ),
    ("torch", NOTE, "no NVIDIA driver", "--torch-backend cpu torch==2.13.0", {"gpus": NO_CARD}),
    ("torch", TROUBLE, "up to 12.4", "driver", {"gpus": {"cuda": "12.4"}}),
    (
        "torch",
        NOTE,
        "CUDA 13.2",
        "driver",
        {"software": {"torch": Build("2.15.0+cu132", "13.2")}},
    ),
    ("warp", TROUBLE, "up to 12.9", "+cu12", {"gpus": {"cuda": "12.9"}}),
    ("warp", NOTE, "13.4", "driver", {"software": {"warp": Build("1.19.0", "13.4")}}),
    ("kernels", TROUBLE, "no room", "WARP_CACHE_PATH", {"software": {"warp_cache": "no room"}}),
    ("uv", TROUBLE, "no uv", "pip install uv", {"software": {"uv": ""}}),
    ("driver", TROUBLE, "within 10 s", "dmesg", {"gpus": {**BARE, "failed": "hung within 10 s"}}),
    ("driver", TROUBLE, "none of 2 cards", "--gpus all", {"gpus": {"cards": ()}}),
    ("driver", TROUBLE, "nouveau", "reboot", {"gpus": {**BARE, "nouveau": True}}),
    ("driver", TROUBLE, "2 NVIDIA cards", "modprobe", {"gpus": BARE}),
    ("driver", TROUBLE, "nvidiactl", "--gpus all", {"gpus": {**BARE, "loaded": True}}),
    (
        "driver",
        TROUBLE,
        "of different versions",
        "reboot",
        {"gpus": {**BARE, "loaded": True, "nodes": True, "why": "of different versions"}},
    ),
    ("persistence", NOTE, "not running", "systemctl enable", {"gpus": {"persistence": False}}),
    (
        "card",
        TROUBLE,
        "Card 0 (NVIDIA H100 PCIe) is held back: at a limit of the board, too hot",
        "nvidia-smi",
        {"gpus": {"cards": (replace(GPU, throttle=("at a limit of the board", "too hot")),)}},
    ),
    (
        "card",
        NOTE,
        "too warm",
        "nvidia-smi",
        {"gpus": {"cards": (replace(GPU, throttle=("too warm",)),)}},
    ),
    ("card", NOTE, "MIG mode", "-lgi -i 0", {"gpus": {"cards": (replace(GPU, mig=True),)}}),
    ("home", TROUBLE, "read-only", "TENFOLD_HOME", {"place": {"options": ("ro", "noatime")}}),
    ("home", TROUBLE, "denied", "TENFOLD_HOME", {"place": {"unwritable": "denied"}}),
    ("room", TROUBLE, "0.5 GiB", "make room", {"place": {"free_gib": 0.5}}),
    ("room", NOTE, "15 GiB", "make room", {"place": {"free_gib": 15.0}}),
    ("kind", TROUBLE, "nfs4", "TENFOLD_HOME", {"place": {"kind": "nfs4"}}),
    ("kind", NOTE, "reboot", "TENFOLD_HOME", {"place": {"kind": "tmpfs"}}),
    ("kind", TROUBLE, "No locks", "TENFOLD_HOME", {"place": {"unlockable": "No locks available"}}),
    ("programs", NOTE, "noexec", "remount,exec", {"place": {"options": ("rw", "noexec")}}),
    ("fsync", NOTE, "120 ms", "faster disk", {"place": {"fsync_ms": 120.0}}),
    ("shared memory", TROUBLE, "0.062 GiB", "--shm-size", {"system": {"shm_gib": 0.0625}}),
    (
        "shared memory",
        NOTE,
        "0.062 GiB",
        "size=8G",
        {"system": {"shm_gib": 0.0625}, "gpus": NO_CARD},
    ),
    ("files", NOTE, "1024 files", "ulimit -n 65536", {"system": {"files": 1024}}),
    (
        "files",
        TROUBLE,
        "256 files",
        "ulimit -n 4096",
        {"system": {"files": 256, "files_hard": 4096}},
    ),
    ("processes", NOTE, "1000", "ulimit -u", {"system": {"processes": 1000}}),
    ("locked memory", NOTE, "8 MiB", "ulimit -l", {"system": {"locked_mib": 8.0}}),
    ("overcommit", NOTE, "no more memory", "sysctl", {"system": {"overcommit": 2}}),
    ("watches", NOTE, "8192", "sysctl", {"system": {"watches": 8192}}),
    ("cgroup", NOTE, "not ours", "--at-boot", {"system": {"cgroup": "not ours"}}),
    ("memory", NOTE, "6 of 8 GiB", "tenfold top", {"system": {"swap_used_gib": 6.0}}),
    ("clock", TROUBLE, "3600 s", "timedatectl", {"system": {"clock_behind_s": 3600.0}}),
    ("energy", NOTE, "Only root", "chmod", {"system": {"rapl": False}}),
    ("daemon", NOTE, "killed", "tenfold up", {"daemon": {"pid": None, "stale": True}}),
    ("daemon", NOTE, "is 0.1.0, and 0.2.0", "tenfold down", {"daemon": {"running": "0.1.0"}}),
    ("port", NOTE, "7410", "--port 7411", {"daemon": {"pid": None, "port_taken": True}}),
]


def test_a_machine_in_order_has_nothing_to_tell() -> None:
    found = findings(CHECKS, WELL)
    assert [f for f in found if f.state is not OK] == []
    assert not any(f.fix for f in found)


@pytest.mark.parametrize("case", WRONG, ids=[f"{c[0]}-{c[1]}-{i}" for i, c in enumerate(WRONG)])
def test_what_is_wrong_is_found(
    case: tuple[str, State, str, str, dict[str, dict[str, Any]]],
) -> None:
    name, state, words, fix, rooms = case
    found = seen(planted(**rooms), name)
    worst = [finding for finding in found if finding.state is state]
    assert worst, found
    assert words in worst[0].found
    assert fix in worst[0].fix
    assert worst[0].why.endswith(".")


def test_every_check_can_find_something_wrong() -> None:
    assert {check.name for check in CHECKS} == {case[0] for case in WRONG}
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_sentences_are_sentences() -> None:
    facts = [WELL, *(planted(**rooms) for *_, rooms in WRONG)]
    for finding in (f for one in facts for f in findings(CHECKS, one)):
        first = finding.found[0]
        assert not first.islower() or finding.found.startswith(("torch", "uv", "nvidia"))
        assert finding.found.endswith((".", ")."))
        assert ".." not in finding.found
        assert bool(finding.fix) == (finding.state is not OK)


# --- what is well, though it might look wrong


def test_no_card_and_no_driver_is_no_trouble() -> None:
    facts = planted(
        gpus=NO_CARD, software={"torch": Build("2.13.0+cpu", None)}, system={"locked_mib": 8.0}
    )
    assert [f for f in findings(CHECKS, facts) if f.state is not OK] == []
    assert "jobs run on the CPU" in seen(facts, "driver")[0].found


@pytest.mark.parametrize("limit", ["at its power limit", "clocks set by hand"])
def test_a_limit_that_was_set_is_no_fault(limit: str) -> None:
    (found,) = seen(planted(gpus={"cards": (replace(GPU, throttle=(limit,)),)}), "card")
    assert found.state is OK


def test_an_older_toolkit_suits_a_newer_driver() -> None:
    facts = planted(software={"torch": Build("2.13.0+cu126", "12.6")}, gpus={"cuda": "13.1"})
    assert seen(facts, "torch")[0].state is OK


def test_several_extras_each_with_its_command() -> None:
    found = seen(planted(software={"missing": ("gang", "simulate")}), "extras")
    assert [f.fix for f in found] == [install_command((name,)) for name in ("gang", "simulate")]


def test_what_is_not_installed_is_not_judged() -> None:
    facts = planted(software={"torch": None, "warp": None, "warp_cache": "no room"})
    assert not [name for name in ("torch", "warp", "kernels") if seen(facts, name)]


def test_no_limit_is_no_small_limit() -> None:
    facts = planted(system={"files": -1, "processes": -1, "locked_mib": -1.0})
    assert all(seen(facts, name)[0].state is OK for name in ("files", "processes", "locked memory"))


def test_no_counter_is_no_fault() -> None:
    (found,) = seen(planted(system={"rapl": None}), "energy")
    assert found.state is OK and "n/a" in found.found
