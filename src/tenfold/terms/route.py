"""What the daemon tells the proxy (where each service is), what the proxy tells back, and what it
remembers of the models that services had."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

GATEWAY = "v1"  # first part of the paths that lead to a model by its name; no service has it


class RouteState(StrEnum):
    UP = "up"  # requests are sent to it
    WAITS = "waits"  # it is on its way: requests wait for it
    ASLEEP = "asleep"  # a request wakes it, and waits
    PAUSED = "paused"  # only its owner can let it go on


@dataclass(frozen=True)
class Route:
    """One service that has not ended."""

    job: str
    names: tuple[str, ...]  # first parts of a path that mean it; the first one is shown
    state: RouteState
    port: int = 0  # where it listens on 127.0.0.1; 0 where that is not known
    why: str = ""  # it is not up, in words
    next_try_s: float | None = None  # when it is started again after a crash
    attempt: int = 0  # what it offers may change with each
    since_s: float | None = None  # when that attempt was started


@dataclass(frozen=True)
class Routes:
    """`number` grows with each change, so that the proxy can say which ones it follows."""

    number: int = 0
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True)
class Seen:
    """By job: requests under way, when the last one began or ended, and who is to be woken."""

    routes: int = 0  # `Routes.number` that is followed
    in_flight: dict[str, int] = field(default_factory=dict)
    last_s: dict[str, float] = field(default_factory=dict)  # seconds since the epoch
    wishes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Offer:
    """The models that a service had when it was last asked, as it lists them; none where it is no
    language model."""

    job: str
    attempt: int
    models: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Offers:
    offers: tuple[Offer, ...] = ()
