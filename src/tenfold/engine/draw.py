"""What a card draws by its model, and how much of it each of those who share it has.

Its idle watts, and above them what each job says of itself or what its kind of work draws by the
card's curve; on a part of the card so much of that. Nothing here was measured on the card.
"""

from __future__ import annotations

from collections.abc import Sequence

from tenfold.engine.standing import Tenant
from tenfold.terms.box import Device, Slot
from tenfold.terms.mig import SLICES


def draw_w(card: Device, tenants: Sequence[Tenant]) -> float | None:
    """With these on it; None where nothing tells."""
    if not tenants:
        return card.idle_w if card.idle_w > 0 else None
    above = [
        above_idle_w(card, one, part)
        for one, part in zip(tenants, parts(card, tenants), strict=True)
    ]
    known = [watts for watts in above if watts is not None]
    if len(known) < len(above):
        return None
    together_w = card.idle_w + sum(known)
    return min(together_w, card.cap_w) if card.cap_w > 0 else together_w


def above_idle_w(card: Device, one: Tenant, part: float) -> float | None:
    """What the job says of itself, else what its kind of work draws on so much of the card."""
    if one.watts is not None:
        return one.watts / len(one.slot.devices)
    highest_w = card.highest_w or card.cap_max_w
    curve = next((curve for curve in card.curves if curve.load == one.load), None)
    if curve is None or highest_w <= 0 or card.cap_w <= 0:
        return None
    at_cap_w = highest_w * curve.draw(min(1.0, card.cap_w / highest_w))
    return max(0.0, at_cap_w - card.idle_w) * part


def parts(card: Device, tenants: Sequence[Tenant]) -> list[float]:
    """How much of the card's compute each has; together at most all of it."""
    asked = [_part(card, one.slot) for one in tenants]
    return [part / max(1.0, sum(asked)) for part in asked]


def _part(card: Device, slot: Slot) -> float:
    if slot.slice is None:
        return 1.0 if slot.fraction is None else slot.fraction
    profile = card.mig.profile(slot.slice.profile) if card.mig is not None else None
    if card.mig is None or profile is None:
        return slot.slice.size / SLICES
    return profile.compute / max(one.compute for one in card.mig.profiles)
