"""Measured curves go over the published ones; a file that cannot be right is refused."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
from faults.nvml.cards import h100_pcie

from tenfold.engine.curves import LOOK_S, CurvesFile, knee, measured, with_curves
from tenfold.hardware.curves import COMPUTE, CURVES, DECODE, LIGHT
from tenfold.hardware.detect import Meter
from tenfold.terms.box import Aside, Box, Device, DeviceKind, Node
from tenfold.terms.curve import Curve
from tenfold.terms.refusal import Refusal

OURS, PEER, OLD = "GPU-ours", "GPU-peer", "GPU-old"
MODEL = "H100 PCIe"


def told(load: str = "compute", first: float = 0.7, **more: Any) -> dict[str, Any]:
    found = {
        "load": load,
        "caps": [0.6, 0.8, 1.0],
        "speeds": [first, 0.9, 1.0],
        "draws": [0.58, 0.77, 0.95],
        "source": f"measured, {first}",
    }
    return found | more


def entry(*curves: dict[str, Any], at: str = "2026-02-01T00:00:00+00:00") -> dict[str, Any]:
    return {"model": MODEL, "at": at, "curves": list(curves)}


def written(folder: Path, content: Any) -> Path:
    path = folder / "curves.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def card(id: str, model: str = MODEL) -> Device:
    return Device(id, DeviceKind.GPU, model, "host", 79.0, curves=CURVES, knee=0.58)


def around(*cards: Device, aside: tuple[Device, ...] = ()) -> Box:
    cpu = Device("cpu", DeviceKind.CPU, "a CPU", "host", 8.0, cores=4)
    return Box("", (Node("host", (*cards, cpu), aside=tuple(Aside(one, "") for one in aside)),))


def by_load(device: Device) -> dict[str, Curve]:
    return {curve.load: curve for curve in device.curves}


def test_without_a_file_nothing_changes(tmp_path: Path) -> None:
    box = around(card(OURS))
    assert measured(tmp_path / "curves.json") == {}
    assert with_curves(box, {}) is box


def test_its_own_curve_then_its_models_then_the_default(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {
            PEER: entry(told("compute", 0.75), told("light", 0.88), at="2026-03-01T00:00:00+00:00"),
            OURS: entry(told("compute", 0.72), at="2026-01-01T00:00:00+00:00"),
            OLD: entry(told("light", 0.81), told("decode", 0.83), at="2025-01-01T00:00:00"),
        },
    )
    third, stranger = card("GPU-third"), card("GPU-other", "A100-SXM4-40GB")
    box = with_curves(around(card(OURS), third, stranger), measured(path))
    ours, third, stranger = box.gpus
    assert [by_load(ours)[load].speeds[0] for load in ("compute", "light", "decode")] == [
        0.72,
        0.88,
        0.83,
    ]
    assert [by_load(third)[load].speeds[0] for load in ("compute", "light", "decode")] == [
        0.75,
        0.88,
        0.83,
    ]
    assert stranger.curves == CURVES and stranger.knee == 0.58
    assert [curve.load for curve in ours.curves] == ["compute", "light", "decode"]
    assert by_load(ours)["compute"].source == "measured, 0.72"


def test_a_card_that_stands_aside_has_its_curves_too(tmp_path: Path) -> None:
    path = written(tmp_path, {OURS: entry(told("decode"))})
    box = with_curves(around(aside=(card(OURS),)), measured(path))
    (aside,) = box.aside
    assert by_load(aside.device)["decode"].speeds[0] == 0.7
    assert by_load(aside.device)["compute"] == COMPUTE
    assert aside.device.knee == 0.58  # no measured curve of what a limit slows most


def test_speeds_are_made_to_rise(tmp_path: Path) -> None:
    wavy = told(caps=[0.5, 0.6, 0.8, 0.9, 1.0], speeds=[0.5, 0.8, 0.79, 1.01, 1.0])
    wavy["draws"] = [0.5, 0.6, 0.75, 0.9, 0.97]
    (curve,) = measured(written(tmp_path, {OURS: entry(wavy)}))[OURS]
    assert curve.speeds == (0.5, 0.8, 0.8, 1.0, 1.0)
    assert curve.draws == (0.5, 0.6, 0.75, 0.9, 0.97)


@pytest.mark.parametrize(
    ("speeds", "expected"),
    [
        ((0.2, 0.5, 0.8, 0.95, 1.0), 0.9),
        ((0.2, 0.5, 0.9, 0.95, 1.0), 0.8),
        ((0.3, 0.7, 0.85, 0.95, 1.0), 0.6),
        ((0.85, 0.9, 0.95, 0.98, 1.0), 0.4),  # nowhere steep: the lowest that was measured
        ((0.4, 0.6, 0.8, 0.9, 1.0), 0.4),  # just as fast as watts
        ((0.2, 0.3, 0.4, 0.6, 1.0), 1.0),  # every watt counts: never lowered
    ],
)
def test_the_knee(speeds: tuple[float, ...], expected: float) -> None:
    caps = (0.4, 0.6, 0.8, 0.9, 1.0)
    assert knee(Curve("compute", caps, speeds, caps, "")) == expected


def test_the_rule_of_the_published_curve_is_that_knee() -> None:
    """models.KNEE is 0.58, read off finer traces."""
    assert knee(COMPUTE) == 0.6
    assert knee(LIGHT) == 0.4 and knee(DECODE) == 0.43


def test_a_measured_card_has_its_knee(tmp_path: Path) -> None:
    steep = told(speeds=[0.5, 0.92, 1.0])
    box = with_curves(around(card(OURS)), measured(written(tmp_path, {OURS: entry(steep)})))
    assert box.gpus[0].knee == 0.8


BROKEN = [
    ("{", "not JSON"),
    ("[]", "the file is an object"),
    ({OURS: 7}, "GPU-ours is an object"),
    ({OURS: entry() | {"model": ""}}, "'model'"),
    ({OURS: entry()}, "at least one"),
    ({OURS: entry(told(), at="yesterday")}, "'at' is a moment"),
    ({OURS: entry(told()) | {"at": 7}}, "'at' is a moment"),
    ({OURS: entry(told(), told())}, "two curves"),
    ({OURS: entry(told(load=""))}, "'load'"),
    ({OURS: entry(told(caps=[0.8, 0.6, 1.0]))}, "'caps' rise"),
    ({OURS: entry(told(caps=[0.6, 0.8, 0.9]))}, "end at 1"),
    ({OURS: entry(told(caps=[200, 280, 350]))}, "'caps' is a list of shares"),
    ({OURS: entry(told(caps=[0.6, 0.8]))}, "as many"),
    ({OURS: entry(told(speeds=[0.7, 0.9, 0.98]))}, "'speeds' end at 1"),
    ({OURS: entry(told(speeds=[0.7, "0.9", 1.0]))}, "'speeds' is a list"),
    ({OURS: entry(told(draws=[0.5, None, 0.9]))}, "'draws' is a list"),
    ({OURS: entry(told(draws=[0.0, 0.7, 0.9]))}, "'draws' is a list"),
    ('{"GPU-ours": {"model": "m", "at": "2026-01-01", "curves": [{"load": "compute", "caps":'
     ' [0.5, 1.0], "speeds": [NaN, 1.0], "draws": [0.5, 1.0]}]}}', "'speeds' is a list"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "why"), BROKEN, ids=[why for _, why in BROKEN])
def test_a_broken_file_is_refused_with_what_is_wrong(
    tmp_path: Path, content: Any, why: str
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(Refusal) as no:
        CurvesFile(path)
    assert no.value.code == "curves.file" and why in no.value.why, no.value.why
    assert str(path) in no.value.what


def test_a_changed_file_is_read_again_and_a_broken_one_is_not_taken(tmp_path: Path) -> None:
    path = written(tmp_path, {OURS: entry(told())})
    found, box = CurvesFile(path), around(card(OURS))

    def speed() -> float:
        return by_load(found.over(box).gpus[0])["compute"].speeds[0]

    assert not found.changed(100.0) and speed() == 0.7
    replaced(tmp_path, {OURS: entry(told(first=0.75))})
    assert not found.changed(100.0 + LOOK_S - 0.1)  # not looked at yet
    assert found.changed(100.0 + LOOK_S) and speed() == 0.75
    assert not found.changed(100.0 + 2 * LOOK_S)
    replaced(tmp_path, "{")
    assert not found.changed(100.0 + 3 * LOOK_S) and speed() == 0.75
    path.unlink()
    assert found.changed(100.0 + 4 * LOOK_S)
    assert found.over(box) is box


def replaced(folder: Path, content: Any) -> None:
    """As the command does: a new file under the old name."""
    (folder / "half").mkdir(exist_ok=True)
    os.replace(written(folder / "half", content), folder / "curves.json")


def test_curves_survive_a_reading_and_go_with_their_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The meter puts them on the cards as it found them, whatever was on them before."""
    import pynvml
    from faults.nvml.standin import StandIn

    stand_in = StandIn(tmp_path, [h100_pcie(0)])
    for name, value in stand_in.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(pynvml, "nvmlLib", stand_in.load())
    pynvml._nvmlGetFunctionPointer_cache.clear()
    uuid = stand_in.cards[0].uuid
    before = card(uuid)
    meter = Meter(around(before), lambda: False)
    path = written(tmp_path, {uuid: entry(told())})
    found = CurvesFile(path)
    assert by_load(meter.recurve(found.over).gpus[0])["compute"].speeds[0] == 0.7
    meter.reading((), 1.0)
    (gpu,) = meter.box.gpus
    assert by_load(gpu)["compute"].speeds[0] == 0.7 and gpu.cap_w == 350.0
    path.unlink()
    assert found.changed(1.0)
    meter.recurve(found.over)
    meter.reading((), 2.0)
    (gpu,) = meter.box.gpus
    assert gpu.curves == CURVES and gpu.knee == 0.58 and gpu.cap_w == 350.0
    meter.close()
    pynvml._nvmlGetFunctionPointer_cache.clear()


def test_what_is_written_is_not_changed_by_reading(tmp_path: Path) -> None:
    content = {OURS: entry(told())}
    path = written(tmp_path, copy.deepcopy(content))
    measured(path)
    assert json.loads(path.read_text()) == content
