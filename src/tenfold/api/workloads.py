"""/api/workloads and /api/estimate: the catalogue, and what a run would need."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from tenfold.api.views import Answer
from tenfold.engine.house import House
from tenfold.engine.orders import target
from tenfold.hardware.detect import box as box_named
from tenfold.placement.fits import fits
from tenfold.terms.box import Box
from tenfold.terms.job import JobSpec
from tenfold.terms.needs import Needs
from tenfold.terms.wire import from_json, to_json

routes = APIRouter(prefix="/api", tags=["workloads"])


class EstimateRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    workload: str = Field(description="Name in the catalogue.")
    params: dict[str, Any] = Field(default_factory=dict, description="The workload's own params.")
    size: str | None = Field(None, description="smoke, desk or full.")
    box: str | None = Field(None, description="A declared box, such as `10xH100-PCIe`.")


@routes.get("/workloads", summary="The catalogue")
def listing(request: Request) -> Answer:
    house: House = request.app.state.house
    return Answer({"workloads": house.describer.workloads()})


@routes.get("/workloads/{name}", summary="One workload: what it does, its params and sizes")
def one(name: str, request: Request) -> Answer:
    house: House = request.app.state.house
    return Answer(house.describer.describe(name, device=target(house.box, None)))


@routes.post("/estimate", summary="Does it fit, how long, how many kWh")
def estimate(body: EstimateRequest, request: Request) -> Answer:
    house: House = request.app.state.house
    box: Box = box_named(body.box) if body.box else house.box
    device = target(box, None)
    told = house.describer.describe(body.workload, body.params, body.size, device)
    needs = from_json(Needs, told["needs"])
    if not body.box:
        spec = JobSpec(body.workload, told["params"], body.size, needs=needs)
        needs = house.orders.learned(spec)
    if not needs.gpus:
        device = target(box, 0)
    misfit = fits(box, needs)
    watts = needs.watts if needs.watts is not None else device.cap_w * max(1, needs.gpus) or None
    energy = None if watts is None or needs.time_s is None else watts * needs.time_s / 3.6e6
    return Answer(
        {
            "workload": body.workload,
            "params": told["params"],
            "needs": to_json(needs),
            "fits": misfit is None,
            "why": "" if misfit is None else f"It asks for {misfit[0]}; {misfit[1]} fits.",
            "device": to_json(device),
            "energy_kwh": energy,
            "modelled": box.modelled,
            "missing": told["missing"],
            "box": box.name,
        }
    )
