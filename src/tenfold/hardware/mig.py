"""How cards can be carved: MIG profiles, placements, memory and multiprocessors as data.

The tables are what drivers print (`nvidia-smi mig -lgip` and `-lgipp`); on a live card the driver's
own answer wins, see `from_driver`. A card without a table here is given whole. Multiprocessors are
not proportional to slices on Hopper: 1g.20gb has 26 of 132, 3g.40gb 60.

Seconds: medians in the FAR scheduler's cost table (artecs-group/RL_MIG_scheduler, H100 and A100).
It has no row for the double-memory 1g profile, which takes the 1g's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tenfold.terms.mig import SLICES, Geometry, Placement, Profile


@dataclass(frozen=True)
class _Shape:
    """What a profile is on every card with eight memory slices."""

    id: int
    compute: int
    most: int
    starts: tuple[int, ...]
    size: int


# Starts: `nvidia-smi mig -lgipp` on H100; H100 NVL, H200 and A100 print the same ids and starts.
_SHAPES = (
    _Shape(19, 1, 7, (0, 1, 2, 3, 4, 5, 6), 1),
    _Shape(20, 1, 1, (0, 1, 2, 3, 4, 5, 6), 1),  # +me
    _Shape(15, 1, 4, (0, 2, 4, 6), 2),
    _Shape(14, 2, 3, (0, 2, 4), 2),
    _Shape(9, 3, 2, (0, 4), 4),
    _Shape(5, 4, 1, (0,), 4),
    _Shape(0, 7, 1, (0,), 8),
)
# One column a shape: copy engines, decoders, JPEG engines, optical flow.
_HOPPER_ENGINES = (
    (1, 1, 1, 0),
    (1, 1, 1, 1),
    (1, 1, 1, 0),
    (2, 2, 2, 0),
    (3, 3, 3, 0),
    (4, 4, 4, 0),
    (8, 7, 7, 1),
)
_AMPERE_ENGINES = (
    (1, 0, 0, 0),
    (1, 1, 1, 1),
    (1, 1, 0, 0),
    (2, 1, 0, 0),
    (3, 2, 0, 0),
    (4, 2, 0, 0),
    (7, 5, 1, 1),
)
# Seconds to create and to destroy one.
_HOPPER_S = (
    (0.16, 0.21),
    (0.16, 0.21),
    (0.16, 0.21),
    (0.21, 0.23),
    (0.33, 0.25),
    (0.38, 0.26),
    (0.42, 0.26),
)
# Destroying took 0.20 to 0.22 s there, whatever the size.
_AMPERE_S = (
    (0.16, 0.22),
    (0.16, 0.22),
    (0.16, 0.22),
    (0.17, 0.22),
    (0.20, 0.22),
    (0.21, 0.22),
    (0.24, 0.22),
)
_H100_SM = (16, 16, 26, 32, 60, 64, 132)
_H100_PCIE_SM = (14, 14, 14, 30, 46, 62, 114)
_A100_SM = (14, 14, 14, 28, 42, 56, 98)  # of 108


def _geometry(
    names: str,
    memory_gib: tuple[float, ...],
    sm: tuple[int, ...],
    source: str,
    engines: tuple[tuple[int, int, int, int], ...] = _HOPPER_ENGINES,
    seconds: tuple[tuple[float, float], ...] = _HOPPER_S,
) -> Geometry:
    rows = zip(names.split(), _SHAPES, memory_gib, sm, engines, seconds, strict=True)
    return Geometry(
        tuple(
            Profile(
                name=name,
                id=shape.id,
                compute=shape.compute,
                memory_gib=gib,
                sm=count,
                most=shape.most,
                starts=shape.starts,
                size=shape.size,
                copy_engines=has[0],
                decoders=has[1],
                jpeg=has[2],
                flow=has[3],
                create_s=takes[0],
                destroy_s=takes[1],
            )
            for name, shape, gib, count, has, takes in rows
        ),
        source,
    )


_80GB = "1g.10gb 1g.10gb+me 1g.20gb 2g.20gb 3g.40gb 4g.40gb 7g.80gb"
_H100_GIB = (9.75, 9.75, 19.62, 19.62, 39.50, 39.50, 79.25)
_H200 = _geometry(
    "1g.18gb 1g.18gb+me 1g.35gb 2g.35gb 3g.71gb 4g.71gb 7g.141gb",
    (16.0, 16.0, 32.5, 32.5, 69.75, 69.75, 140.0),
    _H100_SM,
    "names: NVIDIA MIG user guide; GiB: a parser's test fixture, and for 3g and 4g what a program "
    "on a 3g.71gb was shown (69.8, 60 multiprocessors); the rest as H100 SXM",
)

# By the card's name in `models`.
GEOMETRIES = {
    "H100-SXM": _geometry(
        _80GB, _H100_GIB, _H100_SM, "nvidia-smi mig -lgip and -lgipp, several H100 SXM"
    ),
    "H100-PCIe": _geometry(
        _80GB, _H100_GIB, _H100_PCIE_SM, "nvidia-smi mig -lgip, H100 PCIe with 114 multiprocessors"
    ),
    "H100-NVL": _geometry(
        "1g.12gb 1g.12gb+me 1g.24gb 2g.24gb 3g.47gb 4g.47gb 7g.94gb",
        (10.75, 10.75, 21.62, 21.62, 46.38, 46.38, 93.12),
        _H100_SM,
        "nvidia-smi mig -lgip, H100 NVL",
    ),
    "H200-SXM": _H200,
    "H200-NVL": replace(_H200, source=f"{_H200.source}; taken from the SXM card"),
    "A100-80GB": _geometry(
        _80GB,
        (9.5, 9.5, 19.5, 19.5, 39.25, 39.25, 79.0),
        _A100_SM,
        "nvidia-smi mig -lgip, A100 80 GB",
        _AMPERE_ENGINES,
        _AMPERE_S,
    ),
    "A100-40GB": _geometry(
        "1g.5gb 1g.5gb+me 1g.10gb 2g.10gb 3g.20gb 4g.20gb 7g.40gb",
        (4.75, 4.75, 9.62, 9.62, 19.5, 19.5, 39.25),
        _A100_SM,
        "nvidia-smi mig -lgip, NVIDIA MIG user guide, A100 40 GB",
        _AMPERE_ENGINES,
        _AMPERE_S,
    ),
}


@dataclass(frozen=True)
class DriverProfile:
    """One profile as a live driver tells it: its info, and its possible placements."""

    name: str  # `MIG 2g.20gb` or `2g.20gb`
    id: int
    compute: int
    memory_mib: int
    sm: int
    most: int
    placements: tuple[tuple[int, int], ...]  # (start, size)
    copy_engines: int = 0
    decoders: int = 0
    jpeg: int = 0
    flow: int = 0


def from_driver(told: Iterable[DriverProfile], known: Geometry | None = None) -> Geometry | None:
    """The geometry of a live card; None where the driver offers no placement at all.

    What the driver says wins over the table; only the seconds come from `known`.
    """
    profiles = []
    for one in told:
        sizes = {size for _, size in one.placements}
        starts = tuple(sorted(start for start, _ in one.placements))
        if len(sizes) != 1 or starts[-1] + max(sizes) > SLICES:
            continue  # nothing to place, or nothing that this model of a card can hold
        name = one.name.removeprefix("MIG ").strip()
        like = known.profile(name) if known else None
        profiles.append(
            Profile(
                name=name,
                id=one.id,
                compute=one.compute,
                memory_gib=one.memory_mib / 1024,
                sm=one.sm,
                most=one.most,
                starts=starts,
                size=max(sizes),
                copy_engines=one.copy_engines,
                decoders=one.decoders,
                jpeg=one.jpeg,
                flow=one.flow,
                create_s=like.create_s if like else 0.0,
                destroy_s=like.destroy_s if like else 0.0,
            )
        )
    if not profiles:
        return None
    profiles.sort(key=lambda profile: (profile.compute, profile.size, profile.id == 20))
    return Geometry(tuple(profiles), "this card's driver")


def layouts(geometry: Geometry, without: Iterable[str] = ()) -> list[frozenset[Placement]]:
    """Every legal layout of the plain profiles, the empty one included. `+me` is left out: it
    stands wherever a 1g does."""
    left_out = set(without)
    places = [
        place
        for profile in geometry.profiles
        if not profile.with_media and profile.name not in left_out
        for place in profile.placements
    ]
    found: list[tuple[int, frozenset[Placement]]] = [(0, frozenset())]
    for place in places:
        found += [
            (mask | place.mask, layout | {place}) for mask, layout in found if not mask & place.mask
        ]
    return [layout for _, layout in found]
