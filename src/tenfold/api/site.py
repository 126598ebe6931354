"""/api/site: will the wall, the room and the neighbours take a box? And the owner's settings."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from tenfold.api.views import Answer
from tenfold.engine.house import House
from tenfold.engine.planner import no_limits, site_of
from tenfold.engine.site_file import SiteFile
from tenfold.engine.verdict import box_to_judge, judged

MOST_CHARS = 2**20  # of a site file

routes = APIRouter(prefix="/api", tags=["site"])


class SiteRequest(BaseModel):
    """Files come as their content: the daemon reads none of the caller's."""

    model_config = ConfigDict(extra="forbid")
    box: str | None = Field(None, max_length=1000, description="A box, such as `10xH100-PCIe`.")
    site: str | None = Field(None, max_length=MOST_CHARS, description="TOML with a section [site].")
    site_file: str = Field("site.toml", max_length=1000, description="What that is called.")


class SettingsRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    toml: str | None = Field(None, max_length=MOST_CHARS, description="The whole text.")
    fields: dict[str, Any] | None = Field(
        None,
        alias="set",
        description="Or fields of [site], and whole other sections, to replace; null removes.",
    )
    hash: str | None = Field(None, description="Of the text that was seen; another is refused.")
    check: bool = Field(False, description="Only tell what would be.")


@routes.get("/site/settings", summary="HOME/site.toml and what it says")
def settings(request: Request) -> Answer:
    return Answer(request.app.state.site_file.shown())


@routes.put("/site/settings", summary="Change HOME/site.toml; it holds from the next tick on")
def set_settings(body: SettingsRequest, request: Request) -> Answer:
    file: SiteFile = request.app.state.site_file
    return Answer(file.change(body.toml, body.fields, body.hash, body.check))


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
