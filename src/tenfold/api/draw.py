"""/api/draw: the watts of the last hours, and what is allowed in the coming ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request

from tenfold.api.views import Answer
from tenfold.engine.house import House
from tenfold.engine.moment import day_ahead
from tenfold.terms.energy import Basis, Drawn

POINTS = 300
MOST_HOURS = 192  # the table has no more

routes = APIRouter(prefix="/api", tags=["energy"])


@routes.get("/draw", summary="Watts of the last hours, by minutes; what is allowed from now on")
def draw(request: Request, hours: Annotated[int, Query(ge=1, le=MOST_HOURS)] = 24) -> Answer:
    """`minutes` has the mean watts of cards and host from each moment to the next; null where
    nobody knows. `partial`: some of it, such as the host, nobody can tell and is not in it."""
    house: House = request.app.state.house
    now_s = house.clock()
    since_s = now_s - hours * 3600
    reader = house.ledger.reader()
    try:
        rows = reader.drawn(since_s)
    finally:
        reader.close()
    return Answer(
        {
            "now_s": now_s,
            "since_s": since_s,
            "minutes": thinned(rows, since_s, hours * 3600 / POINTS),
            "budget": [] if house.latest is None else day_ahead(house.latest[1], now_s),
            "past_budget": None,  # what was allowed then is not kept
            "partial": any(row.basis is Basis.UNKNOWN and row.joules is not None for row in rows),
            "basis": sorted({row.basis.value for row in rows}),
            "modelled": house.box.modelled,
        }
    )


def thinned(rows: Sequence[Drawn], since_s: float, each_s: float) -> list[list[float | None]]:
    """[from (s since the epoch), mean watts] of at least `each_s`; a time that nobody has looked at
    begins with null."""
    found: list[list[float | None]] = []
    shared: list[Drawn] = []
    until_s = -math.inf
    for row in rows:
        if shared and row.minute_s - shared[0].minute_s >= each_s:
            found.append(_point(shared, since_s))
            shared = []
        if shared == [] and found and row.minute_s - until_s > max(120.0, each_s):
            found.append([until_s, None])
        shared.append(row)
        until_s = row.minute_s + row.seconds
    return [*found, _point(shared, since_s)] if shared else found


def _point(rows: Sequence[Drawn], since_s: float) -> list[float | None]:
    known = [row for row in rows if row.joules is not None]
    seconds = sum(row.seconds for row in known)
    joules = sum(row.joules or 0.0 for row in known)
    return [max(rows[0].minute_s, since_s), joules / seconds if seconds > 0 else None]
