"""What is drawn of cards: as they are carved, and who sits where."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tenfold.engine.layout import layout
from tenfold.hardware import declared
from tenfold.hardware.modelled import with_slots
from tenfold.terms.box import Aside, Box, DeviceKind, Slot
from tenfold.terms.job import Job, JobSpec
from tenfold.terms.mig import Instance, Placement
from tenfold.terms.states import State

BOX = declared.box("2xH100-PCIe")
GIB = BOX.gpus[0].memory_gib


def job(id: str, slot: Slot | None, state: State = State.RUNNING) -> Job:
    return replace(Job(id, JobSpec("a.b", name=f"job {id}"), state, 0.0, 0.0), slot=slot)


def card(*devices: str, **more: Any) -> Slot:
    made = Slot("node0", devices or ("gpu0",), DeviceKind.GPU, 2, GIB)
    return replace(made, node=BOX.nodes[0].name, **more)


def sliced(profile: str, start: int, size: int) -> Slot:
    return card(slice=Placement(profile, start, size), memory_gib=10.0 * size)


def parts(box: Box, *jobs: Job, device: str = "gpu0") -> list[tuple[Any, ...]]:
    (found,) = [one for one in layout(box, jobs) if one["device"] == device]
    names = ("start", "size", "profile", "job", "share")
    return [tuple(part[name] for name in names) for part in found["parts"]]


def test_an_empty_card_has_slots_and_no_part() -> None:
    first, second, host = layout(BOX, [])
    assert (first["memory_slots"], first["mig"], first["parts"]) == (8, False, [])
    assert (second["device"], host["kind"], host["parts"]) == ("gpu1", "cpu", [])
    assert host["cores"] == BOX.nodes[0].devices[-1].cores


def test_a_whole_card_covers_all_slots_and_a_gang_each_of_its_cards() -> None:
    gang = job("7", card("gpu0", "gpu1"))
    for device in ("gpu0", "gpu1"):
        assert parts(BOX, gang, device=device) == [(0, 8, None, "7", None)]
    host = layout(BOX, [gang])[-1]
    assert [(one["job"], one["cores"], one["memory_gib"]) for one in host["parts"]] == [
        ("7", 2, None)
    ]
    assert parts(BOX, job("7", card(), State.QUEUED)) == []


def test_slices_held_and_free() -> None:
    slots = [sliced("3g.40gb", 0, 4), sliced("1g.10gb", 6, 1)]
    box = with_slots(BOX, [*slots, sliced("1g.10gb", 4, 1)])
    found = parts(box, job("8", slots[1]), job("7", slots[0]))
    assert found == [
        (0, 4, "3g.40gb", "7", None),
        (4, 1, "1g.10gb", None, None),
        (6, 1, "1g.10gb", "8", None),
    ]
    (first, *_) = layout(box, [])
    assert first["mig"] and first["parts"][0]["memory_gib"] > 30 and first["parts"][0]["name"] == ""


def test_what_is_made_for_a_job_takes_the_place_of_what_stood_there() -> None:
    """Between a promise and the next look, the ledger knows more than the driver told."""
    box = with_slots(BOX, [sliced("1g.10gb", 0, 1), sliced("1g.10gb", 5, 1)])
    found = parts(box, job("7", sliced("4g.40gb", 0, 4)))
    assert found == [(0, 4, "4g.40gb", "7", None), (5, 1, "1g.10gb", None, None)]
    assert parts(box, job("7", card())) == [(0, 8, None, "7", None)]


def test_accounts_on_a_card_that_several_share() -> None:
    shares = [job(str(n), card(fraction=0.25, memory_gib=0.25 * GIB)) for n in (7, 8)]
    assert parts(BOX, *shares) == [(0, 8, None, "7", 0.25), (0, 8, None, "8", 0.25)]


def test_others_instances_and_cards_aside_are_shown() -> None:
    foreign = Instance(Placement("2g.20gb", 0, 2), foreign=True)
    node = BOX.nodes[0]
    hot = replace(node.devices[0], instances=(foreign,))
    aside = replace(node, devices=node.devices[1:], aside=(Aside(hot, "it is too hot"),))
    first = next(one for one in layout(replace(BOX, nodes=(aside,)), []) if one["aside"])
    assert (first["device"], first["aside"]) == ("gpu0", "it is too hot")
    assert first["parts"][0]["foreign"] is True


def test_a_card_that_cannot_be_carved_has_no_slots() -> None:
    node = BOX.nodes[0]
    plain = replace(node.devices[0], mig=None)
    box = replace(BOX, nodes=(replace(node, devices=(plain,)),))
    (found,) = layout(box, [job("7", card())])
    assert found["memory_slots"] is None
    assert [(one["start"], one["size"]) for one in found["parts"]] == [(0, 1)]


def test_a_cpu_share() -> None:
    cpu = BOX.nodes[0].devices[-1]
    slot = Slot(cpu.node, (cpu.id,), DeviceKind.CPU, 3, 2.0)
    host = layout(BOX, [job("7", slot)])[-1]
    assert host["parts"] == [
        {"cores": 3, "memory_gib": 2.0, "job": "7", "name": "job 7", "state": "running"}
    ]
