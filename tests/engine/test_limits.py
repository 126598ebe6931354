"""How power limits are set: lower ones first, and nothing is counted on before it holds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tenfold.engine.limits import DEFIED, SETTLE_S, STUCK_S, Limits
from tenfold.rights.ask import Denied
from tenfold.terms.box import Box, Device, DeviceKind, Node, Slot
from tenfold.terms.decision import Cap, Clock, Decision, Relayout, Start
from tenfold.terms.reading import DeviceReading, GpuLinks, GpuReading, Missing, Reading

N_A = Missing("not asked")
SLOT = Slot("a", ("gpu0",), DeviceKind.GPU, 1, 1.0)


def box(*caps_w: float) -> Box:
    limits = {"cap_min_w": 200.0, "cap_max_w": 350.0}
    cards = (
        Device(f"gpu{n}", DeviceKind.GPU, "", "a", 80.0, cap_w=watts, **limits)
        for n, watts in enumerate(caps_w)
    )
    return Box("", (Node("a", tuple(cards)),))


def reading(at_s: float, *limits_w: float | Missing) -> Reading:
    links = GpuLinks(N_A, N_A, N_A, N_A)
    gpus = [GpuReading(watts, N_A, N_A, (), (), links, ()) for watts in limits_w]
    return Reading(
        at_s,
        tuple(DeviceReading(f"gpu{n}", N_A, N_A, N_A, N_A, N_A, gpu) for n, gpu in enumerate(gpus)),
    )


@dataclass
class Driver:
    """What it was told; `denies` names cards that refuse."""

    told: list[tuple[str, str, int]] = field(default_factory=list)
    denies: set[str] = field(default_factory=set)
    code: int | str = 4

    def __call__(self, verb: str, card: str, number: int) -> object:
        self.told.append((verb, card, number))
        return Denied(self.code, "no permission") if card in self.denies else {}


def wanted(*caps: tuple[str, float], starts: bool = True) -> Decision:
    return Decision(
        starts=(Start("7", SLOT),) if starts else (), caps=tuple(Cap(*one) for one in caps)
    )


def test_lower_limits_are_set_and_what_counts_on_them_waits_until_they_hold() -> None:
    driver = Driver()
    limits = Limits(driver)
    asked = wanted(("gpu0", 300.0), ("gpu1", 250.0))
    left = limits.carry_out(asked, box(210.0, 350.0), 100.0)
    assert driver.told == [("set-cap", "gpu1", 250)], "the higher one is not set yet"
    assert left.starts == () and left.caps == (Cap("gpu1", 250.0),)
    assert [wait.job for wait in left.waits] == ["7"]
    assert left.waits[0].why == "The lower power limit of gpu1 has yet to take hold."

    # It shows the new limit at once, but what it draws is a mean over a second.
    limits.seen(reading(100.5, 210.0, 250.0))
    assert limits.carry_out(wanted(("gpu0", 300.0)), box(210.0, 250.0), 100.5).starts == ()
    limits.seen(reading(100.0 + SETTLE_S, 210.0, 250.0))
    then = limits.carry_out(wanted(("gpu0", 300.0)), box(210.0, 250.0), 100.0 + SETTLE_S)
    assert then.starts and then.caps == (Cap("gpu0", 300.0),)
    assert driver.told[-1] == ("set-cap", "gpu0", 300)


def test_slices_are_not_made_either() -> None:
    limits = Limits(Driver())
    asked = replace(wanted(("gpu1", 250.0)), relayouts=(Relayout("gpu0"),))
    assert limits.carry_out(asked, box(350.0, 350.0), 0.0).relayouts == ()


def test_raising_alone_holds_nobody_up() -> None:
    limits = Limits(Driver())
    left = limits.carry_out(wanted(("gpu0", 350.0)), box(210.0), 0.0)
    assert left.starts and left.caps == (Cap("gpu0", 350.0),)


def test_a_call_that_fails_leaves_the_card_without_a_range_for_a_while() -> None:
    driver = Driver(denies={"gpu1"})
    limits = Limits(driver)
    two = box(210.0, 350.0)
    left = limits.carry_out(wanted(("gpu0", 300.0), ("gpu1", 250.0)), two, 0.0)
    assert left.starts == () and left.caps == ()
    assert left.waits[0].why == "The power limit of gpu1 could not be set: no permission."
    assert driver.told == [("set-cap", "gpu1", 250)]
    stuck = limits.shown(two, 1.0).gpus[1]
    assert (stuck.cap_min_w, stuck.cap_w, stuck.cap_max_w) == (350.0, 350.0, 350.0)
    assert limits.shown(two, 1.0).gpus[0] == two.gpus[0]
    assert limits.shown(two, STUCK_S).gpus[1] == two.gpus[1], "then it is tried again"


def test_where_no_helper_answers_no_card_is_blamed() -> None:
    limits = Limits(Driver(denies={"gpu0"}, code="gone"))
    assert limits.carry_out(wanted(("gpu0", 250.0)), box(350.0), 0.0).starts == ()
    assert limits.shown(box(350.0), 0.1) == box(350.0)


def test_a_limit_that_somebody_else_raises_again_and_again() -> None:
    driver = Driver()
    limits = Limits(driver)
    limits.carry_out(wanted(("gpu0", 250.0), starts=False), box(350.0), 0.0)
    at_s = SETTLE_S
    for _ in range(DEFIED):
        assert limits.shown(box(350.0), at_s) == box(350.0)
        limits.seen(reading(at_s, 350.0))
        if limits.shown(box(350.0), at_s) == box(350.0):
            limits.carry_out(wanted(("gpu0", 250.0), starts=False), box(350.0), at_s)
        at_s += SETTLE_S
    stuck = limits.shown(box(350.0), at_s).gpus[0]
    assert stuck.cap_min_w == 350.0


def test_a_limit_on_its_way_is_not_asked_for_twice() -> None:
    driver = Driver()
    limits = Limits(driver)
    for at_s in (0.0, 0.5, 1.0):
        limits.carry_out(wanted(("gpu0", 250.0)), box(350.0), at_s)
        limits.seen(reading(at_s, 350.0))  # it shows the limit late
    assert driver.told == [("set-cap", "gpu0", 250)]
    limits.seen(reading(2.0, 250.0))
    limits.seen(reading(SETTLE_S, 250.0))
    assert limits.carry_out(wanted(), box(250.0), SETTLE_S).starts


def test_a_card_that_does_not_tell_its_limit_is_given_time() -> None:
    limits = Limits(Driver())
    limits.carry_out(wanted(("gpu0", 250.0)), box(350.0), 0.0)
    limits.seen(reading(1.0, N_A))
    assert limits.carry_out(wanted(), box(250.0), 1.0).starts == ()
    limits.seen(reading(SETTLE_S, N_A))
    assert limits.carry_out(wanted(), box(250.0), SETTLE_S).starts


def test_a_card_that_is_gone_holds_nobody_up() -> None:
    limits = Limits(Driver())
    limits.carry_out(wanted(("gpu1", 250.0)), box(350.0, 350.0), 0.0)
    limits.seen(reading(0.5, 350.0))
    assert limits.carry_out(wanted(), box(350.0), 0.5).starts


def test_clocks_are_locked_and_that_they_were_not_holds_nobody_up() -> None:
    driver = Driver(denies={"gpu0"})
    asked = replace(wanted(), clocks=(Clock("gpu0", 1200), Clock("gpu1", 1200)))
    left = Limits(driver).carry_out(asked, box(350.0, 350.0), 0.0)
    assert driver.told == [("lock-clock", "gpu0", 1200), ("lock-clock", "gpu1", 1200)]
    assert left.starts and left.clocks == (Clock("gpu1", 1200),)


def test_a_locked_clock_is_shown_and_not_asked_for_again() -> None:
    driver = Driver(denies={"gpu1"})
    limits = Limits(driver)
    asked = replace(wanted(), clocks=(Clock("gpu0", 1200), Clock("gpu1", 1200)))
    limits.carry_out(asked, box(350.0, 350.0), 0.0)
    assert [gpu.clock_mhz for gpu in limits.shown(box(350.0, 350.0), 0.0).gpus] == [1200, 1200]
