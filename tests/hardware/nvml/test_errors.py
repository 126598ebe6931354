"""Errors of a card: the driver's log (XID), its memory, and how warm it may get."""

from __future__ import annotations

import pytest
from faults.nvml.cards import Slice, h100_pcie, h100_sxm
from faults.nvml.standin import LOST, StandIn
from hardware.nvml.conftest import Show
from hardware.nvml.test_meter import meter

from tenfold.hardware.nvml.errors import KEPT
from tenfold.hardware.nvml.find import find
from tenfold.hardware.nvml.library import Library
from tenfold.hardware.nvml.meter import SLOW_S, GpuMeter
from tenfold.terms.reading import GpuReading, Missing


def read(meter_: GpuMeter, now: float = 100.0) -> list[GpuReading]:
    return [one.gpu for one in meter_.readings(now) if one.gpu is not None]


def log(stand_in: StandIn, card: int, *numbers: int) -> None:
    stand_in.cards[card].xids += numbers
    stand_in.write()


def test_errors_of_each_card_since_the_daemon_looks(show: Show) -> None:
    first, second = h100_pcie(0), h100_pcie(1)
    first.xids = [13]  # before
    stand_in = show(first, second)
    meter_ = meter()
    assert [gpu.xids for gpu in read(meter_)] == [(), ()]
    log(stand_in, 1, 31, 95)
    assert [gpu.xids for gpu in read(meter_)] == [(), (31, 95)]
    log(stand_in, 0, 48)
    assert meter_.xids_now([first.uuid]) == {first.uuid: (48,)}  # between two readings
    assert [gpu.xids for gpu in read(meter_)] == [(48,), (31, 95)]


def test_only_the_newest_are_kept(show: Show) -> None:
    stand_in = show(h100_pcie(0))
    meter_ = meter()
    read(meter_)
    log(stand_in, 0, *range(1, 21))
    assert read(meter_)[0].xids == tuple(range(21 - KEPT, 21))


def test_the_events_of_a_card_in_mig_mode_are_its_own(show: Show) -> None:
    card = h100_pcie(0)
    card.mig, card.slices = 1, [Slice("3g.40gb", 4, 1, "MIG-a")]
    stand_in = show(card)
    meter_ = meter()
    read(meter_)
    log(stand_in, 0, 95)
    assert read(meter_)[0].xids == (95,)


def test_another_session_hears_them_again_and_forgets_nothing(show: Show) -> None:
    stand_in = show(h100_pcie(0))
    meter_ = meter()
    read(meter_)
    log(stand_in, 0, 31)
    read(meter_)
    stand_in.epoch = 2  # the driver was loaded anew
    stand_in.write()
    for now in (101.0, 102.0, 103.0):
        read(meter_, now)
    assert not meter_.lost
    log(stand_in, 0, 94)
    assert read(meter_, 104.0)[0].xids == (31, 94)


def test_a_card_that_tells_of_none_leaves_the_other(show: Show) -> None:
    deaf = h100_pcie(0)
    deaf.errors["nvmlDeviceRegisterEvents"] = 3
    stand_in = show(deaf, h100_pcie(1))
    meter_ = meter()
    read(meter_)
    log(stand_in, 1, 31)
    first, second = read(meter_)
    assert first.xids == Missing("this card does not tell it") and second.xids == (31,)


def test_a_driver_without_events(show: Show) -> None:
    show(h100_pcie(0), without=("nvmlEventSetCreate",))
    (gpu,) = read(meter())
    assert isinstance(gpu.xids, Missing) and "no such call" in gpu.xids.why and gpu.limit_w == 350.0


@pytest.mark.parametrize("code", [LOST, 999])
def test_events_that_fail_do_not_open_a_session_in_every_tick(show: Show, code: int) -> None:
    stand_in = show(h100_pcie(0))
    stand_in.errors["nvmlEventSetWait"] = code
    stand_in.write()
    meter_ = meter()
    for tick in range(40):
        (gpu,) = read(meter_, 100.0 + tick / 4)
    assert isinstance(gpu.xids, Missing) and not meter_.lost
    assert stand_in.called().count("nvmlInit -1") <= 2  # one to find the cards, one to read them
    assert stand_in.called().count("nvmlEventSetWait -1") == 1


def test_errors_of_memory_are_read_slowly(show: Show) -> None:
    stand_in = show(h100_pcie(0))
    meter_ = meter()
    (gpu,) = read(meter_)
    assert (gpu.ecc_errors, gpu.rows_pending, gpu.rows_failed) == (0, False, False)
    stand_in.cards[0].ecc, stand_in.cards[0].rows_pending = 3, 1
    stand_in.write()
    assert read(meter_, 100.25)[0].ecc_errors == 0
    (gpu,) = read(meter_, 100.0 + SLOW_S)
    assert (gpu.ecc_errors, gpu.rows_pending, gpu.rows_failed) == (3, True, False)


def test_how_warm_a_card_is_to_work(show: Show) -> None:
    """As it says; else as its model is known; else nobody knows."""
    told = h100_pcie(0)
    told.operating = 85
    show(told, h100_sxm(1), h100_pcie(2))
    library = Library()
    library.open()
    devices, _ = find(library, "host")
    assert [gpu.max_operating_c for gpu in devices] == [85.0, 87.0, None]
