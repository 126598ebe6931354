"""/api/workloads and /api/estimate: the catalogue, and what a run would need."""

from __future__ import annotations

import math
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from tenfold.api.views import Answer
from tenfold.engine import orders
from tenfold.engine.house import House
from tenfold.engine.smallest import slot_words, smallest
from tenfold.hardware.detect import box as box_named
from tenfold.placement.fits import fits
from tenfold.terms.box import Box, DeviceKind
from tenfold.terms.wire import to_json

routes = APIRouter(prefix="/api", tags=["workloads"])


class EstimateRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    workload: str = Field(description="Name in the catalogue.")
    params: dict[str, Any] = Field(default_factory=dict, description="The workload's own params.")
    size: str | None = Field(None, description="smoke, desk or full.")
    gpus: int | None = Field(None, ge=0, description="Whole GPUs.")
    slice: str | None = Field(None, description="A MIG profile, instead of whole GPUs.")
    cores: int | None = Field(None, ge=1, description="CPU cores of a CPU share.")
    memory_gib: float | None = Field(None, gt=0, lt=math.inf, description="Memory, in GiB.")
    time_s: float | None = Field(None, gt=0, lt=math.inf, description="Expected run time, in s.")
    box: str | None = Field(None, description="A declared box, such as `10xH100-PCIe`.")


@routes.get("/workloads", summary="The catalogue")
def listing(request: Request) -> Answer:
    house: House = request.app.state.house
    return Answer({"workloads": house.describer.workloads()})


@routes.get("/workloads/{name}", summary="One workload: what it does, its params and sizes")
def one(name: str, request: Request) -> Answer:
    house: House = request.app.state.house
    return Answer(house.describer.describe(name, device=orders.target(house.box, None)))


@routes.post("/estimate", summary="Does it fit, where, how long, how many kWh, what it costs")
def estimate(body: EstimateRequest, request: Request) -> Answer:
    """As a submit would take it: what is asked for goes over what was learned, and that over the
    workload's own estimate. Money is at the price of this moment."""
    house: House = request.app.state.house
    other: Box | None = box_named(body.box) if body.box else None
    box = other or house.box
    asked = orders.Request(**body.model_dump(exclude={"box"}))
    told, needs = house.orders.estimate(asked, other)
    misfit = fits(box, needs)
    slot = smallest(box, needs) if misfit is None else None
    on_gpu = needs.gpus or (slot is not None and slot.kind is DeviceKind.GPU)
    device = orders.target(box, None if on_gpu else 0)
    watts = needs.watts if needs.watts is not None else device.cap_w * max(1, needs.gpus) or None
    energy = None if watts is None or needs.time_s is None else watts * needs.time_s / 3.6e6
    price = _price(house)
    return Answer(
        {
            "workload": body.workload,
            "params": told["params"],
            "needs": to_json(needs),
            "fits": misfit is None,
            "why": "" if misfit is None else f"It asks for {misfit[0]}; {misfit[1]} fits.",
            "where": "" if slot is None else slot_words(box, slot),
            "slot": to_json(slot),
            "device": to_json(device),
            "energy_kwh": energy,
            "money": None if energy is None or price is None else energy * price,
            "currency": house.site.currency,
            "modelled": box.modelled,
            "missing": told["missing"],
            "box": box.name,
        }
    )


def _price(house: House) -> float | None:
    """Money for a kWh at this moment; None where nobody said."""
    if house.latest is None:
        return None
    return house.latest[1].at(house.clock()).price_kwh
