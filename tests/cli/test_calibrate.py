"""`tenfold calibrate`: what it refuses, which cards it measures, and what it keeps of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from faults.nvml.standin import StandIn

from tenfold.cli import calibrate_search
from tenfold.cli.calibrate import _conclude, _show, entry, kept
from tenfold.cli.calibrate_search import Search, measurable, wanted
from tenfold.engine.curves import measured
from tenfold.hardware.curves import COMPUTE, CURVES, DECODE, LIGHT
from tenfold.terms.refusal import Refusal, refusal
from tenfold.terms.wire import to_json

PCIE, NVL = "H100 PCIe", "H100 NVL"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def card(id: str, model: str = PCIE, **more: Any) -> dict[str, Any]:
    limits = {"cap_min_w": 200.0, "cap_max_w": 350.0}
    return {"id": id, "kind": "gpu", "model": model, "curves": to_json(CURVES), **limits, **more}


def seen(*cards: dict[str, Any], granted: bool = True, modelled: bool = False) -> dict[str, Any]:
    cpu = {"id": "cpu", "kind": "cpu"}
    rights = {"granted": granted, "why": "" if granted else "no helper is installed"}
    return {
        "modelled": modelled,
        "box": {"nodes": [{"devices": [*cards, cpu]}]},
        "rights": rights if cards else None,
    }


def figures(uuid: str = "GPU-a", *loads: str, highest_w: float = 350.0) -> dict[str, Any]:
    points = [
        {
            "cap_w": cap_w,
            "speed": speed,
            "draw": 0.95 * cap_w / 350,
            "watts": 0.95 * cap_w,
            "rate": 1.0,
        }
        for cap_w, speed in ((203.0, 0.72), (276.0, 0.93), (highest_w, 1.0))
    ]
    curves = [
        {"load": load, "unit": "TFLOP/s", "drift": 0.01, "points": points}
        for load in loads or ("compute", "decode")
    ]
    about = {"uuid": uuid, "model": PCIE, "driver": "575.57.08"}
    return {"card": about, "lowest_w": 203.0, "highest_w": highest_w, "curves": curves}


# --- what it refuses


def test_without_a_card_it_says_what_is_used_instead(bare: Any, tmp_path: Path) -> None:
    bare.variables.update(StandIn(tmp_path, []).environment)
    told = bare("calibrate", "--json", status=2).json["refusal"]
    assert told["code"] == "calibrate.cards" and "Published curves" in told["why"]
    words = bare("calibrate", status=2)
    assert words.out == "" and "There is no NVIDIA card to measure" in words.err


def test_the_published_figures_are_those_of_the_curves() -> None:
    why = refusal("calibrate.cards").why
    assert f"{100 * COMPUTE.speed(0.7):.0f} % of its speed, at 60 %" in why
    assert f"it keeps {100 * COMPUTE.speed(0.6):.0f} %" in why
    assert f"light work keeps {100 * LIGHT.speed(0.6):.0f} %" in why
    assert "model all of it" in why and DECODE.speed(0.6) == 1.0


def test_a_declared_box_has_nothing_to_measure(bare: Any) -> None:
    bare("up", "--box", "2xH100-PCIe")
    told = bare("calibrate", "--json", status=2).json["refusal"]
    assert told["code"] == "calibrate.declared"
    assert bare("jobs", "--json").json == []


def test_a_file_that_cannot_be_read_is_told_before_anything_is_measured(bare: Any) -> None:
    bare.home.mkdir(parents=True)
    (bare.home / "curves.json").write_text("[]")
    told = bare("calibrate", "--json", status=2).json["refusal"]
    assert told["code"] == "curves.file" and "curves.json" in told["what"]
    assert not (bare.home / "daemon.json").exists()


@pytest.mark.parametrize(
    ("box", "code"),
    [
        (seen(card("GPU-a"), modelled=True), "calibrate.declared"),
        (seen(), "calibrate.cards"),
        (seen(card("GPU-a"), granted=False), "calibrate.rights"),
        (seen(card("GPU-a", cap_min_w=350.0)), "calibrate.rights"),
    ],
)
def test_boxes_without_a_card_to_measure(box: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as no:
        measurable(box)
    assert no.value.code == code


# --- which cards


def cards(*models: str) -> dict[str, dict[str, Any]]:
    return {f"GPU-{n}0000000": card(f"GPU-{n}0000000", model) for n, model in enumerate(models)}


def test_one_of_each_model_every_one_or_those_named() -> None:
    box = cards(PCIE, PCIE, NVL)
    assert measurable(seen(*box.values())) == box
    one_each = wanted(box, [], False)
    assert (one_each.missing, one_each.jobs) == ({PCIE, NVL}, 3)
    assert wanted(cards(PCIE, PCIE), [], False).jobs == 1
    assert wanted(box, [], True).missing == set(box)
    named = wanted(box, ["GPU-1", "2"], False)
    assert (named.missing, named.jobs) == ({"GPU-10000000", "GPU-20000000"}, 3)
    for word in ("GPU-9", "GPU-", ""):
        with pytest.raises(Refusal) as no:
            wanted(box, [word], False)
        assert no.value.code == "calibrate.card" and "GPU-10000000" in no.value.why


class Daemon:
    """Gives each job the next of `seats`; a job that sits is done two looks later."""

    def __init__(self, *seats: str) -> None:
        self.home = Path("/nonexistent")
        self.seats = list(seats)
        self.at: dict[str, str] = {}
        self.looks: dict[str, int] = {}
        self.cancelled: list[str] = []

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        job = path.rsplit("/", 1)[1]
        if job not in self.at and self.seats and job not in self.cancelled:
            self.at[job] = self.seats.pop(0)
        self.looks[job] = self.looks.get(job, 0) + (job in self.at)
        done = self.looks[job] > 2
        state = "succeeded" if done else "running" if job in self.at else "queued"
        if job in self.cancelled:
            state = "cancelled"
        outcome = None
        if state == "succeeded":
            found = figures(self.at[job])
            outcome = {
                "result": {"summary": "", "figures": found},
                "verdict": {"holds": True, "sentence": ""},
            }
        slot = {"kind": "gpu", "devices": [self.at[job]]} if job in self.at else None
        return {
            "job": {"id": job, "state": state, "outcome": outcome},
            "attempts": [{"slot": slot}] if slot else [],
            "progress": {"done": self.looks[job], "total": 3},
        }

    def post(self, path: str) -> None:
        self.cancelled.append(path.split("/")[3])


def followed(search: Search, daemon: Daemon) -> dict[str, dict[str, Any]]:
    jobs = [str(n) for n in range(1, search.jobs + 1)]
    return search.followed(daemon, jobs, pause=lambda s: None)  # type: ignore[arg-type]


def test_a_job_that_sits_where_nobody_wants_it_is_cancelled() -> None:
    box = cards(PCIE, PCIE, NVL)
    daemon = Daemon("GPU-00000000", "GPU-10000000", "GPU-20000000")
    found = followed(wanted(box, [], False), daemon)
    assert set(found) == {"GPU-00000000", "GPU-20000000"}
    assert set(daemon.cancelled) == {"2"}


def test_what_still_waits_is_cancelled_once_all_are_taken() -> None:
    search = wanted(cards(PCIE, NVL), ["GPU-0"], False)
    daemon = Daemon("GPU-00000000")
    assert set(followed(search, daemon)) == {"GPU-00000000"}
    assert set(daemon.cancelled) == {"2"} and search.missing == set()


def test_a_card_that_no_job_came_to_is_missing() -> None:
    search = wanted(cards(PCIE, NVL), ["GPU-1"], False)
    daemon = Daemon("GPU-00000000", "GPU-00000000")
    assert followed(search, daemon) == {} and search.missing == {"GPU-10000000"}


def test_ctrl_c_cancels_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = Daemon("GPU-00000000")

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wanted(cards(PCIE), [], False).followed(daemon, ["1"], pause=interrupted)  # type: ignore[arg-type]
    assert daemon.cancelled == ["1"]
    assert calibrate_search.PAUSE_S > 0


# --- what is kept


def page(found: dict[str, Any], holds: bool = True, state: str = "succeeded") -> dict[str, Any]:
    outcome = {
        "result": {"summary": "", "figures": found},
        "verdict": {"holds": holds, "sentence": "as it is", "figures": {}},
        "started_s": 0.0,
        "ended_s": 9.0,
        "refusal": None,
        "error": None,
    }
    spec = {"workload": "system.calibrate"}
    view = {"id": "1", "name": "calibrate", "state": state, "outcome": outcome, "spec": spec}
    return {"job": view | {"reason": "for a reason"}, "artifacts": [], "energy": None}


def concluded(
    home: Path, found: dict[str, Any], as_json: bool = True, **more: Any
) -> tuple[int, dict[str, Any]]:
    search = Search({"GPU-a": card("GPU-a")}, False, set(), 1, {"1": "GPU-a"})
    status = _conclude(home, search, {"GPU-a": page(found, **more)}, as_json)
    return status, kept(home / "curves.json")


def test_what_was_measured_is_what_the_daemon_reads(tmp_path: Path) -> None:
    status, content = concluded(tmp_path, figures())
    assert status == 0 and set(content) == {"GPU-a"}
    compute, decode = measured(tmp_path / "curves.json")["GPU-a"]
    assert (compute.load, decode.load) == ("compute", "decode")
    assert compute.caps == (0.58, 0.788571, 1.0)
    assert compute.speeds == (0.72, 0.93, 1.0)
    assert compute.draws == pytest.approx([0.95 * cap for cap in compute.caps], abs=1e-5)
    assert (tmp_path / "curves.json").stat().st_mode & 0o77 == 0


def test_other_cards_and_other_kinds_of_work_stay(tmp_path: Path) -> None:
    before = entry(figures("GPU-b"), {}, NOW)
    ours = entry(figures("GPU-a", "light", "compute"), {}, NOW)
    (tmp_path / "curves.json").write_text(json.dumps({"GPU-b": before, "GPU-a": ours}))
    _, content = concluded(tmp_path, figures("GPU-a", "compute"))
    assert content["GPU-b"] == before
    assert [one["load"] for one in content["GPU-a"]["curves"]] == ["light", "compute"]
    assert content["GPU-a"]["curves"][0] == ours["curves"][0]
    assert content["GPU-a"]["at"] > ours["at"]


@pytest.mark.parametrize(
    ("found", "more", "why"),
    [
        (figures(), {"holds": False}, "verdict does not hold"),
        (figures(), {"state": "failed"}, "job 1 failed"),
        (figures(highest_w=300.0), {}, "given 300 W of 350 W"),
        (figures("GPU-other"), {}, "went on on GPU-other"),
    ],
)
def test_what_cannot_be_trusted_is_not_kept(
    tmp_path: Path,
    found: dict[str, Any],
    more: dict[str, Any],
    why: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, content = concluded(tmp_path, found, **more)
    assert status == 1 and content == {}
    assert why in json.loads(capsys.readouterr().out)["missed"]["GPU-a"]
    concluded(tmp_path, found, as_json=False, **more)
    assert why in capsys.readouterr().err


def test_the_table_stands_beside_what_was_counted_on(capsys: pytest.CaptureFixture[str]) -> None:
    _show(card("GPU-a"), figures("GPU-a", "compute"))
    said = capsys.readouterr().out
    row = next(line for line in said.splitlines() if "203 W" in line)
    before = f"{COMPUTE.speed(0.58):.1%}"
    energy = f"{0.95 * 203 / 0.72 / (0.95 * 350):.0%}"
    assert row.split() == ["203", "W", "72.0%", "193", "W", energy, before]
    assert "before: Zeus NSDI'23" in said
