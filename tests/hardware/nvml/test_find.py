"""The cards as devices: what they are, how they are linked, and which stand aside."""

from __future__ import annotations

import pytest
from faults.nvml.cards import Card, bus, h100_pcie, h100_sxm
from hardware.nvml.conftest import Show

from tenfold.hardware.nvml.find import find
from tenfold.hardware.nvml.library import Library
from tenfold.terms.box import Aside, Device


def found() -> tuple[tuple[Device, ...], tuple[Aside, ...]]:
    library = Library()
    library.open()
    return find(library, "host")


def test_a_card_is_a_device_with_its_uuid(show: Show) -> None:
    show(h100_pcie(0), h100_sxm(1))
    (pcie, sxm), aside = found()
    assert aside == ()
    assert pcie.id == "GPU-00000000-0000-4000-8000-000000000000"
    assert (pcie.model, sxm.model) == ("H100 PCIe", "H100 80GB HBM3")
    # 81559 MiB less the 600 MiB that the driver keeps.
    assert pcie.memory_gib == 79.06
    assert (pcie.idle_w, sxm.idle_w) == (80, 68.6)
    assert (sxm.cap_min_w, sxm.cap_w, sxm.cap_max_w) == (700, 700, 700)
    assert "limit: the driver" in pcie.source and "nvidia-smi" in pcie.source


def test_a_limit_that_the_owner_set_is_the_only_one(show: Show) -> None:
    card = h100_pcie(0)
    card.limit = 250_000
    show(card)
    ((device,), _) = found()
    assert (device.cap_min_w, device.cap_w, device.cap_max_w) == (250, 250, 250)


def test_a_card_that_no_table_knows_has_unknown_idle_watts(show: Show) -> None:
    card = h100_pcie(0)
    card.name = "NVIDIA Abacus"
    card.errors["nvmlDeviceGetEnforcedPowerLimit"] = 3
    show(card)
    ((device,), _) = found()
    assert (device.model, device.idle_w, device.cap_w) == ("Abacus", 0, 0)
    assert "idle watts: unknown" in device.source and "limit: unknown" in device.source


def test_a_card_in_mig_mode_stands_aside(show: Show) -> None:
    card = h100_pcie(1)
    card.mig = 1
    card.errors |= {"nvmlDeviceGetMemoryInfo": 4, "nvmlDeviceGetMemoryInfo_v2": 4}
    show(h100_pcie(0), card)
    devices, (aside,) = found()
    assert [device.id for device in devices] == [h100_pcie(0).uuid]
    assert aside.device.id == card.uuid and "MIG mode" in aside.why


@pytest.mark.parametrize(
    ("call", "id"),
    [("*", "card1"), ("nvmlDeviceGetUUID", "card1"), ("nvmlDeviceGetMemoryInfo", None)],
)
def test_a_card_that_does_not_answer_stands_aside(show: Show, call: str, id: str | None) -> None:
    card = h100_pcie(1)
    card.errors |= {call: 15, f"{call}_v2": 15}
    show(h100_pcie(0), card)
    devices, (aside,) = found()
    assert [device.id for device in devices] == [h100_pcie(0).uuid]
    assert aside.device.id == (id or card.uuid) and "fell off the bus" in aside.why


def test_cards_of_old_have_no_mig_mode(show: Show) -> None:
    card = h100_pcie(0)
    card.errors["nvmlDeviceGetMigMode"] = 3
    show(card)
    devices, aside = found()
    assert len(devices) == 1 and aside == ()


def test_a_driver_too_old_to_tell_what_it_keeps_counts_it_as_there(show: Show) -> None:
    show(h100_pcie(0), without=("nvmlDeviceGetMemoryInfo_v2",))
    assert found()[0][0].memory_gib == 79.64


def linked(cards: list[Card], pairs: list[tuple[int, int]]) -> list[Card]:
    for one, other in pairs:
        cards[one].links = [bus(other)] * 12
        cards[other].links = [bus(one)] * 12
    return cards


def test_bridges_and_switches_have_names(show: Show) -> None:
    cards = linked([h100_pcie(n) for n in range(5)], [(0, 1), (2, 3)])
    for n, card in enumerate(cards):
        card.path = n // 3
    cards[4].links = ["-"] * 12
    show(*cards)
    devices, _ = found()
    assert [gpu.bridge for gpu in devices] == ["bridge0", "bridge0", "bridge1", "bridge1", ""]
    assert [gpu.switch for gpu in devices] == ["switch0"] * 3 + ["switch1"] * 2


def test_a_board_is_one_group(show: Show) -> None:
    cards = [h100_sxm(n) for n in range(4)]
    for n, card in enumerate(cards):
        card.links = ["00000000:05:00.0"] * 18  # the switch of the board
        card.path = n
    show(*cards)
    devices, _ = found()
    assert [gpu.bridge for gpu in devices] == ["bridge0"] * 4
    assert [gpu.switch for gpu in devices] == [""] * 4
