"""/metrics: the box for Prometheus. A reading that is missing has no sample; it is never 0."""

from __future__ import annotations

import math
from collections.abc import Iterator

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tenfold.engine.house import House
from tenfold.terms.reading import Missing, Reading
from tenfold.terms.states import State

routes = APIRouter(tags=["metrics"])

_READINGS = {
    "power_w": ("tenfold_device_power_watts", "Power drawn by a device"),
    "temperature_c": ("tenfold_device_temperature_celsius", "Temperature of a device"),
    "memory_used_gib": ("tenfold_device_memory_used_gib", "Memory used on a device"),
    "utilisation": ("tenfold_device_utilisation_ratio", "Utilisation of a device, 0 to 1"),
}
_GPU_READINGS = {
    "limit_w": ("tenfold_gpu_power_limit_watts", "The most a GPU may draw now"),
    "margin_c": ("tenfold_gpu_temperature_margin_celsius", "Degrees until a GPU slows itself down"),
}


@routes.get("/metrics", summary="For Prometheus")
def metrics(request: Request) -> Response:
    registry = CollectorRegistry()
    registry.register(_Box(request.app.state.house))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Box(Collector):
    def __init__(self, house: House) -> None:
        self._house = house

    def collect(self) -> Iterator[Metric]:
        reader = self._house.ledger.reader()
        counts = reader.counts()
        reader.close()
        jobs = GaugeMetricFamily("tenfold_jobs", "Jobs by state", labels=["state"])
        for state in State:
            jobs.add_metric([state.value], counts.get(state.value, 0))
        yield jobs
        if self._house.latest is None:
            return
        reading, budget, _ = self._house.latest
        modelled = str(self._house.box.modelled).lower()
        for field, (name, help_text) in _READINGS.items():
            family = GaugeMetricFamily(name, help_text, labels=["device", "modelled"])
            for device in reading.devices:
                value = getattr(device, field)
                if not isinstance(value, Missing):
                    family.add_metric([device.device, modelled], value)
            yield family
        if not self._house.box.modelled:
            yield from _gpus(reading)
        watts = budget.watts_at(reading.at_s)
        if not math.isinf(watts):
            yield GaugeMetricFamily("tenfold_budget_watts", "What the site allows now", watts)


def _gpus(reading: Reading) -> Iterator[Metric]:
    gpus = [(device.device, device.gpu) for device in reading.devices if device.gpu is not None]
    for field, (name, help_text) in _GPU_READINGS.items():
        family = GaugeMetricFamily(name, help_text, labels=["device"])
        for device, gpu in gpus:
            value = getattr(gpu, field)
            if not isinstance(value, Missing):
                family.add_metric([device], value)
        yield family
    energy = CounterMetricFamily(
        "tenfold_gpu_energy_joules", "Since the driver was loaded", labels=["device"]
    )
    held = GaugeMetricFamily(
        "tenfold_gpu_held_down",
        "1 for each thing that holds its clocks down",
        labels=["device", "why"],
    )
    for device, gpu in gpus:
        if not isinstance(gpu.energy_j, Missing):
            energy.add_metric([device], gpu.energy_j)
        for why in () if isinstance(gpu.throttle, Missing) else gpu.throttle:
            held.add_metric([device, why], 1)
    yield energy
    yield held
