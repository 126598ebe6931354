"""Whose energy it was: pure, on cards whose draw is known, beside sums made by hand."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest

from tenfold.engine.energy import Key, divided, hour_of
from tenfold.engine.standing import Host, Sample, Standing, Tenant, prices_of, samples
from tenfold.hardware import declared
from tenfold.terms.box import Box, Device, DeviceKind, Node, Slot
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.curve import Curve
from tenfold.terms.energy import HOST, IDLE, Basis, Energy, total
from tenfold.terms.mig import Placement
from tenfold.terms.reading import DeviceReading, GpuLinks, GpuReading, Measured, Missing, Reading

NONE = Missing("not here")
AT_S = 7200.0  # the begin of an hour
COMPUTE = Curve("compute", (0.5, 1.0), (0.8, 1.0), (0.5, 0.8), "made up")
LIGHT = Curve("light", (0.5, 1.0), (1.0, 1.0), (0.3, 0.3), "made up")
IDLE_W, CAP_W, BUSY_W = 50.0, 400.0, 320.0


def card(id: str = "GPU-a", **more: object) -> Device:
    made = Device(
        id,
        DeviceKind.GPU,
        "a card",
        "host",
        80.0,
        idle_w=IDLE_W,
        cap_w=CAP_W,
        cap_min_w=100.0,
        cap_max_w=CAP_W,
        curves=(COMPUTE, LIGHT),
    )
    return replace(made, **more)  # type: ignore[arg-type]


CPU = Device("cpu", DeviceKind.CPU, "a CPU", "host", 256.0, cores=16)


def box(*devices: Device, modelled: bool = False, host_w: float = 0.0) -> Box:
    node = Node("host", (*(devices or (card(),)), CPU), host_w=host_w)
    return Box("a box", (node,), modelled=modelled)


def on(job: str, *devices: str, **more: object) -> Tenant:
    slot = Slot("host", devices or ("GPU-a",), DeviceKind.GPU, 1, 80.0)
    made = Tenant(job, 1, slot, "compute", None, 0.0)
    return replace(made, **more)  # type: ignore[arg-type]


def sliced(job: str, profile: str, start: int, size: int, **more: object) -> Tenant:
    place = Placement(profile, start, size)
    slot = Slot("host", ("GPU-a",), DeviceKind.GPU, 1, 20.0, slice=place)
    return on(job, slot=slot, **more)


def share(job: str, cores: int, **more: object) -> Tenant:
    return on(job, slot=Slot("host", ("cpu",), DeviceKind.CPU, cores, 1.0), **more)


def standing(*tenants: Tenant, of: Box | None = None, **more: object) -> Standing:
    made = Standing(AT_S, of or box(), tenants, (), None)
    return replace(made, **more)  # type: ignore[arg-type]


def told(power_w: Measured = NONE, energy_j: Measured = NONE, id: str = "GPU-a") -> DeviceReading:
    links = GpuLinks(NONE, NONE, NONE, NONE)
    gpu = GpuReading(NONE, NONE, energy_j, (), (), links, ())
    return DeviceReading(id, power_w, NONE, NONE, NONE, NONE, gpu)


def cpu_told(energy_j: Measured) -> DeviceReading:
    return DeviceReading("cpu", NONE, NONE, NONE, NONE, NONE, energy_j=energy_j)


def after(length_s: float, *devices: DeviceReading) -> Reading:
    return Reading(AT_S + length_s, devices)


def before(*devices: DeviceReading) -> Mapping[str, Sample]:
    return samples(Reading(AT_S, devices))


def of(found: Mapping[Key, Energy], whose: str, basis: Basis | None = None) -> Energy:
    return total(
        one for (_, name, how), one in found.items() if name == whose and basis in (None, how)
    )


def known(found: Mapping[Key, Energy], whose: str) -> set[Basis]:
    return {how for _, name, how in found if name == whose}


def test_a_counter_goes_to_the_job_that_has_the_card() -> None:
    start = standing(on("1"), samples=before(told(300.0, 1_000.0)))
    found = divided(start, after(10, told(300.0, 4_200.0)), {}, UTC)
    assert of(found, "1") == Energy(3_200.0, 0.0, 0.0, 10.0, 10.0)
    assert known(found, "1") == {Basis.COUNTER} and IDLE not in {key[1] for key in found}


def test_a_counter_that_began_anew_is_never_negative() -> None:
    start = standing(on("1"), samples=before(told(NONE, 5_000.0)))
    found = divided(start, after(10, told(NONE, 20.0)), {}, UTC)
    # Then the model, since somebody looked; of a time when nobody did, nothing.
    assert of(found, "1", Basis.MODELLED).joules == pytest.approx(BUSY_W * 10)
    start = replace(start, watched=False)
    found = divided(start, after(10, told(NONE, 20.0)), {}, UTC)
    assert of(found, "1") == Energy(seconds=10.0, gpu_s=10.0) and known(found, "1") == {
        Basis.UNKNOWN
    }
    # A card that tells its watts is read instead.
    start = standing(on("1"), samples=before(told(100.0, 5_000.0)))
    found = divided(start, after(10, told(300.0, 20.0)), {}, UTC)
    assert of(found, "1", Basis.READING).joules == pytest.approx(2_000.0)


def test_watts_tell_nothing_about_a_time_in_which_nobody_looked() -> None:
    start = standing(on("1"), samples=before(told(300.0)))
    assert of(divided(start, after(60, told(300.0)), {}, UTC), "1").joules == 18_000.0
    found = divided(start, after(3000, told(300.0)), {}, UTC)
    assert known(found, "1") == {Basis.UNKNOWN} and of(found, "1").seconds == 3000.0
    # A counter does.
    start = standing(on("1"), samples=before(told(300.0, 0.0)), watched=False)
    found = divided(start, after(3000, told(300.0, 7e5)), {}, UTC)
    assert of(found, "1", Basis.COUNTER).joules == pytest.approx(7e5)


def test_a_card_that_nobody_has_is_idle() -> None:
    start = standing(samples=before(told(50.0, 0.0)))
    found = divided(start, after(10, told(50.0, 540.0)), {}, UTC)
    assert of(found, IDLE) == Energy(540.0, 0.0, 0.0, 10.0, 10.0)


def test_who_left_does_not_pay_for_the_idle_card_after_it() -> None:
    """A job of one minute, and nobody looks for an hour: 320 W, then 50 W."""
    drawn_j = BUSY_W * 60 + IDLE_W * 3540
    start = standing(on("1"), samples=before(told(NONE, 0.0)), watched=False)
    found = divided(start, after(3600, told(NONE, drawn_j)), {"1": AT_S + 60}, UTC)
    assert of(found, "1").joules == pytest.approx(BUSY_W * 60)
    assert of(found, "1").gpu_s == pytest.approx(60)
    assert of(found, IDLE).joules == pytest.approx(IDLE_W * 3540)
    # Where nothing is known of the card, time decides.
    plain = box(card(idle_w=0.0, curves=()))
    found = divided(
        replace(start, box=plain), after(3600, told(NONE, 3600.0)), {"1": AT_S + 900}, UTC
    )
    assert of(found, "1").joules == pytest.approx(900.0)


def test_one_that_came_within_the_time_pays_from_then() -> None:
    start = standing(on("1", from_s=AT_S + 30), of=box(modelled=True))
    found = divided(start, after(60), {}, UTC)
    assert of(found, "1").joules == pytest.approx(BUSY_W * 30)
    assert of(found, IDLE).joules == pytest.approx(IDLE_W * 30)


def h100() -> Device:
    (gpu, _) = declared.box("1xH100-PCIe").devices
    return card(mig=gpu.mig)


def test_slices_share_by_compute_and_the_rest_is_idle() -> None:
    """400 J/s of which 50 are the idle card's: three of seven compute slices run."""
    small, half = sliced("1", "1g.10gb", 0, 1), sliced("2", "2g.20gb", 2, 2)
    start = standing(small, half, of=box(h100()), samples=before(told(NONE, 0.0)))
    found = divided(start, after(10, told(NONE, 4_000.0)), {}, UTC)
    idle_j, above_j = IDLE_W * 10, 4_000.0 - IDLE_W * 10
    assert of(found, "1").joules == pytest.approx(idle_j / 7 + above_j / 3)
    assert of(found, "2").joules == pytest.approx(idle_j * 2 / 7 + above_j * 2 / 3)
    assert of(found, IDLE).joules == pytest.approx(idle_j * 4 / 7)
    assert of(found, "2").gpu_s == pytest.approx(10 * 2 / 7)
    assert of(found, IDLE).gpu_s == pytest.approx(10 * 4 / 7)
    assert of(found, "2").seconds == 10


def test_a_slice_is_modelled_by_its_part_of_the_curve() -> None:
    start = standing(sliced("1", "3g.40gb", 0, 4), of=box(h100(), modelled=True))
    found = divided(start, after(10), {}, UTC)
    assert of(found, "1", Basis.MODELLED).joules == pytest.approx(10 * 3 / 7 * BUSY_W)
    assert of(found, IDLE).joules == pytest.approx(10 * 4 / 7 * IDLE_W)


def test_accounts_share_by_what_they_have_of_the_card() -> None:
    slots = [Slot("host", ("GPU-a",), DeviceKind.GPU, 1, 20.0, fraction=f) for f in (0.25, 0.5)]
    tenants = [on(str(n), slot=slot) for n, slot in enumerate(slots, 1)]
    start = standing(*tenants, samples=before(told(NONE, 0.0)))
    found = divided(start, after(10, told(NONE, 3_500.0)), {}, UTC)
    assert of(found, "1").joules == pytest.approx(125 + 1_000)
    assert of(found, "2").joules == pytest.approx(250 + 2_000)
    assert of(found, IDLE).joules == pytest.approx(125)


def test_the_model_knows_the_kind_of_work_the_limit_and_the_jobs_own_word() -> None:
    def drawn_w(of_card: Device, **more: object) -> float:
        start = standing(on("1", **more), of=box(of_card, modelled=True))
        return of(divided(start, after(1), {}, UTC), "1").joules

    assert drawn_w(card()) == pytest.approx(BUSY_W)
    assert drawn_w(card(), load="light") == pytest.approx(0.3 * CAP_W)
    assert drawn_w(card(cap_w=200.0)) == pytest.approx(200.0)
    # A real card may have been lowered by its owner: the curve is of its highest limit.
    assert drawn_w(card(cap_max_w=200.0, cap_w=200.0, highest_w=CAP_W)) == pytest.approx(200.0)
    assert drawn_w(card(), watts=70.0) == pytest.approx(IDLE_W + 70.0)
    assert drawn_w(card(), watts=900.0) == pytest.approx(CAP_W)


def test_a_gang_has_its_wall_seconds_once() -> None:
    both = (card("GPU-a"), card("GPU-b"))
    start = standing(
        on("1", "GPU-a", "GPU-b"), of=box(*both), samples=before(told(NONE, 0.0), told(id="GPU-b"))
    )
    found = divided(start, after(10, told(NONE, 1_000.0), told(id="GPU-b")), {}, UTC)
    assert of(found, "1", Basis.COUNTER) == Energy(1_000.0, 0.0, 0.0, 10.0, 5.0)
    assert of(found, "1", Basis.MODELLED).joules == pytest.approx(BUSY_W * 10)
    assert of(found, "1").seconds == 10.0 and of(found, "1").gpu_s == 20.0


def test_a_price_splits_exactly_where_it_begins() -> None:
    steps = (BudgetStep(0, 1e4, 0.40), BudgetStep(AT_S + 45, 1e4, 0.10), BudgetStep(9e9, 1e4, 9.0))
    start = standing(on("1"), samples=before(told(NONE, 0.0)), prices=prices_of(Budget(steps)))
    found = divided(start, after(60, told(NONE, 3.6e6)), {}, UTC)
    assert of(found, "1").joules == pytest.approx(3.6e6)
    assert of(found, "1").money == pytest.approx(0.75 * 0.40 + 0.25 * 0.10)
    assert of(found, "1").priced_j == pytest.approx(3.6e6)


def test_of_what_has_no_price_there_is_no_money() -> None:
    steps = (BudgetStep(0, 1e4, None), BudgetStep(AT_S + 30, 1e4, -0.20))
    start = standing(on("1"), of=box(modelled=True), prices=prices_of(Budget(steps)))
    found = of(divided(start, after(60), {}, UTC), "1")
    assert found.priced_j == pytest.approx(found.joules / 2)
    assert found.money == pytest.approx(-0.20 * BUSY_W * 30 / 3.6e6)  # some tariffs pay


def test_hours_are_cut_where_they_begin_in_every_zone() -> None:
    assert hour_of(AT_S + 3599.9, UTC) == AT_S and hour_of(AT_S + 3600, UTC) == AT_S + 3600
    nepal = timezone(timedelta(hours=5, minutes=45))
    assert hour_of(AT_S, nepal) == AT_S - 2700 and hour_of(AT_S + 900, nepal) == AT_S + 900
    start = standing(on("1"), of=box(modelled=True))
    found = divided(start, after(9000), {}, UTC)
    by_hour = {hour: energy.joules for (hour, whose, _), energy in found.items() if whose == "1"}
    assert by_hour == pytest.approx(
        {AT_S + n * 3600: BUSY_W * length for n, length in enumerate((3600, 3600, 1800))}
    )


def test_cpu_shares_have_their_cores_of_the_packages_and_the_host_the_rest() -> None:
    tenants = (share("1", 4), share("2", 8), on("3"))  # 3 has a card, and a core beside it
    start = standing(*tenants, samples=before(cpu_told(0.0)))
    found = divided(start, after(10, cpu_told(1_300.0)), {}, UTC)
    assert of(found, "1", Basis.COUNTER).joules == pytest.approx(400.0)
    assert of(found, "2").joules == pytest.approx(800.0)
    assert of(found, HOST, Basis.COUNTER).joules == pytest.approx(100.0)
    assert of(found, "1").gpu_s == 0
    # What the owner says of the host has the packages in it.
    start = replace(start, host=Host(Basis.MODELLED, 500.0))
    found = divided(start, after(10, cpu_told(1_300.0)), {}, UTC)
    assert of(found, HOST).joules == pytest.approx(5_000.0 - 1_200.0)
    assert known(found, HOST) == {Basis.MODELLED}


def test_a_cpu_share_without_a_counter_is_as_it_says_or_unknown() -> None:
    start = standing(share("1", 4), share("2", 4, watts=60.0))
    found = divided(start, after(10), {}, UTC)
    assert known(found, "1") == {Basis.UNKNOWN} and of(found, "1") == Energy(seconds=10.0)
    assert of(found, "2", Basis.MODELLED).joules == pytest.approx(600.0)
    assert known(found, HOST) == {Basis.UNKNOWN} and of(found, HOST).joules == 0.0


def test_a_clock_that_was_put_back_counts_nothing() -> None:
    start = standing(on("1"), samples=before(told(300.0, 0.0)))
    assert divided(start, after(0, told(300.0, 9.0)), {}, UTC) == {}
    assert divided(start, after(-3600, told(300.0, 9.0)), {}, UTC) == {}


@pytest.mark.parametrize("seed", range(40))
def test_jobs_idle_and_host_are_together_what_the_box_drew(seed: int) -> None:
    """Random tenants that come and go on a declared box: beside the integral of its draw, made
    here second by second, without the code under test."""
    chance = random.Random(seed)
    cards = tuple(card(f"GPU-{n}", cap_w=chance.choice((200.0, 300.0, 400.0))) for n in range(3))
    length_s = chance.choice((7, 240, 5400))
    tenants: list[Tenant] = []
    for gpu in cards:
        cuts = sorted(chance.sample(range(length_s + 1), 4))
        for n, (a, b) in enumerate(zip(cuts[::2], cuts[1::2], strict=True)):
            load = chance.choice(("compute", "light"))
            tenants.append(
                on(f"{gpu.id}.{n}", gpu.id, load=load, from_s=AT_S + a, until_s=AT_S + b)
            )
    tenants.append(share("c", 4, watts=80.0))
    ends = {one.job: one.until_s for one in tenants if one.job != "c"}
    host = Host(Basis.MODELLED, 700.0)
    start = standing(*tenants, of=box(*cards, modelled=True), host=host)
    found = divided(start, after(length_s), ends, UTC)
    by_hand: dict[str, float] = defaultdict(float)
    for second in range(length_s):
        now_s = AT_S + second
        for gpu in cards:
            busy = [
                t for t in tenants if gpu.id in t.slot.devices and t.from_s <= now_s < t.until_s
            ]
            by_hand[busy[0].job if busy else IDLE] += _drawn_w(gpu, busy)
        by_hand["c"] += 80.0
        by_hand[HOST] += 700.0
    for whose, joules in by_hand.items():
        assert of(found, whose).joules == pytest.approx(joules, rel=1e-9), whose
    assert total(found.values()).joules == pytest.approx(sum(by_hand.values()), rel=1e-9)


def _drawn_w(gpu: Device, busy: Sequence[Tenant]) -> float:
    if not busy:
        return IDLE_W
    if busy[0].load == "light":
        return 0.3 * CAP_W
    return 0.5 * CAP_W + (gpu.cap_w / CAP_W - 0.5) / 0.5 * 0.3 * CAP_W


@pytest.mark.parametrize("seed", range(40))
def test_what_a_counter_told_is_neither_lost_nor_doubled(seed: int) -> None:
    """Whatever lies within, and wherever the time is cut by another look."""
    chance = random.Random(seed)
    drawn_j, length_s = chance.uniform(0, 1e6), chance.uniform(1, 9000)
    tenants = [
        sliced(str(n), "1g.10gb", n, 1, from_s=AT_S + chance.uniform(-99, length_s))
        for n in range(chance.randrange(4))
    ]
    ends = {one.job: AT_S + chance.uniform(0, length_s) for one in tenants[1:]}
    prices = tuple((AT_S + n * 777.0, 0.1 * n) for n in range(chance.randrange(5)))
    start = standing(
        *tenants, of=box(h100()), samples=before(told(NONE, 5.0)), prices=prices, watched=False
    )
    found = divided(start, after(length_s, told(NONE, 5.0 + drawn_j)), ends, UTC)
    cards = [one for (_, whose, _), one in found.items() if whose != HOST]
    assert total(cards).joules == pytest.approx(drawn_j)
    assert total(cards).gpu_s == pytest.approx(length_s)
    assert all(one.joules >= 0 for one in cards)
