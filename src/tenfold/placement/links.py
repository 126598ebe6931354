"""Cards that belong together: a gang keeps to bridges and switches, and breaks as few as it can.

A bridge joins a pair (or a whole board), a switch the cards on one PCIe switch. Data between cards
goes over the worst link that a gang contains, so one switch comes before several, then whole
bridges; a gang that needs part of a bridge takes one that is broken already.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tenfold.terms.box import Device


def linked(able: Sequence[Device], count: int, rank: Mapping[str, float]) -> list[Device]:
    """`count` of the `able`, which stand in the order of preference and are enough."""
    if not any(gpu.bridge or gpu.switch for gpu in able):
        return list(able[:count])
    # What may never become free is the last resort, whatever its links.
    soon = [gpu for gpu in able if rank.get(gpu.id, 0.0) < math.inf]
    if len(soon) < count:
        late = [gpu for gpu in able if rank.get(gpu.id, 0.0) == math.inf]
        return soon + linked(late, count - len(soon), {})
    switches = _groups(soon, "switch")
    enough = [group for group in switches if len(group) >= count]
    if enough:
        return _bridged(min(enough, key=len), count)
    chosen: list[Device] = []
    for group in sorted(switches, key=len, reverse=True):
        chosen += _bridged(group, min(len(group), count - len(chosen)))
    return chosen


def _bridged(able: Sequence[Device], count: int) -> list[Device]:
    """Whole bridges first; what is left comes from the smallest group that gives it."""
    chosen: list[Device] = []
    groups = _groups(able, "bridge")
    while len(chosen) < count:
        missing = count - len(chosen)
        larger = [group for group in groups if len(group) >= missing]
        group = min(larger, key=len) if larger else max(groups, key=len)
        groups.remove(group)
        chosen += group[:missing]
    return chosen


def _groups(able: Sequence[Device], link: str) -> list[list[Device]]:
    """By the word of their link, in order; a card without a bridge stands alone."""
    found: dict[str, list[Device]] = {}
    for gpu in able:
        word: str = getattr(gpu, link)
        found.setdefault(word or (gpu.id if link == "bridge" else ""), []).append(gpu)
    return list(found.values())
