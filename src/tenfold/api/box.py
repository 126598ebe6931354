"""/api/box: the box at a glance; /api/link and /api/shutdown for the daemon itself."""

from __future__ import annotations

import math
import os
from typing import Any

from fastapi import APIRouter, Request

from tenfold.api.views import Answer
from tenfold.engine.house import House
from tenfold.terms.reading import Missing
from tenfold.terms.states import LIVE
from tenfold.terms.wire import to_json
from tenfold.version import VERSION

routes = APIRouter(prefix="/api", tags=["box"])


@routes.get("/box", summary="Devices, readings, budget, who sits where")
def box(request: Request) -> Answer:
    house: House = request.app.state.house
    reader = house.ledger.reader()
    counts = reader.counts()
    reader.close()
    reading, budget = None, []
    if house.latest is not None:
        now, allowed, _ = house.latest
        reading = {
            "at_s": now.at_s,
            "power_w": _measured(now.power_w),
            "devices": [
                {name: _measured(value) for name, value in vars(device).items()}
                for device in now.devices
            ],
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
            "home": str(house.ledger.path.parent),
            "version": VERSION,
            "pid": os.getpid(),
        }
    )


@routes.post("/link", summary="A one-time link that lets a browser in")
def link(request: Request) -> Answer:
    code = request.app.state.keys.new_code()
    return Answer({"url": f"{request.app.state.url}/enter?code={code}"})


@routes.post("/shutdown", summary="End the daemon; running jobs go on")
def shutdown(request: Request) -> Answer:
    request.app.state.shut_down()
    return Answer({"pid": os.getpid()})


def _measured(value: Any) -> Any:
    """A Missing reading says why; it never becomes a number."""
    return {"missing": value.why} if isinstance(value, Missing) else value


def _step(step: dict[str, Any]) -> dict[str, Any]:
    """JSON knows no infinity: a site without a limit has watts null."""
    return {**step, "watts": None if math.isinf(step["watts"]) else step["watts"]}
