"""Boxes by name, and what is not a box."""

from __future__ import annotations

import pytest

from tenfold.hardware.declared import box
from tenfold.terms.box import DeviceKind
from tenfold.terms.refusal import Refusal


def refused(text: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        box(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "gpus", "nodes", "model"),
    [
        ("10xH100-PCIe", 10, 1, "H100 PCIe 80 GB"),
        ("10XH100-pcie", 10, 1, "H100 PCIe 80 GB"),
        ("8xH100-SXM", 8, 1, "H100 SXM 80 GB"),
        ("4xA100-80GB", 4, 1, "A100 SXM 80 GB"),
        ("1xH200", 1, 1, "H200 SXM 141 GB"),
        ("10xH100-NVL", 10, 1, "H100 NVL 94 GB"),
        ("8xH100-SXM+2xH100-SXM", 10, 2, "H100 SXM 80 GB"),
        ("3xL40S", 3, 1, "L40S 48 GB"),
    ],
)
def test_names(text: str, gpus: int, nodes: int, model: str) -> None:
    found = box(text)
    assert found.modelled
    assert found.name == text
    assert [device.id for device in found.gpus] == [f"gpu{n}" for n in range(gpus)]
    assert {device.model for device in found.gpus} == {model}
    assert len(found.nodes) == nodes
    assert all(device.source for device in found.devices)


def test_a_cpu_box_has_one_cpu_and_no_card() -> None:
    found = box("cpu")
    assert found.gpus == ()
    assert [device.id for device in found.devices] == ["cpu"]
    assert found.devices[0].cores > 0
    assert "assumed" in found.devices[0].source


def test_several_nodes_have_names_and_cpus_of_their_own() -> None:
    found = box("8xH100-SXM+2xH100-SXM")
    cpus = [device.id for device in found.devices if device.kind is DeviceKind.CPU]
    assert cpus == ["node0:cpu", "node1:cpu"]
    assert {device.node for device in found.gpus[:8]} == {"node0"}
    assert {device.node for device in found.gpus[8:]} == {"node1"}
    assert found.nodes[0].host_w == 4600.0


def test_ten_sxm_cards_are_refused_with_what_to_declare_instead() -> None:
    refusal = refused("10xH100-SXM")
    assert refusal.code == "box.sxm"
    assert "single chassis of 10 H100 SXM" in refusal.what
    assert refusal.next == (
        "tenfold up --box 8xH100-SXM+2xH100-SXM, or tenfold up --box 10xH100-PCIe"
    )


@pytest.mark.parametrize("count", range(1, 17))
def test_a_chassis_of_sxm_cards_has_a_whole_board_or_one_or_two_cards(count: int) -> None:
    if count in (1, 2, 4, 8):
        assert len(box(f"{count}xH100-SXM").gpus) == count
        return
    instead = refused(f"{count}xH100-SXM").facts["instead"]
    for text in instead.split(", or tenfold up --box "):
        assert len(box(text).gpus) == count
    assert len(refused(f"4xH100-NVL+{count}xH100-SXM").facts["instead"]) > 0


def test_a_chassis_holds_ten_cards() -> None:
    refusal = refused("12xH100-PCIe")
    assert refusal.code == "box.unknown"
    assert "10xH100-PCIe+2xH100-PCIe" in refusal.why


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("2xH100", "2xH100-NVL or 2xH100-PCIe or 2xH100-SXM"),
        ("4xH100-PCI", "4xH100-PCIe"),
        ("H100-SMX", "1xH100-SXM"),
        ("3xA100-80", "3xA100-80GB"),
        ("what", "H100-PCIe"),
        ("", "H100-PCIe"),
        ("10xH100-PCIe+", "H100-PCIe"),
        ("0xL40S", "'cpu'"),
    ],
)
def test_an_unknown_name_is_told_what_is_near_it(text: str, near: str) -> None:
    refusal = refused(text)
    assert refusal.code == "box.unknown"
    assert near in refusal.why
