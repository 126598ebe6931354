"""The words for what a GPU tells."""

from __future__ import annotations

from typing import Any

from tenfold.cli.box import _draws
from tenfold.cli.gpu import gpu_notes, heat_words

ID = "GPU-01234567-89ab-4cde-8f01-23456789abcd"
MISSING = {"missing": "only root may read it here"}


def seen(why: str = "", **gpu: Any) -> dict[str, Any]:
    aside = [{"device": {"id": ID, "kind": "gpu"}, "why": why}] if why else []
    readings = [{"device": ID, "gpu": gpu}, {"device": "cpu", "gpu": None}]
    return {
        "box": {"nodes": [{"devices": [], "aside": aside}]},
        "reading": {"devices": readings},
    }


def process(pid: int, name: str = "python", job: str | None = None) -> dict[str, Any]:
    return {"pid": pid, "name": name, "job": job}


def test_heat() -> None:
    assert heat_words({"temperature_c": 41.4, "gpu": {"margin_c": 40.0}}) == "41 °C"
    assert heat_words({"temperature_c": MISSING, "gpu": {"margin_c": 40.0}}) == "40 °C left"
    assert heat_words({"temperature_c": MISSING, "gpu": {"margin_c": MISSING}}) == "n/a"
    assert heat_words({"temperature_c": MISSING, "gpu": None}) == "n/a"
    assert heat_words({}) == "n/a"


def test_a_card_with_nothing_to_tell_has_no_line() -> None:
    assert gpu_notes(seen(throttle=[], processes=[process(1, job="3")], slices=[])) == []
    assert gpu_notes(seen(throttle=MISSING, processes=MISSING, slices=MISSING)) == []
    assert gpu_notes({"box": {"nodes": []}, "reading": None}) == []


def test_throttle_and_others() -> None:
    others = [process(n, name) for n, name in ((4, "game"), (5, ""), (6, "a"), (7, "b"))]
    (line,) = gpu_notes(seen(throttle=["too warm"], processes=[process(1, job="3"), *others]))
    assert line == "GPU-01234567  too warm; not ours: game (4), a process (5), a (6) and 1 more"


def test_a_card_set_aside_tells_why_and_its_slices() -> None:
    (line,) = gpu_notes(seen("it is in MIG mode", slices=[{"profile": "2g.20gb"}]))
    assert line == "GPU-01234567  it is in MIG mode; 1 slice: 2g.20gb"


def test_a_relieved_card_tells_why() -> None:
    """One that is set aside for it says so already."""
    told = [{"device": ID, "step": "cap", "why": "it has 91 °C", "since_s": 1.0}]
    assert gpu_notes({**seen(), "relief": told}) == ["GPU-01234567  relieved: it has 91 °C"]
    (line,) = gpu_notes({**seen("it is too hot: 91 °C"), "relief": told})
    assert line == "GPU-01234567  it is too hot: 91 °C"


def test_watts_of_the_gpus_where_the_host_tells_none() -> None:
    def drawn(total: object, *cards: object) -> str:
        devices: list[dict[str, Any]] = [{"power_w": watts, "gpu": {}} for watts in cards]
        gpus = [{**one, "gpu": {"limit_w": 1.0}} for one in devices]
        return _draws({"power_w": total, "devices": [*gpus, {"power_w": MISSING, "gpu": None}]})

    assert drawn(MISSING, 300.4, 54.0) == "GPUs draw 354 W"
    assert drawn(MISSING, 300.4, MISSING) == "draws n/a"  # a part is not the whole
    assert drawn(MISSING) == "draws n/a"
    assert drawn(500.0, 300.0) == "draws 500 W"
