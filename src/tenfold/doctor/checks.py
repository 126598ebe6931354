"""Every check, in the order that a person reads them."""

from __future__ import annotations

from tenfold.doctor import daemon, gpus, place, software, system
from tenfold.doctor.finding import Check

CHECKS: tuple[Check, ...] = (
    *software.CHECKS,
    *gpus.CHECKS,
    *place.CHECKS,
    *system.CHECKS,
    *daemon.CHECKS,
)
