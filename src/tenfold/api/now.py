"""What of /api/box holds at this moment: troubles, watts, noise, price, today, and the layout."""

from __future__ import annotations

import math
from typing import Any

from tenfold.api.energy import today
from tenfold.engine.house import House
from tenfold.engine.layout import layout
from tenfold.engine.moment import noise_now, price_now, watts_now
from tenfold.engine.troubles import Seen, troubles
from tenfold.ledger.read import Reader
from tenfold.terms.wire import to_json


def now_view(house: House, reader: Reader) -> dict[str, Any]:
    box, site, now_s, jobs = house.box, house.site, house.clock(), house.ledger.open_jobs()
    reading, allowed = None, None
    if house.latest is not None:
        reading, allowed, _ = house.latest
    watts = watts_now(box, site, reading, allowed, now_s)
    rights = rights_of(house)
    seen = Seen(
        box,
        reading,
        jobs,
        now_s,
        drawn_w=watts.now,
        allowed_w=math.inf if watts.budget is None else watts.budget,
        limit=watts.why,
        lost=house.lookout.meter.lost,
        relieved={one["device"]: one["why"] for one in house.cards.relieved()},
        stuck=house.lookout.limits.stuck(now_s),
        rights=rights["why"] if rights and not rights["granted"] else "",
        broken=house.broken,
    )
    return {
        "troubles": to_json(troubles(seen)),
        "watts": to_json(watts),
        "noise": to_json(noise_now(site, watts, now_s)),
        "price": to_json(price_now(site, allowed, now_s)),
        "today": today(house, reader),
        "layout": layout(box, jobs),
    }


def rights_of(house: House) -> dict[str, Any] | None:
    """Whether power limits and layouts can be set; null where there is nothing to set."""
    if house.rights is None or house.box.modelled or not (house.box.gpus or house.box.aside):
        return None
    return {"granted": house.rights.granted, "why": house.rights.why}
