"""The tick: read the box, ask the site, ask placement, write it down, carry it out.

Written before done: whatever is started or stopped was promised in the ledger first, so a crash
between any two lines leaves a promise that the next daemon's first tick settles (see `reconcile`).
"""

from __future__ import annotations

from dataclasses import replace

from tenfold.engine.displace import displace
from tenfold.engine.house import House
from tenfold.engine.pace import keep_pace
from tenfold.engine.promise import promise
from tenfold.engine.services import resting
from tenfold.engine.settle import settle
from tenfold.placement.decide import decide
from tenfold.site.budget import budget
from tenfold.terms.decision import Decision


def tick(house: House) -> Decision:
    now_s = house.clock()

    seen = house.engine.look(house.live(), now_s)
    for sighting in settle(house.ledger, seen, now_s, house.box, house.card_failed):
        house.settled(sighting)
    house.ask_for_children(seen)
    house.services.look(now_s)

    reading = house.read(now_s)
    lost, leaving = house.lookout.meter.lost, house.cards.leaving
    displace(house.ledger, house.live(), lost, leaving, reading, house.job_of, now_s)
    allowed = budget(house.site, reading, now_s, house.energy.spent(now_s))
    jobs, rests = resting(house.ledger.open_jobs(), now_s)
    decision = house.prepared(decide(house.box, allowed, jobs, now_s))

    for attempt in promise(house.ledger, decision, now_s):
        house.start(attempt)
    house.services.publish()
    for job, attempt in house.services.drained(house.yielding(), now_s):
        house.engine.stop(job, attempt, now_s)

    house.saw(reading, allowed, replace(decision, waits=(*decision.waits, *rests)))
    keep_pace(house.ledger, house.box, house.live(), now_s)
    house.energy.count(house.box, reading, allowed, house.live(), seen)
    return decision
