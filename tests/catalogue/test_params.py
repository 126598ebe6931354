"""Default, then size, then what was given; and errors a person can act on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tenfold.catalogue.loading import Workload, find, load
from tenfold.catalogue.params import resolved
from tenfold.terms.refusal import Refusal

WIND = '''"""Wind: a workload of the tests."""
from pydantic import Field, field_validator
from tenfold.catalogue.contract import WorkloadParams
class Params(WorkloadParams):
    speed: float = Field(10.0, description="Speed.", gt=0, json_schema_extra={"unit": "m/s"})
    steps: int = Field(100, description="Steps.", ge=1)
    shape: str = Field("ball", description="Shape.")
    @field_validator("shape")
    @classmethod
    def known(cls, value):
        if value not in ("ball", "wing"):
            raise ValueError("it is ball or wing")
        return value
SIZES = {"smoke": {"steps": 2}, "desk": {"steps": 50, "shape": "wing"}}
def needs(params, device): ...
def run(job, params): ...
'''


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "workloads" / "lab"
    folder.mkdir(parents=True)
    (folder / "wind.py").write_text(WIND, encoding="utf-8")
    return tmp_path


@pytest.fixture
def wind(home: Path) -> Workload:
    return load("lab.wind", home)


@pytest.mark.parametrize(
    ("given", "size", "wanted"),
    [
        ({}, None, (10.0, 100, "ball")),
        ({}, "desk", (10.0, 50, "wing")),
        ({"steps": 7}, "desk", (10.0, 7, "wing")),
        ({"steps": "7", "speed": 3}, "smoke", (3.0, 7, "ball")),
    ],
)
def test_precedence(wind: Workload, given: dict[str, Any], size: str | None, wanted: Any) -> None:
    params = resolved(wind, given, size)
    assert tuple(params.model_dump().values()) == wanted


@pytest.mark.parametrize(
    ("given", "what", "why"),
    [
        ({"sped": 1}, "the param 'sped'", "the nearest is 'speed'"),
        ({"qqq": 1}, "the param 'qqq'", "it has speed, steps, shape"),
        ({"speed": -1}, "'speed' = -1", "greater than 0"),
        ({"steps": "many"}, "'steps' = 'many'", "valid integer"),
        ({"shape": "car"}, "'shape' = 'car'", "It is ball or wing."),
    ],
)
def test_a_wrong_param(wind: Workload, given: dict[str, Any], what: str, why: str) -> None:
    with pytest.raises(Refusal) as refused:
        resolved(wind, given, None)
    assert refused.value.code == "workload.param"
    assert what in refused.value.what and why in refused.value.why
    assert refused.value.next == "tenfold workloads lab.wind"


def test_a_missing_param(home: Path) -> None:
    with pytest.raises(Refusal) as refused:
        resolved(load("system.command", home), {}, None)
    assert "'argv'" in refused.value.what
    assert refused.value.why == "Field required."


def test_a_wrong_size(wind: Workload) -> None:
    with pytest.raises(Refusal) as refused:
        resolved(wind, {}, "huge")
    assert refused.value.code == "workload.size"
    assert "smoke, desk" in refused.value.why
    assert refused.value.next == "tenfold run lab.wind --size smoke"


@pytest.mark.parametrize(
    ("name", "near"),
    [("lab.wnd", "lab.wind"), ("wind", "lab.wind"), ("zzz.wind", "lab.wind")],
)
def test_the_nearest_name(home: Path, name: str, near: str) -> None:
    with pytest.raises(Refusal) as refused:
        find(name, home)
    assert refused.value.code == "workload.unknown"
    assert f"'{near}'" in refused.value.why


def test_nothing_near(home: Path) -> None:
    with pytest.raises(Refusal) as refused:
        find("qqqqqqqq", home)
    assert "in the list" in refused.value.why


def test_params_are_frozen(wind: Workload) -> None:
    params = resolved(wind, {}, None)
    with pytest.raises(ValueError, match="frozen"):
        params.speed = 1.0  # type: ignore[attr-defined]
