"""The place's own clock. Where it is put back an hour comes twice, where it is put forward one
never comes: from a moment to the clock there is one answer, the other way there are two or none."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_LOOK_S = 3600.0  # no clock is put twice in such a time


def wall(at_s: float, zone: str) -> datetime:
    """What the clock shows at `at_s` (s since the epoch), without a zone. Empty `zone`: this
    machine's."""
    return datetime.fromtimestamp(at_s, _tz(zone)).replace(tzinfo=None)


def instants(shown: datetime, zone: str) -> tuple[float, float]:
    """The first and the last moment at which the clock may show that; the same but for hours that
    come twice. Of an hour that never comes, moments beside it."""
    aware = shown.replace(tzinfo=_tz(zone))
    first_s, last_s = (aware.replace(fold=fold).timestamp() for fold in (0, 1))
    return min(first_s, last_s), max(first_s, last_s)


def put(zone: str, from_s: float, until_s: float) -> list[float]:
    """The moments in [from_s, until_s) at which the clock is put forward or back."""
    found = []
    at_s = from_s
    while at_s < until_s:
        next_s = min(at_s + _LOOK_S, until_s)
        before, after = _ahead_s(at_s, zone), _ahead_s(next_s, zone)
        if before != after:
            low, high = at_s, next_s
            while high - low > 0.5:
                middle = (low + high) / 2
                low, high = (middle, high) if _ahead_s(middle, zone) == before else (low, middle)
            found.append(float(round(high)))
        at_s = next_s
    return found


def year(at_s: float, zone: str) -> tuple[float, float]:
    """When the clock's year began, and when it ends."""
    now = wall(at_s, zone).year
    begin_s, end_s = (instants(datetime(one, 1, 1), zone)[0] for one in (now, now + 1))
    return begin_s, end_s


def _ahead_s(at_s: float, zone: str) -> int:
    """How far the clock is before that of UTC; whole, since parts of a second are not exact."""
    return round(wall(at_s, zone).replace(tzinfo=UTC).timestamp() - at_s)


def _tz(zone: str) -> ZoneInfo | None:
    return ZoneInfo(zone) if zone else None
