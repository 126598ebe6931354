"""Watts of a box, and the largest cap that a limit allows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.hardware.declared import box
from tenfold.site import circuits
from tenfold.site.settings import Circuit, SiteConfig, Supplies
from tenfold.site.verdict.cap import below, cap_within
from tenfold.site.verdict.drawing import drawing
from tenfold.site.verdict.power import power
from tenfold.site.verdict.wall import wall
from tenfold.terms.box import Box

NAMES = ("10xH100-PCIe", "8xH100-SXM", "6xH100-NVL", "8xH100-SXM+4xH100-PCIe", "5xL40S")


def test_watts_of_the_ten_card_box_by_hand() -> None:
    found = power(drawing(box("10xH100-PCIe"), SiteConfig()))
    assert found.host.value == 2200
    assert found.cards_idle.value == 10 * 80
    assert found.idle.value == 2200 + 10 * 80
    assert found.typical.value == pytest.approx(2200 + 10 * 350 * 0.881)
    assert found.worst.value == 2200 + 10 * 350
    assert "ServeTheHome" in found.worst.source and "PB-11133" in found.worst.source
    assert "arXiv 2506.14551" in found.typical_means


def test_nodes_add_up_and_an_unknown_host_is_named() -> None:
    found = power(drawing(box("8xH100-SXM+2xH100-SXM"), SiteConfig()))
    assert [node.worst.value for node in found.nodes] == [10_200, 1400]
    assert found.worst.value == 11_600 and not found.hosts_known
    assert "without host and fans of node1" in found.worst.source
    assert found.host.value is None


def test_the_owners_host_watts_are_for_the_whole_box() -> None:
    found = power(drawing(box("8xH100-SXM+2xH100-SXM"), SiteConfig(host_watts=5000.0)))
    assert found.host.value == 5000 and found.worst.value == 12_000 and found.hosts_known


def test_of_a_real_box_nobody_knows_the_host() -> None:
    real = replace(box("10xH100-PCIe"), modelled=False)
    assert not drawing(real, SiteConfig()).hosts_known


def test_a_card_that_overdraws_is_reckoned_as_it_draws() -> None:
    (node,) = box("10xH100-PCIe").nodes
    greedy = tuple(replace(one, overdraw=1.1) for one in node.devices)
    found = drawing(Box("greedy", (replace(node, devices=greedy),), modelled=True), SiteConfig())
    assert found.worst_w() == pytest.approx(2200 + 10 * 385)


def test_speed_under_a_cap_follows_the_curve() -> None:
    """245 W of 350 is 70 %: 0.914 of the speed by the Zeus traces."""
    found = drawing(box("10xH100-PCIe"), SiteConfig())
    assert found.speed(245) == pytest.approx(0.914)
    allowed = power(found).worst
    cap = cap_within(found, allowed, below(2200 + 2450))
    assert (cap.cap.value, cap.box.value) == (245, 4650)
    assert cap.speed.value == pytest.approx(0.914)


def test_of_cards_with_other_ranges_each_keeps_its_own() -> None:
    """Told 500 W, a PCIe card stays at its 350 W."""
    found = drawing(box("8xH100-SXM+4xH100-PCIe"), SiteConfig(host_watts=0.0))
    assert found.worst_w(500) == 8 * 500 + 4 * 350
    assert found.worst_w(300) == 8 * 406 + 4 * 300  # 0.58 x 700


CIRCUITS = st.builds(
    Circuit,
    name=st.just("c"),
    volts=st.sampled_from([120.0, 208.0, 230.0, 240.0, 400.0]),
    amps=st.sampled_from([15.0, 16.0, 20.0, 30.0, 32.0, 60.0]),
    phases=st.sampled_from([1, 3]),
    continuous=st.sampled_from([0.8, 1.0]),
    supplies=st.one_of(st.none(), st.integers(1, 6)),
)


@given(
    name=st.sampled_from(NAMES),
    wires=st.lists(CIRCUITS, min_size=1, max_size=3),
    count=st.integers(18, 24),
    host=st.one_of(st.none(), st.floats(0, 5000)),
)
def test_the_cap_that_is_told_fits_and_a_watt_more_does_not(
    name: str, wires: list[Circuit], count: int, host: float | None
) -> None:
    """By the circuits' own arithmetic, not by the limit that the verdict derived from it."""
    supplies = Supplies(count, 10_000.0)
    config = SiteConfig(circuits=tuple(wires), supplies=supplies, host_watts=host)
    place = box(name)
    drawn = drawing(place, config)
    cap = wall(place, config, drawn).cap
    assert cap is not None
    highest_w = max(card.highest_w for card in drawn.cards)
    lowest_w = min(card.lowest_w for card in drawn.cards)

    def fits(watts: float) -> bool:
        loads = circuits.loads(config.circuits, supplies, watts)
        return not any(load.trips for load in loads)

    if cap.whole:
        assert fits(drawn.worst_w())
        return
    assert not fits(drawn.worst_w())
    if cap.cap.value is not None:
        assert lowest_w <= cap.cap.value <= highest_w
        assert cap.box.value == drawn.worst_w(cap.cap.value) and fits(cap.box.value)
        assert not fits(drawn.worst_w(cap.cap.value + 1))
        return
    assert not fits(drawn.worst_w(lowest_w))
    running = int(cap.running.value or 0)
    assert running < len(drawn.cards) and not fits(drawn.some_w(running + 1))
    if cap.box.value is None:
        assert not fits(drawn.idle_w)
    else:
        assert cap.box.value == drawn.some_w(running) and fits(cap.box.value)
