"""Terms survive the way to JSON and back; what does not fit is refused in words."""

from __future__ import annotations

import json

import pytest

from tenfold.terms.box import Box, Device, DeviceKind, Node, Slot
from tenfold.terms.job import Job, JobSpec, Kind, StopFor
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Ending, Outcome, Result, Verdict
from tenfold.terms.refusal import Refusal
from tenfold.terms.states import State
from tenfold.terms.wire import from_json, to_json

SLOT = Slot("host", ("cpu",), DeviceKind.CPU, 2, 1.5)
SPEC = JobSpec("simulate.cavity", {"cells": 64, "list": [1, 2]}, "desk", kind=Kind.SERVICE)
OUTCOME = Outcome(
    3, Ending.FAILED, 1.0, 2.5, Result("done", {"error": 0.1}), Verdict(False, "no"), exit_code=7
)
JOB = Job("4.left", SPEC, State.YIELDING, 1.0, 2.0, 3, SLOT, 1.5, StopFor.PAUSE, 1, 40, ("5",))


@pytest.mark.parametrize(
    "value",
    [SLOT, SPEC, OUTCOME, JOB, Needs(gpus=2, time_s=3.0), Box("b", (Node("n", ()),), True)],
)
def test_there_and_back(value: object) -> None:
    assert from_json(type(value), json.loads(json.dumps(to_json(value)))) == value


def test_whole_numbers_become_floats_where_floats_are_meant() -> None:
    device = from_json(
        Device, {"id": "gpu0", "kind": "gpu", "model": "H100", "node": "n", "memory_gib": 80}
    )
    assert isinstance(device.memory_gib, float)


def test_unknown_fields_are_ignored() -> None:
    assert from_json(Needs, {"gpus": 1, "from_the_future": True}) == Needs(gpus=1)


@pytest.mark.parametrize(
    "value",
    [[], {"gpus": "two"}, {"gpus": True}, {"gpus": 1.5}, {"time_s": "soon"}, "text", None],
)
def test_what_does_not_fit_is_refused(value: object) -> None:
    with pytest.raises(Refusal) as told:
        from_json(Needs, value)
    assert told.value.code == "wire.shape"


def test_a_wrong_enum_is_refused() -> None:
    with pytest.raises(Refusal):
        from_json(JobSpec, {"workload": "a.b", "kind": "sometimes"})
