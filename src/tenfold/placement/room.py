"""Who should yield so that the first job that waits for a GPU starts sooner.

Two reasons, both only where the wait that is saved is longer than the pauses it costs:

- *rank*: a job of a higher class or priority waits, and jobs below it run;
- *consolidation*: slices stand so that the job has no place, though all of them and the job would
  have one. Those in the way yield and start again elsewhere; the new places are tried out first,
  in the very order in which the next decision will give them.

Only batch jobs that continue from a checkpoint are asked, only once they have run ten times their
pause, and only while nobody is leaving already: so no job is ever chased around.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tenfold.placement.packing import FULL, by_slice
from tenfold.placement.queue import RANK, order
from tenfold.placement.slots import Hold, Occupancy, mask_of, serves
from tenfold.terms.box import Box, Device
from tenfold.terms.decision import Yield
from tenfold.terms.job import Job, Kind
from tenfold.terms.states import State

RESTED = 10.0  # pauses that a job runs before it is asked again
TRIED = 24  # ways of making room that are tried out


def make_room(
    box: Box,
    job: Job,
    start_s: float,
    live: Sequence[Job],
    holds: Sequence[Hold],
    now: float,
) -> tuple[Yield, ...]:
    """The yields that let `job` start, which otherwise starts at `start_s`. Empty where none pay.

    `live` are in order; `holds` are theirs, and those of the jobs that start in this decision.
    """
    if any(one.state is State.YIELDING for one in live):
        return ()
    asked = [one for one in live if _may_be_asked(one, now)]
    if not asked:
        return ()
    saved_s = start_s - now
    below = [one for one in asked if _rank(one) > _rank(job)]
    leaving = _fewest(box, job, below, holds)
    if leaving and _price_s(leaving) < saved_s:
        why = f"Job {job.id}, which comes first, needs the place."
        return tuple(Yield(one.id, why) for one in leaving)
    moving = _movable(box, job, asked, holds, saved_s, now)
    why = f"It makes room for job {job.id} and starts again on another slice."
    return tuple(Yield(one.id, why) for one in moving)


def _may_be_asked(job: Job, now: float) -> bool:
    if not job.spec.resumes or job.spec.kind is not Kind.BATCH or job.slot is None:
        return False
    if job.state is not State.RUNNING or job.started_s is None:
        return False
    return now - job.started_s >= RESTED * job.spec.needs.pause_s


def _rank(job: Job) -> tuple[int, int]:
    return (RANK[job.spec.kind], -job.spec.priority)


def _price_s(jobs: Iterable[Job]) -> float:
    return sum(job.spec.needs.pause_s for job in jobs)


def _fewest(box: Box, job: Job, below: Sequence[Job], holds: Sequence[Hold]) -> list[Job]:
    """The last of `below` that have to leave; none of them is asked in vain."""
    occupied = Occupancy(box, holds)
    by_job = {hold.job: hold for hold in holds}
    gone: list[Job] = []
    for one in reversed(below):
        occupied.release(by_job[one.id])
        gone.append(one)
        if occupied.slot(job.spec.needs) is not None:
            break
    else:
        return []
    for one in sorted(gone, key=order):  # whoever comes first stays if it can
        occupied.take(by_job[one.id])
        if occupied.slot(job.spec.needs) is None:
            occupied.release(by_job[one.id])
        else:
            gone.remove(one)
    return gone


def _movable(
    box: Box,
    job: Job,
    asked: Sequence[Job],
    holds: Sequence[Hold],
    saved_s: float,
    now: float,
) -> list[Job]:
    """Whose move lets `job` start while all of them find another slice at once; the cheapest."""
    # Those that run on slices of several sizes are laid out by `mold`, which knows no other plan.
    sliced = {
        one.id: one
        for one in asked
        if one.slot is not None and one.slot.slice is not None and not one.spec.needs.speeds
    }
    occupied = Occupancy(box, holds)
    ways: list[tuple[float, int, list[Job]]] = []
    for gang in _gangs(box, job, occupied):
        moved = {}
        for gpu, mask in gang:
            for id, slot in occupied.tenants.get(gpu.id, {}).items():
                if mask_of(slot) & mask:
                    moved[id] = slot
        if moved and all(id in sliced for id in moved):
            jobs = [sliced[id] for id in moved]
            ways.append((_price_s(jobs), len(ways), jobs))
    for price_s, _, jobs in sorted(ways, key=lambda way: way[:2])[:TRIED]:
        if price_s >= saved_s:
            break
        if _all_placed(box, [*jobs, job], {one.id for one in jobs}, holds, now):
            return jobs
    return []


def _gangs(box: Box, job: Job, occupied: Occupancy) -> list[list[tuple[Device, int]]]:
    """Places that the job could have if no slice were in the way: cards with memory slices."""
    needs = job.spec.needs
    if by_slice(needs):
        found = []
        for gpu in box.gpus:
            profile = occupied.packing(gpu.mig).wanted(needs) if gpu.mig else None
            if profile is not None:
                found += [[(gpu, place.mask)] for place in profile.placements]
        return found
    gangs = []
    for host in occupied.hosts:
        able = [gpu for gpu in host.gpus if serves(gpu, needs)]
        able.sort(key=lambda gpu: _used(occupied.taken.get(gpu.id, 0)))
        # The emptiest cards, and every window of neighbours in that order.
        starts = range(max(0, len(able) - needs.gpus + 1))
        gangs += [[(gpu, FULL) for gpu in able[n : n + needs.gpus]] for n in starts]
    return gangs


def _used(mask: int) -> int:
    return mask.bit_count()


def _all_placed(
    box: Box, jobs: Sequence[Job], leaving: set[str], holds: Sequence[Hold], now: float
) -> bool:
    """Whether all of `jobs` get a slot once `leaving` are gone, one after the other in order."""
    occupied = Occupancy(box, [hold for hold in holds if hold.job not in leaving])
    for one in sorted(jobs, key=lambda one: order(one, now)):
        slot = occupied.slot(one.spec.needs)
        if slot is None:
            return False
        occupied.take(Hold(one.id, slot, now, 0.0))
    return True
