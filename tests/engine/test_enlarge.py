"""What a job asks for next, once it ran out of a part of a GPU's memory."""

from __future__ import annotations

from typing import Any

import pytest

from tenfold.engine.enlarge import OUT_OF_MEMORY, after_end, after_taking
from tenfold.hardware import declared
from tenfold.placement.packing import packing
from tenfold.terms.box import DeviceKind, Slot
from tenfold.terms.job import Job, JobSpec, Kind, StopFor
from tenfold.terms.mig import Placement
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Ending, Outcome
from tenfold.terms.states import State

BOX = declared.box("1xH100-SXM")
LITTLE = Outcome(1, Ending.FAILED, 0.0, 1.0, refusal={"code": OUT_OF_MEMORY, "what": "", "why": ""})


def job(needs: Needs, slot: Slot, **fields: Any) -> Job:
    asks = {name: fields.pop(name) for name in ("resumes", "retry", "kind") if name in fields}
    spec = JobSpec("a.b", needs=needs, **{"resumes": True, **asks})
    return Job("1", spec, State.RUNNING, 0.0, 0.0, 1, slot=slot, **fields)


def on_slice(name: str) -> Slot:
    assert BOX.gpus[0].mig is not None
    profile = BOX.gpus[0].mig.profile(name)
    assert profile is not None
    place = Placement(name, profile.starts[0], profile.size)
    return Slot("node0", ("gpu0",), DeviceKind.GPU, 1, profile.memory_gib, slice=place)


@pytest.mark.parametrize(
    ("had", "next_one"),
    [
        ("1g.10gb", "1g.20gb"),
        ("1g.20gb", "3g.40gb"),
        ("2g.20gb", "3g.40gb"),
        ("3g.40gb", "7g.80gb"),
    ],
)
def test_it_is_given_the_next_larger_slice(had: str, next_one: str) -> None:
    larger = after_end(job(Needs(slice=had), on_slice(had)), LITTLE, BOX)
    assert larger is not None and "too small" in larger.basis
    assert BOX.gpus[0].mig is not None
    wanted = packing(BOX.gpus[0].mig).wanted(larger)
    assert wanted is not None and wanted.name == next_one


def test_a_part_of_the_compute_is_still_enough() -> None:
    larger = after_end(job(Needs(gpus=1, share=0.3), on_slice("3g.40gb")), LITTLE, BOX)
    assert larger is not None and larger.share == 0.3


def test_an_account_grows_by_half_up_to_the_card() -> None:
    slot = Slot("a", ("gpu0",), DeviceKind.GPU, 1, 20.0, fraction=0.25)
    card = declared.box("1xH100-PCIe")
    larger = after_end(job(Needs(gpus=1, shared=True, memory_gib=20.0), slot), LITTLE, card)
    assert larger is not None and larger.memory_gib == 30.0
    assert after_taking(Needs(shared=True), slot, 40.0).memory_gib == pytest.approx(46.0)
    assert after_taking(Needs(shared=True), slot, 79.0).memory_gib == 80.0


@pytest.mark.parametrize(
    "asked",
    [
        job(Needs(slice="7g.80gb"), on_slice("7g.80gb")),  # nothing is larger
        job(Needs(gpus=1), Slot("node0", ("gpu0",), DeviceKind.GPU, 1, 80.0)),  # a whole card
        job(Needs(slice="1g.10gb"), on_slice("1g.10gb"), enlarged=True),  # once
        job(Needs(slice="1g.10gb"), on_slice("1g.10gb"), resumes=False),  # may not run twice
        job(Needs(slice="1g.10gb"), on_slice("1g.10gb"), stop_for=StopFor.CANCEL),
    ],
)
def test_who_is_not_given_more(asked: Job) -> None:
    assert after_end(asked, LITTLE, BOX) is None


@pytest.mark.parametrize("how", [{"retry": 1}, {"kind": Kind.SERVICE}])
def test_who_may_run_twice_without_a_checkpoint(how: dict[str, Any]) -> None:
    asked = job(Needs(slice="1g.10gb"), on_slice("1g.10gb"), resumes=False, **how)
    assert after_end(asked, LITTLE, BOX) is not None
