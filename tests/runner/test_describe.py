"""The describer as a process: one request in, one line out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tenfold.runner.describe import answer
from tenfold.terms.box import Device, DeviceKind
from tenfold.terms.needs import Needs
from tenfold.terms.wire import from_json, to_json

CPU = to_json(Device("cpu", DeviceKind.CPU, "a CPU", "here", 8.0, cores=4))


def asked(lab: Any, request: object) -> tuple[dict[str, Any], str]:
    done = subprocess.run(
        [sys.executable, "-m", "tenfold.runner.describe"],
        input=json.dumps(request),
        env={**os.environ, "TENFOLD_HOME": str(lab.home)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    (line,) = done.stdout.splitlines()
    return dict(json.loads(line)), done.stderr


def test_what_a_workload_prints_while_it_is_imported_goes_elsewhere(lab: Any) -> None:
    body = """
    print("imported")
    os.system("echo from a child")
    SIZES = {"smoke": {"steps": 2}, "desk": {"steps": 20}}
    REQUIRES = ("gang", "nosuchextra")
    def needs(params, device):
        return Needs(cores=min(params.steps, device.cores), basis="counted")
    def run(job, params): pass
    """
    lab.workload("loud", body)
    said, noise = asked(lab, {"do": "describe", "name": "lab.loud", "size": "desk", "device": CPU})
    assert "imported" in noise and "from a child" in noise
    told = said["ok"]
    assert told["title"] == "Loud: a workload of the tests."
    assert told["params"] == {"steps": 20}
    assert from_json(Needs, told["needs"]) == Needs(cores=4, basis="counted")
    assert told["sizes"]["smoke"] == {"steps": 2}
    assert told["resumes"] is True and told["kind"] == "batch"
    assert told["requires"] == ["gang", "nosuchextra"]
    assert told["missing"][-1] == "nosuchextra"
    assert told["install"].endswith("[nosuchextra]'") and " -m pip install " in told["install"]
    assert told["schema"]["properties"]["steps"]["type"] == "integer"
    assert Path(told["path"]) == lab.home / "workloads" / "lab" / "loud.py"


def test_list(lab: Any) -> None:
    lab.workload("one", "raise SystemExit('never imported')\n")
    listed, _ = asked(lab, {"do": "list"})
    names = [entry["name"] for entry in listed["ok"]]
    assert {"lab.one", "system.command", "system.notebook"} <= set(names)
    assert names == sorted(names)
    for entry in listed["ok"]:
        assert set(entry) == {"name", "title", "group", "path", "file_hash"}
        assert len(entry["file_hash"]) == 64


@pytest.fixture
def told(lab: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TENFOLD_HOME", str(lab.home))

    def tell(**request: Any) -> dict[str, Any]:
        return answer(json.dumps({"do": "describe", **request}))

    return tell


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("raise SystemExit(3)\n", "SystemExit: 3 (line 13)"),
        ("import nosuchmodule\n", "No module named 'nosuchmodule' (line 13)"),
        ("def run(job, params:\n", "SyntaxError"),
        ("", "either `run(job, params)` or `serve(job, params)`"),
        ("def run(job, params): pass\nserve = run\n", "either"),
        ("run = 1\n", "either"),
        ("def run(job, params): pass\nParams = 7\n", "class Params(WorkloadParams)"),
        ("def run(job, params): pass\nSIZES = {'smoke': 1}\n", "SIZES"),
        ("def run(job, params): pass\nREQUIRES = 'gang'\n", "REQUIRES"),
        ("def run(job, params): pass\ndel needs\n", "needs(params, device)"),
        ("def run(job, params): pass\n__doc__ = ''\n", "docstring"),
        ("def run(job, params): pass\ndef needs(params, device): return 1 / 0\n", "ZeroDivision"),
    ],
)
def test_a_broken_workload_is_named(lab: Any, told: Any, body: str, named: str) -> None:
    lab.workload("broken", body)
    refused = told(name="lab.broken", device=CPU)["refusal"]
    assert refused["code"] == "workload.broken"
    assert named in refused["why"]
    assert refused["next"].startswith("correct ") and "broken.py" in refused["next"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"do": "dance"}', '{"do": "describe"}'])
def test_a_request_that_is_none(text: str) -> None:
    assert answer(text)["refusal"]["code"] == "wire.shape"


def test_a_device_of_another_shape(told: Any) -> None:
    said = told(name="system.command", params={"argv": ["x"]}, device={"id": 3})
    assert said["refusal"]["code"] == "wire.shape"


def test_a_workload_that_needs_an_answer_first_is_described_all_the_same(told: Any) -> None:
    """The page of a plain command has to show its form before there is a command."""
    said = told(name="system.command", params=None, device=CPU)["ok"]
    assert "argv" in said["schema"]["required"]
    assert "needs" not in said and "params" not in said
    refused = told(name="system.command", params={}, device=CPU)["refusal"]
    assert refused["code"] == "workload.param" and refused["facts"]["field"] == "argv"
