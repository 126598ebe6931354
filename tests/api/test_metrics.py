"""/metrics: what Prometheus reads, and nothing where a reading is missing."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

from api.conftest import ask
from engine.conftest import ended
from faults.daemon import PrivateDaemon
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tenfold.api import metrics
from tenfold.terms.box import Box
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.decision import Decision
from tenfold.terms.reading import DeviceReading, GpuLinks, GpuReading, Missing, Reading
from tenfold.terms.states import State


def samples(text: str) -> dict[tuple[str, str], float]:
    """(metric, device or state) -> value."""
    return {
        (sample.name, sample.labels.get("device") or sample.labels.get("state", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_daemons_own_page_parses(daemon: PrivateDaemon) -> None:
    ended(daemon, daemon.submit(workload="system.command", params={"argv": ["true"]}))
    said = ask(daemon, "/metrics")
    assert said.status == 200 and said.headers["content-type"].startswith("text/plain")
    found = samples(said.body.decode())
    assert found["tenfold_jobs", "succeeded"] >= 1
    assert {state for name, state in found if name == "tenfold_jobs"} == {s.value for s in State}
    reading = daemon.api.get("/api/box")["reading"]["devices"]
    for device in reading:
        for name in ("power_w", "temperature_c", "memory_used_gib", "utilisation"):
            shown = (metrics._READINGS[name][0], device["device"]) in found
            assert shown is not isinstance(device[name], dict), (name, device[name])


def page(reading: Reading, watts: float, modelled: bool = False) -> str:
    """Of a house with this reading, and no daemon."""
    counts = SimpleNamespace(counts=dict, close=lambda: None)
    house: Any = SimpleNamespace(
        ledger=SimpleNamespace(reader=lambda: counts),
        latest=(reading, Budget((BudgetStep(0.0, watts),)), Decision()),
        box=Box("b", (), modelled=modelled),
    )
    registry = CollectorRegistry()
    registry.register(metrics._Box(house))
    return generate_latest(registry).decode()


def test_a_missing_reading_has_no_sample_and_zero_has_one() -> None:
    missing = Missing("no thermometer")
    there = DeviceReading("gpu0", 350.0, missing, 0, 0.0, missing)
    gone = DeviceReading("gpu1", missing, missing, missing, missing, missing)
    found = samples(page(Reading(1.0, (there, gone)), 2000.0))
    of_devices = {key: value for key, value in found.items() if key[0] != "tenfold_jobs"}
    assert of_devices == {
        ("tenfold_device_power_watts", "gpu0"): 350.0,
        ("tenfold_device_memory_used_gib", "gpu0"): 0.0,
        ("tenfold_device_utilisation_ratio", "gpu0"): 0.0,
        ("tenfold_budget_watts", ""): 2000.0,
    }


def test_what_a_gpu_does_not_tell_has_no_sample() -> None:
    missing = Missing("the card fell off the bus")
    links = GpuLinks(missing, missing, missing, missing, missing)
    gone = GpuReading(missing, missing, missing, missing, missing, links, missing)
    well = GpuReading(350.0, 46.0, 7.5, ("too warm",), (), links, ())
    cards = [
        DeviceReading(id, missing, missing, missing, missing, missing, gpu)
        for id, gpu in (("gone", gone), ("well", well))
    ]
    assert "tenfold_gpu_" not in page(Reading(1.0, tuple(cards)), math.inf, modelled=True)
    found = samples(page(Reading(1.0, tuple(cards)), math.inf))
    assert {key: value for key, value in found.items() if key[0] != "tenfold_jobs"} == {
        ("tenfold_gpu_power_limit_watts", "well"): 350.0,
        ("tenfold_gpu_temperature_margin_celsius", "well"): 46.0,
        ("tenfold_gpu_energy_joules_total", "well"): 7.5,
        ("tenfold_gpu_held_down", "well"): 1.0,
    }


def test_no_limit_is_no_sample() -> None:
    assert "tenfold_budget_watts" not in page(Reading(1.0, ()), math.inf)
