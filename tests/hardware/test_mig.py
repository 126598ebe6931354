"""The geometry of cards: counted, and compared with what others published."""

from __future__ import annotations

import dataclasses

import pytest

from tenfold.hardware import mig, models
from tenfold.hardware.declared import box
from tenfold.hardware.mig import GEOMETRIES, DriverProfile, from_driver, layouts
from tenfold.terms.mig import Geometry, Placement

H100 = GEOMETRIES["H100-SXM"]
# The 13 multisets of compute slices in MISO's partition_code.json (boringlee24/socc22-miso, MIT).
# It leaves out 4g + 3g, which the card allows.
MISO = [
    *([7], [1, 1, 1, 1, 1, 1, 1], [2, 1, 1, 1, 1, 1], [2, 2, 1, 1, 1], [2, 2, 2, 1]),
    *([3, 1, 1, 1], [3, 1, 1, 1, 1], [3, 2, 1], [3, 2, 1, 1], [3, 2, 2], [3, 3]),
    *([4, 1, 1, 1], [4, 2, 1]),
]


def maximal(geometry: Geometry, without: tuple[str, ...] = ()) -> list[frozenset[Placement]]:
    known = set(layouts(geometry, without))
    places = [
        place
        for profile in geometry.profiles
        if not profile.with_media and profile.name not in without
        for place in profile.placements
    ]
    return [
        one
        for one in known
        if not any({*one, place} in known for place in places if place not in one)
    ]


def multisets(geometry: Geometry, found: list[frozenset[Placement]]) -> set[tuple[int, ...]]:
    compute = {profile.name: profile.compute for profile in geometry.profiles}
    return {tuple(sorted((compute[p.profile] for p in one), reverse=True)) for one in found}


@pytest.mark.parametrize("name", GEOMETRIES)
def test_the_layouts_are_counted(name: str) -> None:
    """By brute force over the driver's table: the same on every card with its starts."""
    geometry = GEOMETRIES[name]
    double = geometry.profiles[2].name  # 1g with twice the memory
    assert len(layouts(geometry)) == 723
    found = maximal(geometry)
    names = {tuple(sorted(place.profile for place in one)) for one in found}
    assert (len(found), len(names)) == (78, 38)
    assert len(layouts(geometry, [double])) == 298
    plain = maximal(geometry, (double,))
    assert (len(plain), len(multisets(geometry, plain))) == (19, 14)


def test_misos_multisets_are_ours_but_for_one() -> None:
    plain = multisets(H100, maximal(H100, ("1g.20gb",)))
    assert plain == {tuple(one) for one in MISO} | {(4, 3)}


def test_counted_layouts_are_legal_and_no_others() -> None:
    assert all(H100.legal(layout) for layout in layouts(H100))
    wrong = [
        [Placement("3g.40gb", 2, 4)],
        [Placement("4g.40gb", 4, 4)],
        [Placement("3g.40gb", 0, 3)],
        [Placement("1g.10gb", 7, 1)],
        [Placement("9g.90gb", 0, 1)],
        [Placement("3g.40gb", 4, 4), Placement("1g.10gb", 6, 1)],
        [Placement("1g.10gb+me", 0, 1), Placement("1g.10gb+me", 1, 1)],
    ]
    assert not any(H100.legal(layout) for layout in wrong)


def test_multiprocessors_come_from_the_table() -> None:
    sm = {profile.name: profile.sm for profile in H100.profiles}
    assert sm["1g.20gb"] == 26 and sm["3g.40gb"] == 60
    assert GEOMETRIES["H100-PCIe"].profiles[-1].sm == 114
    assert all(geometry.source for geometry in GEOMETRIES.values())


def test_declared_cards_carry_their_geometry() -> None:
    declared = {card.name for card in models.CARDS if card.device("gpu0", "a").mig}
    assert declared == set(GEOMETRIES)
    assert box("2xL40S").gpus[0].mig is None
    ten = box("10xH100-PCIe").gpus
    assert [gpu.bridge for gpu in ten[:4]] == ["node0:bridge0"] * 2 + ["node0:bridge1"] * 2
    both = box("8xH100-SXM+2xH100-SXM")
    assert {gpu.bridge for gpu in both.gpus} == {"node0:board", "node1:board"}
    assert both.span_factor is not None and box("8xH100-SXM").span_factor is None


def told(**other: object) -> list[DriverProfile]:
    """What a driver says of an H100: the table, with some of it changed."""
    return [
        dataclasses.replace(
            DriverProfile(
                name=f"MIG {profile.name}",
                id=profile.id,
                compute=profile.compute,
                memory_mib=round(profile.memory_gib * 1024),
                sm=profile.sm,
                most=profile.most,
                placements=tuple((place.start, place.size) for place in profile.placements),
            ),
            **(other if profile.name == "1g.20gb" else {}),  # type: ignore[arg-type]
        )
        for profile in H100.profiles
    ]


def test_what_the_driver_says_wins() -> None:
    found = from_driver(told(), H100)
    assert found is not None and len(layouts(found)) == 723
    assert [p.create_s for p in found.profiles] == [p.create_s for p in H100.profiles]
    fewer = from_driver(told(placements=((6, 2),), sm=28), H100)
    assert fewer is not None
    odd = fewer.profile("1g.20gb")
    assert odd is not None and odd.starts == (6,) and odd.sm == 28
    gone = from_driver(told(placements=()), H100)
    assert gone is not None and gone.profile("1g.20gb") is None
    assert from_driver([]) is None
    assert from_driver(told(), None).profiles[0].create_s == 0.0  # type: ignore[union-attr]


def test_seconds_are_the_published_ones() -> None:
    by_name = {profile.name: (profile.create_s, profile.destroy_s) for profile in H100.profiles}
    assert by_name["1g.10gb"] == (0.16, 0.21) and by_name["7g.80gb"] == (0.42, 0.26)
    assert mig.GEOMETRIES["A100-80GB"].profiles[-1].create_s == 0.24
