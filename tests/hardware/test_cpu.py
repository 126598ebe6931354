"""The host CPU: what it is and what it does now."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from tenfold.hardware import cpu
from tenfold.terms.box import DeviceKind
from tenfold.terms.reading import Missing


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_device_is_this_machines_cpu() -> None:
    device = cpu.device()
    assert (device.id, device.kind, device.node) == ("cpu", DeviceKind.CPU, "host")
    assert 1 <= device.cores <= len(os.sched_getaffinity(0))
    assert 0 < device.memory_gib <= psutil.virtual_memory().total / 2**30
    assert (device.cap_w, device.idle_w) == (0.0, 0.0)
    assert "watts: unknown" in device.source


@pytest.mark.parametrize(
    ("files", "cores", "said_by"),
    [
        ({}, 8, "sched_getaffinity"),
        ({"cpu.max": "max 100000\n"}, 8, "sched_getaffinity"),
        ({"cpu.max": "350000 100000\n"}, 3, "cgroup quota"),
        ({"cpu.max": "20000 100000\n"}, 1, "cgroup quota"),
        ({"cpu.max": "1600000 100000\n"}, 8, "sched_getaffinity"),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8, "sched"),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2, "cgroup"),
    ],
)
def test_a_quota_limits_the_cores(
    tmp_path: Path, files: dict[str, str], cores: int, said_by: str
) -> None:
    for name, text in files.items():
        write(tmp_path / name, text)
    found, source = cpu.usable_cores(8, tmp_path)
    assert found == cores
    assert source.startswith(said_by)


def test_a_cgroup_limits_the_memory(tmp_path: Path) -> None:
    assert cpu.memory_limit(tmp_path) is None
    write(tmp_path / "memory/memory.limit_in_bytes", "2147483648\n")
    assert cpu.memory_limit(tmp_path) == 2**31
    write(tmp_path / "memory.max", "max\n")
    assert cpu.memory_limit(tmp_path) == 2**31
    write(tmp_path / "memory.max", "1073741824\n")
    assert cpu.memory_limit(tmp_path) == 2**30


def test_the_model_is_the_cpus_own_name(tmp_path: Path) -> None:
    assert cpu.model(tmp_path / "none") == "CPU"
    write(tmp_path / "cpuinfo", "processor : 0\nmodel name\t: A  Fine CPU @ 3 GHz\n")
    assert cpu.model(tmp_path / "cpuinfo") == "A Fine CPU @ 3 GHz"


def test_a_reading_has_a_number_or_a_reason_everywhere(tmp_path: Path) -> None:
    reading = cpu.CpuMeter(cpu.device(), tmp_path).reading(100.0)
    assert isinstance(reading.memory_used_gib, float)
    assert reading.memory_used_gib > 0
    assert isinstance(reading.utilisation, float)
    assert 0 <= reading.utilisation <= 1
    assert isinstance(reading.power_w, Missing)
    assert isinstance(reading.fan, Missing)
    assert isinstance(reading.temperature_c, float | Missing)


def test_watts_come_from_two_energy_readings(tmp_path: Path) -> None:
    meter = cpu.CpuMeter(cpu.device(), tmp_path)
    write(tmp_path / "intel-rapl:0/energy_uj", "1000000\n")
    write(tmp_path / "intel-rapl:1/energy_uj", "2000000\n")
    write(tmp_path / "intel-rapl:0:0/energy_uj", "900000000\n")  # a part of package 0
    assert meter.reading(100.0).power_w == Missing("watts need two readings")
    write(tmp_path / "intel-rapl:0/energy_uj", "101000000\n")
    write(tmp_path / "intel-rapl:1/energy_uj", "22000000\n")
    assert meter.reading(102.0).power_w == pytest.approx(60.0)
    write(tmp_path / "intel-rapl:0/energy_uj", "5\n")
    assert meter.reading(103.0).power_w == Missing("the energy counter began anew")
    write(tmp_path / "intel-rapl:0/energy_uj", "10000005\n")
    assert meter.reading(104.0).power_w == pytest.approx(10.0)


def test_a_counter_that_only_root_may_read_is_missing(tmp_path: Path) -> None:
    (tmp_path / "intel-rapl:0/energy_uj").mkdir(parents=True)
    joules = cpu.PackageCounter(tmp_path).joules()
    assert joules == Missing("only root may read the energy counter (RAPL)")


def test_a_counter_at_its_end_is_followed_over_it(tmp_path: Path) -> None:
    for number, most in ((0, "262143328850\n"), (1, "1000000\n")):
        write(tmp_path / f"intel-rapl:{number}/max_energy_range_uj", most)
        write(tmp_path / f"intel-rapl:{number}/energy_uj", "900000\n")
    write(tmp_path / "intel-rapl:2/name", "psys\n")  # the whole machine, the packages in it
    write(tmp_path / "intel-rapl:2/energy_uj", "70000000\n")
    meter = cpu.CpuMeter(cpu.device(), tmp_path)
    assert meter.reading(100.0).energy_j == pytest.approx(1.8)
    write(tmp_path / "intel-rapl:1/energy_uj", "100000\n")
    reading = meter.reading(101.0)
    assert reading.energy_j == pytest.approx(2.0) and reading.power_w == pytest.approx(0.2)
    # One that goes back though it has no end, has begun anew: so does the sum.
    write(tmp_path / "intel-rapl:0/max_energy_range_uj", "max\n")
    write(tmp_path / "intel-rapl:0/energy_uj", "0\n")
    reading = meter.reading(102.0)
    assert reading.energy_j == pytest.approx(1.1)
    assert reading.power_w == Missing("the energy counter began anew")
