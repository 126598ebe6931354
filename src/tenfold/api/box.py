"""/api/box: the box at a glance; /api/link and /api/shutdown for the daemon itself."""

from __future__ import annotations

import math
import os
from dataclasses import fields, is_dataclass
from typing import Any

from fastapi import APIRouter, Request

from tenfold.api.now import now_view, rights_of
from tenfold.api.views import Answer
from tenfold.engine.house import House
from tenfold.engine.leftovers import job_of
from tenfold.terms.job import Kind
from tenfold.terms.reading import DeviceReading, Missing
from tenfold.terms.states import LIVE
from tenfold.terms.wire import to_json
from tenfold.version import VERSION

routes = APIRouter(prefix="/api", tags=["box"])


@routes.get("/box", summary="Devices, readings, budget, who sits where")
def box(request: Request) -> Answer:
    house: House = request.app.state.house
    reader = house.ledger.reader()
    try:
        counts, now_on = reader.counts(), now_view(house, reader)
    finally:
        reader.close()
    home = str(house.ledger.path.parent)
    reading, budget = None, []
    if house.latest is not None:
        now, allowed, _ = house.latest
        reading = {
            "at_s": now.at_s,
            "power_w": _measured(now.power_w),
            "devices": [_reading(device, home) for device in now.devices],
        }
        budget = [_step(to_json(step)) for step in allowed.steps]
    slots = [
        {"job": job.id, "name": job.spec.name, "state": job.state.value, "slot": to_json(job.slot)}
        for job in house.ledger.open_jobs()
        if job.state in LIVE
    ]
    return Answer(
        {
            "box": to_json(house.box),
            "modelled": house.box.modelled,
            "reading": reading,
            "budget": budget,
            "now_s": house.clock(),
            "jobs": counts,
            "slots": slots,
            "relief": house.cards.relieved(),
            "services": _services(house),
            "rights": rights_of(house),
            **now_on,
            "home": home,
            "version": VERSION,
            "pid": os.getpid(),
        }
    )


def _services(house: House) -> list[dict[str, Any]]:
    """Every service that is found at a URL, also while it sleeps."""
    services = [job for job in house.ledger.open_jobs() if job.spec.kind is Kind.SERVICE]
    return [
        {"job": job.id, "name": job.spec.name, "state": job.state.value, "url": url}
        for job in services
        if (url := house.services.url(job))
    ]


@routes.post("/link", summary="A one-time link that lets a browser in")
def link(request: Request) -> Answer:
    code = request.app.state.keys.new_code()
    return Answer({"url": f"{request.app.state.url}/enter?code={code}"})


@routes.post("/shutdown", summary="End the daemon; running jobs go on")
def shutdown(request: Request) -> Answer:
    request.app.state.shut_down()
    return Answer({"pid": os.getpid()})


def _reading(device: DeviceReading, home: str) -> dict[str, Any]:
    """A process on a GPU is told with the job that it belongs to, or null: then it is not ours."""
    view: dict[str, Any] = _measured(device)
    gpu = view["gpu"]
    if gpu is not None and isinstance(gpu["processes"], list):
        for process in gpu["processes"]:
            process["job"] = job_of(process["pid"], home)
    return view


def _measured(value: Any) -> Any:
    """A Missing reading says why; it never becomes a number."""
    if isinstance(value, Missing):
        return {"missing": value.why}
    if isinstance(value, tuple):
        return [_measured(item) for item in value]
    if is_dataclass(value):
        return {field.name: _measured(getattr(value, field.name)) for field in fields(value)}
    return value


def _step(step: dict[str, Any]) -> dict[str, Any]:
    """JSON knows no infinity: a site without a limit has watts null."""
    return {**step, "watts": None if math.isinf(step["watts"]) else step["watts"]}
