"""The catalogue and estimates over HTTP."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from api.conftest import ask
from engine.conftest import private
from faults.daemon import PrivateDaemon, kill_marked

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


def test_an_estimate_is_what_a_submit_would_take(daemon: PrivateDaemon) -> None:
    asked = {"workload": "load.count", "params": {"steps": 100}, "cores": 2, "memory_gib": 1.5}
    told = daemon.api.post("/api/estimate", asked)
    job = daemon.submit(**asked)
    needs = daemon.api.get(f"/api/jobs/{job}")["job"]["spec"]["needs"]
    assert told["needs"] == needs and (needs["cores"], needs["memory_gib"]) == (2, 1.5)
    assert told["where"] == "2 cores of the CPU"
    assert told["slot"]["kind"] == "cpu" and told["slot"]["cores"] == 2
    assert told["money"] is None and told["currency"] == ""  # nobody said what a kWh costs
    many = daemon.api.post("/api/estimate", {**asked, "cores": 9999})
    assert (many["fits"], many["slot"], many["where"]) == (False, None, "")


@pytest.mark.parametrize(
    ("asks", "where"),
    [
        ({"gpus": 1}, "one whole H100 PCIe 80 GB"),
        ({"gpus": 3}, "3 whole H100 PCIe 80 GB"),
        ({"slice": "2g.20gb"}, "a 2g.20gb slice of an H100 PCIe 80 GB"),
        ({}, "1 core of the CPU"),
    ],
)
def test_where_it_would_be_in_words(
    daemon: PrivateDaemon, asks: dict[str, object], where: str
) -> None:
    told = daemon.api.post(
        "/api/estimate", {"workload": "load.count", "box": "10xH100-PCIe", **asks}
    )
    assert told["where"] == where
    assert told["device"]["kind"] == ("gpu" if asks else "cpu")


def test_too_little_memory_and_a_wrong_param_are_refused_with_the_field(
    daemon: PrivateDaemon,
) -> None:
    with pytest.raises(Refusal) as told:
        daemon.api.post("/api/estimate", {"workload": "load.count", "memory_gib": 0.0001})
    assert told.value.code == "job.memory" and told.value.facts["field"] == "memory_gib"
    for params, field in (({"steps": 0}, "steps"), ({"stepps": 1}, "stepps")):
        with pytest.raises(Refusal) as told:
            daemon.api.post("/api/estimate", {"workload": "load.count", "params": params})
        assert told.value.facts["field"] == field


def test_money_is_at_the_price_of_now(tmp_path: Path) -> None:
    daemon = private(tmp_path)
    daemon.home.mkdir(parents=True, exist_ok=True)
    site = '[site]\ncurrency = "EUR"\nprice_kwh = 0.5\n'
    (daemon.home / "site.toml").write_text(site)
    daemon.start()
    try:
        asked = {"workload": "load.count", "box": "10xH100-PCIe", "gpus": 1}
        while (told := daemon.api.post("/api/estimate", asked))["money"] is None:
            time.sleep(0.02)
        assert told["money"] == pytest.approx(0.5 * told["energy_kwh"])
        assert told["currency"] == "EUR"
    finally:
        daemon.end()
        kill_marked(str(tmp_path))
