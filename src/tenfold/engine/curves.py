"""Curves that `tenfold calibrate` has measured on the owner's cards, in place of published ones.

HOME/curves.json: {card's UUID: {"model", "at", "curves": [{load, caps, speeds, draws, source}]}},
`at` in ISO 8601; caps and draws as shares of the card's highest limit, speeds of that there. The
command writes it. The daemon reads it when it starts, and again when it has changed.

For each kind of work a card has its own curve, else the newest one of its model, else the default.
Speeds are made to rise: a measurement below that of a lower limit counts as that one.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from tenfold.terms.box import Aside, Box, Device, DeviceKind
from tenfold.terms.curve import Curve
from tenfold.terms.refusal import Refusal, refusal

LOOK_S = 5.0
KNEE_LOAD = "compute"  # the knee is of the work that a limit slows most

Measured = Mapping[str, tuple[Curve, ...]]  # by UUID, and by model

log = logging.getLogger("tenfold.engine")


def measured(path: Path) -> Measured:
    """Curves by UUID and by model; none without a file. A Refusal (`curves.file`) where it holds
    anything but what is described above."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise refusal("curves.file", path=path, why=f"It is not JSON: {error}.") from error
    try:
        cards = [_card(uuid, told) for uuid, told in _object(content, "the file").items()]
    except ValueError as error:
        raise refusal("curves.file", path=path, why=f"{error}.") from error
    found: dict[str, tuple[Curve, ...]] = {}
    for card in sorted(cards, key=lambda card: card.at):
        newer = {curve.load: curve for curve in card.curves}
        older = {curve.load: curve for curve in found.get(card.model, ())}
        found[card.model] = tuple((older | newer).values())
    return found | {card.uuid: card.curves for card in cards}


def with_curves(box: Box, measured: Measured) -> Box:
    """The box with measured curves on its cards, and their knees; `box` has the default ones."""
    if not measured:
        return box
    nodes = (
        replace(
            node,
            devices=tuple(_on(device, measured) for device in node.devices),
            aside=tuple(Aside(_on(one.device, measured), one.why) for one in node.aside),
        )
        for node in box.nodes
    )
    return replace(box, nodes=tuple(nodes))


def knee(curve: Curve) -> float:
    """The highest limit below which speed falls faster than watts: the upper end of the topmost
    piece between two points that loses more than one hundredth of full speed for a hundredth of the
    highest limit. Where no piece does, the lowest limit that was measured: of what lies below
    nobody knows."""
    points = list(zip(curve.caps, curve.speeds, strict=True))
    steep = [
        right for (left, low), (right, high) in pairwise(points) if high - low > right - left + 1e-9
    ]
    return max(steep, default=curve.caps[0])


class CurvesFile:
    """The file as it was read last. For the tick's thread."""

    def __init__(self, path: Path) -> None:
        """Raises the Refusal of `measured`."""
        self._path = path
        self._mark = _mark(path)
        self._found = measured(path)
        self._looked_s = -math.inf

    def over(self, box: Box) -> Box:
        return with_curves(box, self._found)

    def changed(self, now_s: float) -> bool:
        """Whether the file has changed and was read anew; looks every LOOK_S. One that cannot be
        used is told in the log, and what was known stays."""
        if 0 <= now_s - self._looked_s < LOOK_S:
            return False
        self._looked_s = now_s
        mark = _mark(self._path)
        if mark == self._mark:
            return False
        self._mark = mark
        try:
            self._found = measured(self._path)
        except Refusal as no:
            log.error("%s", no)
            return False
        return True


@dataclass(frozen=True)
class _Card:
    uuid: str
    model: str
    at: datetime
    curves: tuple[Curve, ...]


def _card(uuid: str, told: Any) -> _Card:
    fields = _object(told, uuid)
    model, curves = fields.get("model"), fields.get("curves")
    if not isinstance(model, str) or not model:
        raise ValueError(f"{uuid}: 'model' is the name of a card, not {model!r}")
    if not isinstance(curves, list) or not curves:
        raise ValueError(f"{uuid}: 'curves' is a list with at least one of them")
    found = tuple(_curve(one, f"{uuid}, curve {n}") for n, one in enumerate(curves, 1))
    if len({curve.load for curve in found}) < len(found):
        raise ValueError(f"{uuid}: two curves are of one kind of work")
    return _Card(uuid, model, _moment(fields.get("at"), uuid), found)


def _curve(told: Any, where: str) -> Curve:
    fields = _object(told, where)
    load = fields.get("load")
    if not isinstance(load, str) or not load:
        raise ValueError(f"{where}: 'load' is a kind of work, not {load!r}")
    caps, speeds, draws = (_shares(fields, name, where) for name in ("caps", "speeds", "draws"))
    if len(caps) < 2 or not len(caps) == len(speeds) == len(draws):
        raise ValueError(f"{where}: 'caps', 'speeds' and 'draws' are as many, at least two")
    if any(left >= right for left, right in pairwise(caps)) or caps[-1] != 1.0:
        raise ValueError(f"{where}: 'caps' rise, and end at 1")
    if abs(speeds[-1] - 1.0) > 1e-6:
        raise ValueError(f"{where}: 'speeds' end at 1")
    rising = tuple(accumulate((min(1.0, speed) for speed in speeds), max))
    return Curve(load, caps, rising, draws, str(fields.get("source", "")))


def _shares(fields: Mapping[str, Any], name: str, where: str) -> tuple[float, ...]:
    """Above 0; a little above 1 is what a measurement may say."""
    values = fields.get(name)
    if not isinstance(values, list) or not all(map(_is_share, values)):
        raise ValueError(f"{where}: '{name}' is a list of shares above 0 and up to 1")
    return tuple(map(float, values))


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1.2


def _moment(value: Any, uuid: str) -> datetime:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f"{uuid}: 'at' is a moment in ISO 8601, not {value!r}") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where} is an object with fields, not {value!r}"[:300])
    return value


def _on(device: Device, measured: Measured) -> Device:
    if device.kind is not DeviceKind.GPU:
        return device
    found = _by_load(measured.get(device.model, ())) | _by_load(measured.get(device.id, ()))
    if not found:
        return device
    compute = found.get(KNEE_LOAD)
    return replace(
        device,
        curves=tuple((_by_load(device.curves) | found).values()),
        knee=device.knee if compute is None else knee(compute),
    )


def _by_load(curves: Iterable[Curve]) -> dict[str, Curve]:
    return {curve.load: curve for curve in curves}


def _mark(path: Path) -> tuple[int, int, int] | None:
    """Another one when the file was replaced; None without a file."""
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_mtime_ns, told.st_size, told.st_ino
