"""Slices on real cards: the real daemon and the real helper on a stand-in for NVIDIA's library."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

import pynvml
import pytest
from engine.conftest import ended, log_of, private, until
from engine.test_gpus import seen, shell, tenfold
from faults.daemon import PrivateDaemon, kill_marked
from faults.nvml.cards import Card, Process, Slice, h100_pcie
from faults.nvml.standin import LOST, NO_PERMISSION, StandIn
from faults.rights import Helper

from tenfold.doctor.selftest import Tried, keep
from tenfold.engine.carve import TRIES, Carver, carvable
from tenfold.hardware import detect
from tenfold.ledger.ledger import Ledger
from tenfold.placement.decide import decide, fits
from tenfold.rights.ask import VARIABLE, Rights
from tenfold.terms.box import Box, DeviceKind, Slot
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.decision import Decision, Relayout, Start
from tenfold.terms.job import Job, JobSpec
from tenfold.terms.mig import Placement
from tenfold.terms.needs import Needs
from tenfold.terms.states import State

IN_USE, INSUFFICIENT_RESOURCES = 19, 23
ONE, THREE, FOUR = (
    Placement("1g.10gb", 6, 1),
    Placement("3g.40gb", 4, 4),
    Placement("4g.40gb", 0, 4),
)
WHOLE = Placement("7g.80gb", 0, 8)


@pytest.fixture
def card() -> Card:
    card = h100_pcie(0)
    card.mig = 1
    return card


@pytest.fixture
def stand_in(tmp_path: Path, card: Card) -> StandIn:
    return StandIn(tmp_path, [card])


@pytest.fixture
def helper(tmp_path: Path, stand_in: StandIn) -> Iterator[Helper]:
    helper = Helper(tmp_path, stand_in, os.getuid())
    helper.start()
    yield helper
    if helper.process is not None and helper.process.poll() is None:
        helper.end()


class Bench:
    """A carver on its own, without a daemon."""

    def __init__(self, folder: Path, helper: Helper) -> None:
        self.found = carvable(detect.box("auto"))
        self.meter = detect.Meter(self.found)
        self.rights = Rights(helper.socket)
        assert self.rights.look()
        self.ledger = Ledger(folder / "ledger.sqlite")
        self.renew()

    def renew(self) -> None:
        """As a daemon that starts anew."""
        self.carver = Carver(self.rights, self.ledger, self.meter.mig_uuids)
        self.carver.rebuild(self.found)

    def box(self) -> Box:
        return self.carver.shown(self.found, 0.0)

    def carry_out(self, *starts: Start, **layout: tuple[Placement, ...]) -> Decision:
        """On the one card."""
        relayouts = (Relayout(h100_pcie(0).uuid, **layout),) if layout else ()
        return self.carver.carry_out(self.box(), Decision(starts=starts, relayouts=relayouts))

    def standing(self) -> dict[str, bool]:
        """What it shows, and whether it is somebody else's."""
        (gpu,) = self.box().gpus
        return {one.placement.words: one.foreign for one in gpu.instances}

    def close(self) -> None:
        self.rights.close()
        self.meter.close()
        self.ledger.close()


@pytest.fixture
def bench(
    tmp_path: Path, helper: Helper, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    for name, value in stand_in.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(pynvml, "nvmlLib", stand_in.load())
    pynvml._nvmlGetFunctionPointer_cache.clear()
    found = Bench(tmp_path, helper)
    yield found
    found.close()
    pynvml._nvmlGetFunctionPointer_cache.clear()


def start(place: Placement | None, *devices: str) -> Start:
    slot = Slot("host", devices or (h100_pcie(0).uuid,), DeviceKind.GPU, 1, 1.0, slice=place)
    return Start("7", slot)


def made(stand_in: StandIn) -> list[str]:
    """`create CARD PROFILE START SIZE` and `destroy CARD NUMBER`, in order."""
    return [line for line in stand_in.called() if line.startswith(("create", "destroy"))]


def test_the_drivers_own_geometry_is_the_cards(bench: Bench) -> None:
    (gpu,) = bench.box().gpus
    assert gpu.mig is not None and gpu.mig.source == "this card's driver"
    sm = {profile.name: profile.sm for profile in gpu.mig.profiles}
    assert (sm["1g.10gb"], sm["1g.20gb"], sm["7g.80gb"]) == (14, 14, 114)
    assert gpu.memory_gib == pytest.approx(79.25, abs=0.01) and not gpu.carves_live
    assert bench.box().host_w == 0.0  # it counts as a device now, not for the wall alone


def test_a_start_has_the_uuid_of_its_slice(bench: Bench, stand_in: StandIn) -> None:
    done = bench.carry_out(start(ONE), start(THREE), create=(ONE,))
    (first,) = done.starts
    assert first.slot.instance.startswith("MIG-")
    assert "does not stand" in done.waits[0].why
    assert bench.standing() == {"1g.10gb@6": False}


def test_destroys_first_and_makes_the_largest_first(bench: Bench, stand_in: StandIn) -> None:
    bench.carry_out(create=(WHOLE,))
    done = bench.carry_out(start(FOUR), destroy=(WHOLE,), create=(ONE, FOUR))
    assert [line.split()[0] for line in made(stand_in)] == ["create", "destroy", "create", "create"]
    assert [line.split()[2] for line in made(stand_in)[2:]] == ["5", "19"]
    assert len(done.starts) == 1 and bench.standing() == {"1g.10gb@6": False, "4g.40gb@0": False}


def test_a_whole_card_in_mig_mode_is_its_largest_instance(bench: Bench) -> None:
    (first,) = bench.carry_out(start(None)).starts
    assert first.slot.instance.startswith("MIG-") and bench.standing() == {"7g.80gb@0": False}
    (again,) = bench.carry_out(start(None)).starts
    assert again.slot.instance == first.slot.instance


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("nvmlDeviceCreateGpuInstanceWithPlacement", NO_PERMISSION),
        ("nvmlDeviceCreateGpuInstanceWithPlacement", INSUFFICIENT_RESOURCES),
        ("nvmlGpuInstanceCreateComputeInstance", INSUFFICIENT_RESOURCES),
        ("*", LOST),
    ],
)
def test_what_the_driver_refuses_waits_and_is_tried_again(
    bench: Bench, stand_in: StandIn, card: Card, call: str, code: int
) -> None:
    card.errors = {call: code}
    stand_in.write()
    done = bench.carry_out(start(ONE), create=(ONE,))
    assert done.starts == () and "tried again" in done.waits[0].why
    card.errors = {}
    stand_in.write()
    assert len(bench.carry_out(start(ONE), create=(ONE,)).starts) == 1


def test_a_slice_that_came_to_stand_elsewhere_is_not_used(
    bench: Bench, stand_in: StandIn, card: Card
) -> None:
    card.moves = 1
    stand_in.write()
    assert bench.carry_out(start(ONE), create=(ONE,)).starts == ()
    assert bench.standing() == {}


def test_a_slice_that_stays_in_use_counts_as_foreign_after_so_many_tries(
    bench: Bench, stand_in: StandIn, card: Card
) -> None:
    bench.carry_out(create=(THREE,))
    card.processes = [Process(1234, instance=1)]
    stand_in.write()
    for _ in range(TRIES - 1):
        bench.carry_out(destroy=(THREE,))
    assert bench.standing() == {"3g.40gb@4": False}
    bench.carry_out(destroy=(THREE,))
    assert bench.standing() == {"3g.40gb@4": True}
    card.processes = []
    stand_in.write()
    bench.carry_out(destroy=(THREE,))
    assert bench.standing() == {}


def test_somebody_elses_instance_is_shown_and_left_alone(
    bench: Bench, stand_in: StandIn, card: Card
) -> None:
    card.slices = [Slice("3g.40gb", 4, 5, "MIG-theirs")]
    stand_in.write()
    bench.renew()
    assert bench.standing() == {"3g.40gb@4": True}
    done = bench.carry_out(start(THREE), destroy=(THREE,), create=(FOUR,))
    assert done.starts == ()
    assert bench.standing() == {"3g.40gb@4": True, "4g.40gb@0": False}
    assert not any(line.startswith("destroy") for line in made(stand_in))


def test_after_a_reboot_the_layout_is_made_again(bench: Bench, stand_in: StandIn) -> None:
    bench.carry_out(create=(ONE, FOUR))
    stand_in.changes.unlink()
    bench.renew()
    assert bench.standing() == {"1g.10gb@6": False, "4g.40gb@0": False}
    before = made(stand_in)
    bench.renew()
    assert made(stand_in) == before


def test_half_of_a_slice_is_cleared_away(bench: Bench, stand_in: StandIn, card: Card) -> None:
    bench.carry_out(create=(ONE,))
    with open(stand_in.changes, "a") as file:  # as a helper that was killed in between
        file.write("slice 0 1 19 6 1 0 MIG-half\n")
    assert bench.carry_out(start(ONE)).starts == ()
    assert bench.standing() == {}


def test_cards_in_mig_mode_take_slices_beside_whole_ones_and_join_no_gang(
    stand_in: StandIn, bench: Bench
) -> None:
    stand_in.cards += [h100_pcie(1), h100_pcie(2)]
    stand_in.write()
    found = carvable(detect.box("auto"))
    assert found.aside == ()
    assert {gpu.id: gpu.gangs for gpu in found.gpus} == {
        h100_pcie(0).uuid: False,
        h100_pcie(1).uuid: True,
        h100_pcie(2).uuid: True,
    }
    assert fits(found, Needs(gpus=2)) is None and fits(found, Needs(gpus=3)) is not None
    jobs = [
        Job("1", JobSpec("a", needs=Needs(gpus=2)), State.QUEUED, 0.0, 0.0),
        Job("2", JobSpec("a", needs=Needs(slice="1g.10gb")), State.QUEUED, 1.0, 1.0),
    ]
    free = Budget((BudgetStep(0.0, math.inf),))
    seats = {one.job: one.slot.devices for one in decide(found, free, jobs, 2.0).starts}
    assert set(seats["1"]) == {h100_pcie(1).uuid, h100_pcie(2).uuid}
    assert seats["2"] == (h100_pcie(0).uuid,)


class TestDaemon:
    @pytest.fixture
    def carving(self, tmp_path: Path, stand_in: StandIn, helper: Helper) -> Iterator[PrivateDaemon]:
        found = private(tmp_path, **stand_in.environment, **{VARIABLE: str(helper.socket)})
        found.start()
        yield found
        found.end()
        kill_marked(str(tmp_path))

    def test_jobs_get_slices_and_outlive_the_daemon(
        self, carving: PrivateDaemon, stand_in: StandIn, tmp_path: Path
    ) -> None:
        hold = f"echo $CUDA_VISIBLE_DEVICES; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done"
        first = shell(carving, hold, gpus=0, slice="3g.40gb")
        slot = until(carving, first, "running")["slot"]
        assert slot["slice"]["profile"] == "3g.40gb" and slot["instance"].startswith("MIG-")
        found = seen(carving, lambda box: box["box"]["nodes"][0]["devices"][0]["instances"])
        assert found["rights"]["granted"]
        assert "3g.40gb" in tenfold(carving, "status")
        second = shell(carving, "echo $CUDA_VISIBLE_DEVICES", gpus=0, slice="1g.10gb")
        seen(carving, lambda box: box["jobs"].get("queued") == 1)  # the card is not carved live
        carving.kill()
        carving.start()
        until(carving, first, "running")
        (tmp_path / "go").touch()
        assert ended(carving, first)["state"] == "succeeded"
        assert log_of(carving, first).strip() == slot["instance"]
        assert ended(carving, second)["state"] == "succeeded"
        assert log_of(carving, second).strip().startswith("MIG-")

    def test_a_card_that_passed_its_test_is_carved_beside_a_running_slice(
        self, tmp_path: Path, stand_in: StandIn, helper: Helper, card: Card
    ) -> None:
        carving = private(tmp_path, **stand_in.environment, **{VARIABLE: str(helper.socket)})
        keep(carving.home, Tried(card.uuid, True, ()))
        carving.start()
        try:
            hold = "while :; do sleep 0.05; done"
            first = shell(carving, hold, gpus=0, slice="3g.40gb")
            until(carving, first, "running")
            second = shell(carving, hold, gpus=0, slice="1g.10gb")
            slots = [until(carving, job, "running")["slot"] for job in (first, second)]
            assert len({slot["instance"] for slot in slots}) == 2
        finally:
            carving.end()
            kill_marked(str(tmp_path))
