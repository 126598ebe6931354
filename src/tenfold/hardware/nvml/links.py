"""How a card is connected: PCIe, NVLink, and what lies between it and its neighbours.

`links` is a reading; `bridges` and `switches` name the groups of cards that placement keeps
together, once, when the box is looked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

from tenfold.hardware.nvml.library import Library
from tenfold.terms.reading import GpuLinks, GpuPeer, Measured, Missing

NVLINKS = 18  # of a Hopper card, the most that NVML counts (NVML_NVLINK_MAX_LINKS in nvml.h)

_ONE_SWITCH = 10
# nvmlGpuTopologyLevel_t of nvml.h.
_PATHS = {
    0: "on the same board",
    _ONE_SWITCH: "through one PCIe switch",
    20: "through several PCIe switches",
    30: "through the PCIe host bridge",
    40: "through one CPU socket",
    50: "from one CPU socket to another",
}


def links(
    library: Library, handle: Any, others: Mapping[str, Any], buses: Mapping[str, str]
) -> GpuLinks:
    """Of one card. `others`: id -> handle of the other cards; `buses`: PCI bus id -> id."""
    active = _nvlinks(library, handle)
    remote = [] if isinstance(active, Missing) else _remotes(library, handle, active)
    straight = Counter(buses.get(bus, "") for bus in remote)
    return GpuLinks(
        pcie_generation=library.number("nvmlDeviceGetCurrPcieLinkGeneration", handle),
        pcie_width=library.number("nvmlDeviceGetCurrPcieLinkWidth", handle),
        pcie_replays=library.number("nvmlDeviceGetPcieReplayCounter", handle),
        nvlinks=active if isinstance(active, Missing) else len(active),
        peers=tuple(
            GpuPeer(id, _path(library, handle, other), straight[id]) for id, other in others.items()
        ),
    )


def bridges(library: Library, handles: Sequence[Any], buses: Sequence[str]) -> list[str]:
    """For each card the name of its NVLink group: the pair or three that a bridge joins, or all
    whose links lead to a switch of the board; empty for a card without links."""
    reached: list[set[str]] = []
    for handle in handles:
        active = _nvlinks(library, handle)
        lead = set() if isinstance(active, Missing) else set(_remotes(library, handle, active))
        reached.append({bus if bus in buses else "switch" for bus in lead})

    def joined(one: int, other: int) -> bool:
        return buses[other] in reached[one] or "switch" in reached[one] & reached[other]

    return _groups(len(handles), joined, "bridge")


def switches(library: Library, handles: Sequence[Any]) -> list[str]:
    """For each card the name of the group that hangs on one PCIe switch with it, or empty."""

    def joined(one: int, other: int) -> bool:
        call = "nvmlDeviceGetTopologyCommonAncestor"
        level = library.ask(call, handles[one], handles[other])
        return not isinstance(level, Missing) and level <= _ONE_SWITCH

    return _groups(len(handles), joined, "switch")


def _groups(count: int, joined: Callable[[int, int], bool], word: str) -> list[str]:
    """`word` and a number for each group of two or more."""
    group = list(range(count))
    for one, other in combinations(range(count), 2):
        if joined(one, other):
            group = [group[one] if number == group[other] else number for number in group]
    sizes = Counter(group)
    numbers = {root: n for n, root in enumerate(dict.fromkeys(g for g in group if sizes[g] > 1))}
    return [f"{word}{numbers[root]}" if root in numbers else "" for root in group]


def _path(library: Library, one: Any, other: Any) -> str:
    """What data crosses between two cards on PCIe, in words."""
    level = library.ask("nvmlDeviceGetTopologyCommonAncestor", one, other)
    if isinstance(level, Missing):
        return f"unknown: {level.why}"
    return _PATHS.get(level, f"topology level {level}")


def _remotes(library: Library, handle: Any, active: Sequence[int]) -> list[str]:
    """The PCI bus ids that these links lead to: of a card, or of a switch."""
    found = [library.ask("nvmlDeviceGetNvLinkRemotePciInfo", handle, link) for link in active]
    return [remote.busId for remote in found if not isinstance(remote, Missing)]


def _nvlinks(library: Library, handle: Any) -> list[int] | Missing:
    """The links that are up. A card with fewer than NVLINKS refuses the numbers it has not."""
    up: list[int] = []
    for link in range(NVLINKS):
        state: Measured = library.number("nvmlDeviceGetNvLinkState", handle, link)
        if isinstance(state, Missing):
            return state if link == 0 else up
        if state:
            up.append(link)
    return up
