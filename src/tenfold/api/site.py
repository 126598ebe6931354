"""/api/site: will the wall, the room and the neighbours take a box?"""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from tenfold.api.views import Answer
from tenfold.engine.house import House
from tenfold.engine.planner import no_limits, site_of
from tenfold.engine.verdict import box_to_judge, judged

MOST_CHARS = 2**20  # of a site file

routes = APIRouter(prefix="/api", tags=["site"])


class SiteRequest(BaseModel):
    """Files come as their content: the daemon reads none of the caller's."""

    model_config = ConfigDict(extra="forbid")
    box: str | None = Field(None, max_length=1000, description="A box, such as `10xH100-PCIe`.")
    site: str | None = Field(None, max_length=MOST_CHARS, description="TOML with a section [site].")
    site_file: str = Field("site.toml", max_length=1000, description="What that is called.")


@routes.get("/site", summary="The verdict on the daemon's own box and place")
def own_site(request: Request) -> Answer:
    house: House = request.app.state.house
    return Answer(judged(house.box, house.site))


@routes.post("/site", summary="Watts, amps, heat, noise and cost of a box at a place")
def site(body: SiteRequest, request: Request) -> Answer:
    """Without `box` it is the daemon's own. Without `site` the daemon's own settings hold for its
    own box, and of the place of another nothing is known."""
    house: House = request.app.state.house
    box = box_to_judge(body.box) if body.box else house.box
    place = no_limits() if body.box else house.site
    if body.site is not None:
        place = site_of(body.site, body.site_file)
    return Answer(judged(box, place))
