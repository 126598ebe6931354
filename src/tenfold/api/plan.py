"""/api/plan: what a box would do with a week, on the virtual clock."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from tenfold.api.views import Answer
from tenfold.engine.house import House
from tenfold.engine.planner import Planner, no_limits, site_of
from tenfold.hardware.detect import box as box_named

MOST_CHARS = 2**20  # of a week file

routes = APIRouter(prefix="/api", tags=["plan"])


class PlanRequest(BaseModel):
    """Files come as their content: the daemon reads none of the caller's."""

    model_config = ConfigDict(extra="forbid")
    week: str = Field(max_length=MOST_CHARS, description="The content of a week file (TOML).")
    file: str = Field("week.toml", max_length=1000, description="What it is called.")
    box: str | None = Field(None, description="A declared box, such as `10xH100-PCIe`.")
    site: str | None = Field(None, max_length=MOST_CHARS, description="TOML with a section [site].")
    site_file: str = Field("site.toml", max_length=1000, description="What that is called.")


@routes.post("/plan", summary="Who would sit where and when, kWh, cost and watts of a week")
def plan(body: PlanRequest, request: Request) -> Answer:
    """Without `box` it is the daemon's own, empty. Without `site` the daemon's own settings hold
    for its own box, and nothing limits another. One plan is made at a time."""
    house: House = request.app.state.house
    planner: Planner = request.app.state.planner
    site = no_limits() if body.box else house.site
    if body.site is not None:
        site = site_of(body.site, body.site_file)
    box = box_named(body.box) if body.box else house.box
    return Answer(planner.plan(body.week, body.file, box, site))
