"""The host CPU: as a device, and what it does now.

All cores this process may use are for jobs; none is kept back, since the daemon sleeps most of the
time. In a container the cgroup's quota and memory limit count, not the machine's totals. What the
CPU may draw is told by no file that an ordinary user can read, so its watts stay unknown (0).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import psutil

from tenfold.terms.box import Device, DeviceKind
from tenfold.terms.reading import DeviceReading, Measured, Missing

GIB = 2**30
CGROUP = Path("/sys/fs/cgroup")
POWERCAP = Path("/sys/class/powercap")
CPUINFO = Path("/proc/cpuinfo")
SENSORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "acpitz")  # the CPU's own first


def device(node: str = "host") -> Device:
    """The host CPU as a device."""
    cores, cores_from = usable_cores(len(os.sched_getaffinity(0)), CGROUP)
    total = psutil.virtual_memory().total
    return Device(
        id="cpu",
        kind=DeviceKind.CPU,
        model=model(CPUINFO),
        node=node,
        memory_gib=min(total, memory_limit(CGROUP) or total) / GIB,
        cores=cores,
        source=f"cores: {cores_from}; memory: the kernel; watts: unknown, nothing here tells them",
    )


def usable_cores(affine: int, cgroup: Path) -> tuple[int, str]:
    """Whole cores this process may use, of the `affine` ones it may run on; and who says so."""
    quota = _cgroup_quota(cgroup)
    if quota is None or quota >= affine:
        return affine, "sched_getaffinity"
    return max(1, int(quota)), "cgroup quota"


def _cgroup_quota(cgroup: Path) -> float | None:
    """Cores that the cgroup's CPU quota allows; None where there is none. Versions 2, then 1."""
    words = (_text(cgroup / "cpu.max") or "").split()
    if len(words) != 2:
        words = [_text(cgroup / "cpu" / f"cpu.cfs_{part}_us") or "" for part in ("quota", "period")]
    if not all(word.isdecimal() for word in words) or int(words[1]) == 0:
        return None  # `max` or -1: no limit
    return int(words[0]) / int(words[1])


def memory_limit(cgroup: Path) -> int | None:
    """Bytes of memory that the cgroup allows; None where it sets no limit. Versions 2, then 1."""
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        text = _text(cgroup / name) or ""
        if text.isdecimal():
            return int(text)
    return None


def model(cpuinfo: Path) -> str:
    """The CPU's own name."""
    for line in (_text(cpuinfo) or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name" and value.strip():
            return " ".join(value.split())
    return "CPU"


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None


class _Energy(NamedTuple):
    joules: float
    at_s: float


class CpuMeter:
    """Reads the host CPU. Watts and utilisation are means since the reading before."""

    def __init__(self, device: Device, powercap: Path = POWERCAP) -> None:
        self.device = device
        self._counter = PackageCounter(powercap)
        self._before: _Energy | None = None
        psutil.cpu_percent(interval=None)  # its first answer is a meaningless 0

    def reading(self, now: float) -> DeviceReading:
        """What the CPU does at `now` (seconds since the epoch)."""
        joules = self._counter.joules()
        return DeviceReading(
            device=self.device.id,
            power_w=self._power_w(joules, now),
            temperature_c=_temperature_c(),
            memory_used_gib=psutil.virtual_memory().used / GIB,
            utilisation=psutil.cpu_percent(interval=None) / 100,
            fan=Missing("the host's fans are not read"),
            energy_j=joules,
        )

    def _power_w(self, joules: Measured, now: float) -> Measured:
        if isinstance(joules, Missing):
            return joules
        before, self._before = self._before, _Energy(joules, now)
        if before is None or now <= before.at_s:
            return Missing("watts need two readings")
        if joules < before.joules:
            return Missing("the energy counter began anew")
        return (joules - before.joules) / (now - before.at_s)


class PackageCounter:
    """The energy counters (RAPL) of all CPU packages together. One that is at its end goes on from
    0, after some minutes under load, and is followed over that; one that goes back for another
    reason makes the sum go back."""

    def __init__(self, powercap: Path) -> None:
        self.powercap = powercap
        self._last_uj: dict[str, int] = {}
        self._wrapped_uj = 0

    def joules(self) -> Measured:
        packages = _packages(self.powercap)
        if not packages:
            return Missing("this machine shows no energy counter (RAPL)")
        now_uj = {}
        for package in packages:
            text = _text(package / "energy_uj") or ""
            if not text.isdecimal():
                return Missing("only root may read the energy counter (RAPL)")
            now_uj[package.name] = int(text)
        for package in packages:
            if now_uj[package.name] < self._last_uj.get(package.name, 0):
                most = _text(package / "max_energy_range_uj") or ""
                self._wrapped_uj += int(most) if most.isdecimal() else 0
        self._last_uj = now_uj
        return (sum(now_uj.values()) + self._wrapped_uj) / 1e6


def _packages(powercap: Path) -> list[Path]:
    """`intel-rapl:0:1` is a part of package 0 and counted there; `psys` is more than the CPU."""
    zones = sorted(powercap.glob("intel-rapl:[0-9]*"))
    return [z for z in zones if z.name.count(":") == 1 and _text(z / "name") != "psys"]


def _temperature_c() -> Measured:
    sensors = psutil.sensors_temperatures() if hasattr(psutil, "sensors_temperatures") else {}
    for name in SENSORS:
        values = [entry.current for entry in sensors.get(name, ()) if entry.current]
        if values:
            return float(max(values))
    return Missing("this machine shows no CPU temperature")
