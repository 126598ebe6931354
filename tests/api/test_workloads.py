"""The catalogue and estimates over HTTP."""

from __future__ import annotations

import pytest
from api.conftest import ask
from faults.daemon import PrivateDaemon

from tenfold.terms.refusal import Refusal


def test_the_catalogue_and_one_of_it(daemon: PrivateDaemon) -> None:
    names = [one["name"] for one in daemon.api.get("/api/workloads")["workloads"]]
    assert {"system.command", "simulate.cavity", "load.count", "odd.hangs"} <= set(names)
    told = daemon.api.get("/api/workloads/load.count")
    assert told["schema"]["properties"]["steps"]["description"]
    assert told["needs"]["time_s"] == pytest.approx(0.36)


def test_an_estimate_here_and_on_a_declared_box(daemon: PrivateDaemon) -> None:
    asked = {"workload": "load.count", "params": {"steps": 100, "step_ms": 1000}}
    here = daemon.api.post("/api/estimate", asked)
    assert (here["fits"], here["modelled"], here["needs"]["time_s"]) == (True, False, 100.0)
    there = daemon.api.post("/api/estimate", {**asked, "box": "10xH100-PCIe"})
    assert (there["modelled"], there["box"]) == (True, "10xH100-PCIe")
    assert there["device"]["kind"] == "cpu"  # it asks for no GPU


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"workload": "load.count", "box": "10xH100-SXM"}, "box.sxm"),
        ({"workload": "load.count", "box": "abacus"}, "box.unknown"),
        ({"workload": "load.cout"}, "workload.unknown"),
        ({"workload": "load.count", "params": {"steps": 0}}, "workload.param"),
        ({"workload": "load.count", "size": "huge"}, "workload.size"),
        ({"workload": "odd.dies"}, "workload.broken"),
        ({}, "wire.shape"),
    ],
)
def test_a_wrong_estimate_is_refused(
    daemon: PrivateDaemon, body: dict[str, object], code: str
) -> None:
    with pytest.raises(Refusal) as told:
        daemon.api.post("/api/estimate", body)
    assert told.value.code == code


def test_a_name_in_the_address_may_be_anything(daemon: PrivateDaemon) -> None:
    for name in ("%00", "..", "%ff", "-h", "a.b.c"):
        said = ask(daemon, f"/api/workloads/{name}")
        assert (said.status, said.code) == (404, "workload.unknown") or said.code == "api.route"
