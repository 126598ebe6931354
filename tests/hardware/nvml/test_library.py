"""Sessions, and every way in which the driver says no."""

from __future__ import annotations

import pytest
from faults.nvml.cards import h100_pcie
from hardware.nvml.conftest import Show

from tenfold.hardware.nvml import words
from tenfold.hardware.nvml.library import FIRST_PAUSE_S, Library
from tenfold.terms.reading import Missing

POWER = "nvmlDeviceGetPowerUsage"


def opened() -> Library:
    library = Library()
    assert library.open() is None
    return library


def power(library: Library) -> float | Missing:
    return library.number(POWER, library.ask("nvmlDeviceGetHandleByIndex", 0), per=1000)


def test_a_number_comes_in_our_unit(show: Show) -> None:
    show(h100_pcie(0))
    assert power(opened()) == 54.0


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (3, "does not tell it"),
        (4, "only root"),
        (9, "driver is not loaded"),
        (15, "fell off the bus"),
        (18, "different versions"),
        (27, "error 27"),
        (999, "Unknown Error (error 999)"),
    ],
)
def test_what_the_driver_refuses_is_missing_in_words(show: Show, code: int, word: str) -> None:
    stand_in = show(h100_pcie(0), h100_pcie(1))
    library = opened()
    stand_in.cards[0].errors[POWER] = code
    stand_in.write()
    found = power(library)
    assert isinstance(found, Missing) and word in found.why
    other = library.ask("nvmlDeviceGetHandleByIndex", 1)
    assert library.number(POWER, other) == 54_000


def test_a_call_that_the_driver_has_not_is_missing(show: Show) -> None:
    show(h100_pcie(0), without=(POWER,))
    assert power(opened()) == words.TOO_OLD


def test_the_bindings_other_kind_of_error_is_missing_as_well(show: Show) -> None:
    """A plain name that stands for a newest version which the driver has not."""
    show(h100_pcie(0), without=("nvmlDeviceGetComputeRunningProcesses_v3",))
    library = opened()
    handle = library.ask("nvmlDeviceGetHandleByIndex", 0)
    assert library.ask("nvmlDeviceGetComputeRunningProcesses", handle) == words.TOO_OLD


def test_a_call_that_the_binding_has_not_is_missing(show: Show) -> None:
    show(h100_pcie(0))
    found = opened().ask("nvmlDeviceGetMood")
    assert isinstance(found, Missing) and "nvidia-ml-py is too old" in found.why


@pytest.mark.parametrize(
    ("code", "word"), [(9, "not loaded"), (18, "a reboot mends it"), (999, "error 999")]
)
def test_a_driver_that_does_not_open_says_why_to_every_question(
    show: Show, code: int, word: str
) -> None:
    stand_in = show(h100_pcie(0))
    stand_in.errors["nvmlInit"] = code
    stand_in.write()
    library = Library()
    why = library.open()
    assert why is not None and word in why.why
    assert library.ask("nvmlDeviceGetCount") == why


def test_what_is_asked_of_a_missing_handle_is_missing_for_the_same_reason(show: Show) -> None:
    show(h100_pcie(0))
    lost = Missing("it is gone")
    assert opened().ask(POWER, lost) is lost


def test_a_driver_that_was_reloaded_gets_a_new_session(show: Show) -> None:
    stand_in = show(h100_pcie(0))
    library = opened()
    stand_in.epoch = 2
    stand_in.write()
    assert isinstance(power(library), Missing) and library.stale
    library.heal(100.0)
    assert library.opened == 2 and power(library) == 54.0


def test_healing_is_tried_with_growing_pauses(show: Show) -> None:
    stand_in = show(h100_pcie(0))
    library = opened()
    stand_in.epoch = 2
    stand_in.errors["nvmlInit"] = 9
    stand_in.write()
    power(library)
    tried = []
    for second in range(int(10 * FIRST_PAUSE_S)):
        before = stand_in.called().count("nvmlInit -1")
        library.heal(1000.0 + second)
        tried += [second] * (stand_in.called().count("nvmlInit -1") - before)
    assert tried == [0, 10, 30, 70]


def test_a_clock_that_was_set_back_does_not_put_healing_off(show: Show) -> None:
    show(h100_pcie(0))
    library = opened()
    library.stale = True
    library.heal(1e9)
    library.stale = True
    library.heal(1e6)
    assert library.opened == 3


def test_reasons_for_low_clocks() -> None:
    assert words.clock_words(0) == words.clock_words(1) == ()  # idle is no reason to worry
    assert words.clock_words(0x4 | 0x20) == ("at its power limit", "too warm")
    assert words.clock_words(0x80001) == ("reason 0x80000",)
