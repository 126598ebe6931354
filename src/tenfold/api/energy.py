"""/api/energy: what was drawn and what it cost, by day, job or workload, beside the cloud's price.

It is what the ledger has; what was drawn since the last minute comes with the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request

from tenfold.api.views import Answer
from tenfold.engine.house import House
from tenfold.ledger.read import Reader
from tenfold.terms.energy import (
    HOST,
    IDLE,
    JOULES_PER_KWH,
    Basis,
    Energy,
    EnergyRow,
    total,
)

MOST_DAYS = 3660
MOST_ROWS = 1000

routes = APIRouter(prefix="/api", tags=["energy"])

Sums = Mapping[Basis, Energy]


class By(StrEnum):
    DAY = "day"
    JOB = "job"
    WORKLOAD = "workload"


@routes.get("/energy", summary="kWh and money, by day, job or workload")
def energy(
    request: Request,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = 30,
    by: By = By.DAY,
) -> Answer:
    """Of today and the days before it, as the clock at the site counts them."""
    house: House = request.app.state.house
    site = house.site
    zone = ZoneInfo(site.zone) if site.zone else None
    now_s = house.clock()
    today = datetime.fromtimestamp(now_s, zone).date()
    since_s = _midnight_s(today - timedelta(days=days - 1), zone)
    reader = house.ledger.reader()
    try:
        hours = reader.energy_by_hour(since_s)
        rows = _rows(reader, by, since_s, hours, zone, site.cloud_gpu_hour)
    finally:
        reader.close()
    of = _summed((row.of, row) for row in hours)
    jobs, idle, host = of[""], of[IDLE], of[HOST]
    return Answer(
        {
            "by": by.value,
            "days": days,
            "since_s": since_s,
            "now_s": now_s,
            "modelled": house.box.modelled,
            "currency": site.currency,
            "cloud_gpu_hour": site.cloud_gpu_hour,
            "prices": _prices(hours),
            "rows": rows[:MOST_ROWS],
            "left_out": max(0, len(rows) - MOST_ROWS),
            "jobs": energy_view(jobs, site.cloud_gpu_hour),
            "idle": energy_view(idle, None),
            "host": energy_view(host, None),
            "total": _of_all(jobs, idle, host, site.cloud_gpu_hour),
        }
    )


def energy_view(sums: Sums, cloud_gpu_hour: float | None) -> dict[str, Any]:
    """What nobody knows is null, never 0: kWh where no device told, money where no price is known.
    `basis` has the kWh by how they are known; `priced` is the share of them that money is for."""
    known = {basis: one for basis, one in sums.items() if basis is not Basis.UNKNOWN}
    every, counted = total(sums.values()), total(known.values())
    unknown_s = sums.get(Basis.UNKNOWN, Energy()).seconds
    gpu_hours = every.gpu_s / 3600
    cloud = None if cloud_gpu_hour is None or not gpu_hours else cloud_gpu_hour * gpu_hours
    return {
        "kwh": counted.kwh if known else None,
        "money": counted.money if counted.priced_j > 0 else None,
        "priced": counted.priced_j / counted.joules if counted.joules > 0 else None,
        "basis": {basis.value: one.kwh for basis, one in sorted(known.items())},
        "gpu_hours": gpu_hours,
        "hours": every.seconds / 3600,
        "unknown_hours": unknown_s / 3600,
        "cloud_money": cloud,
    }


def today(house: House, reader: Reader) -> dict[str, Any]:
    """Of the box since midnight at the site, as `energy_view` shows it."""
    site = house.site
    zone = ZoneInfo(site.zone) if site.zone else None
    since_s = _midnight_s(datetime.fromtimestamp(house.clock(), zone).date(), zone)
    of = _summed((row.of, row) for row in reader.energy_by_hour(since_s))
    view = _of_all(of[""], of[IDLE], of[HOST], site.cloud_gpu_hour)
    return {**view, "currency": site.currency, "since_s": since_s}


def job_energy(house: House, reader: Reader, job_id: str) -> dict[str, Any] | None:
    """Of one job so far; null while nothing of it is in the ledger. Not `final`: more is to come,
    because it runs, or ended a moment ago."""
    final = not house.energy.counting(job_id)  # asked first: what was final then is there now
    sums = reader.energy_of(job_id)
    if not sums and final:
        return None
    site = house.site
    return {
        **energy_view(sums, site.cloud_gpu_hour),
        "currency": site.currency,
        "final": final,
    }


def _rows(
    reader: Reader,
    by: By,
    since_s: float,
    hours: Iterable[EnergyRow],
    zone: tzinfo | None,
    cloud_gpu_hour: float | None,
) -> list[dict[str, Any]]:
    """Days by time, everything else by kWh, the most first."""
    if by is By.DAY:
        return _days(hours, zone, cloud_gpu_hour)
    found = reader.energy_by_workload(since_s)
    if by is By.JOB:
        found = [one for one in reader.energy_by_job(since_s) if one.of not in (IDLE, HOST)]
    sums = _summed((one.of, one) for one in found)
    most = sorted(sums, key=lambda of: -total(sums[of].values()).joules)
    views = [{by.value: of, **energy_view(sums[of], cloud_gpu_hour)} for of in most]
    if by is By.JOB:
        called = reader.called(most[:MOST_ROWS])
        for view in views:
            name, workload = called.get(view["job"], ("", ""))
            view |= {"name": name or workload, "workload": workload}
    return views


def _days(
    hours: Iterable[EnergyRow], zone: tzinfo | None, cloud_gpu_hour: float | None
) -> list[dict[str, Any]]:
    days: dict[date, list[EnergyRow]] = defaultdict(list)
    for row in hours:
        days[datetime.fromtimestamp(row.hour_s, zone).date()].append(row)
    views = []
    for day, rows in days.items():
        of = _summed((row.of, row) for row in rows)
        jobs, idle, host = of[""], of[IDLE], of[HOST]
        views.append(
            {
                "day": day.isoformat(),
                "start_s": _midnight_s(day, zone),
                **_of_all(jobs, idle, host, cloud_gpu_hour),
                "jobs_kwh": energy_view(jobs, None)["kwh"],
                "idle_kwh": energy_view(idle, None)["kwh"],
                "host_kwh": energy_view(host, None)["kwh"],
            }
        )
    return views


def _of_all(jobs: Sums, idle: Sums, host: Sums, cloud_gpu_hour: float | None) -> dict[str, Any]:
    """In the cloud nobody rents what is idle: GPU hours, and hours, are those of jobs."""
    together: dict[Basis, Energy] = defaultdict(Energy)
    for sums in (jobs, idle, host):
        for basis, one in sums.items():
            together[basis] += one
    of_jobs = energy_view(jobs, cloud_gpu_hour)
    kept = ("gpu_hours", "hours", "unknown_hours", "cloud_money")
    return {**energy_view(together, None), **{name: of_jobs[name] for name in kept}}


def _summed(rows: Iterable[tuple[str, EnergyRow]]) -> dict[str, dict[Basis, Energy]]:
    found: dict[str, dict[Basis, Energy]] = defaultdict(lambda: defaultdict(Energy))
    for of, row in rows:
        found[of][row.basis] += row.energy
    return found


def _prices(hours: Iterable[EnergyRow]) -> dict[str, float] | None:
    """What was paid a kWh: the lowest and highest of any hour, and the mean of all that has a
    price; null where nothing has."""
    paid: dict[int, Energy] = defaultdict(Energy)
    for row in hours:
        paid[row.hour_s] += row.energy
    priced = [one for one in paid.values() if one.priced_j > 0]
    if not priced:
        return None
    each = [one.money / one.priced_j * JOULES_PER_KWH for one in priced]
    all_of = total(priced)
    mean = all_of.money / all_of.priced_j * JOULES_PER_KWH
    return {"lowest": min(each), "mean": mean, "highest": max(each)}


def _midnight_s(day: date, zone: tzinfo | None) -> float:
    return datetime.combine(day, time(), zone).timestamp()
