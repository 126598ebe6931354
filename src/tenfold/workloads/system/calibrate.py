"""Calibrate: how power limits slow this card, by kind of work.

Sets one limit after another, and under each runs large matrix products (compute), the same in short
bursts with gaps (light) and matrix by vector streams (decode); measured are work a second and mean
watts (science/power_sweep, science/card_loads). The highest limit comes first and last, so that a
card that drifts is seen. `tenfold calibrate` runs it on your cards and puts the curves to use; run
alone it measures and changes nothing.

    tenfold calibrate
    tenfold run system.calibrate --points 5 --loads compute

It asks the daemon for its limits, so it needs the helper with rights. It goes from the lowest limit
that the card takes to its usual one.
"""

from __future__ import annotations

import csv
import importlib.util
import math
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from tenfold.catalogue.contract import Job, WorkloadParams
from tenfold.science import card_loads
from tenfold.science.card_meter import CardMeter
from tenfold.science.power_sweep import Sweep, Taken, caps, order, swept, take
from tenfold.terms.box import Device, DeviceKind
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result, Verdict
from tenfold.terms.refusal import refusal

SIZES: dict[str, dict[str, Any]] = {
    "smoke": {"points": 3, "seconds": 0.5, "loads": ["compute"]},
    "full": {},
}
REQUIRES = ("gang",)  # torch
RESUMES = False

SEED = 1  # of the order of the limits
PATIENCE_S = 60.0  # for a limit that was asked for
REST_S = 10.0  # a limit that does not change for so long has come to rest
LOOK_S = 0.1
NEAR_W = 1.0  # limits are set in watts and read in milliwatts
SOAK = 2.0  # times `seconds`, before the first measurement: a cold card is a faster one
WARM = 0.25  # of `seconds`, after each change of the limit

GATE_DRIFT = 0.05
GATE_FALLS = 0.03  # that a speed may lie below that of a lower limit
GATE_OVER = 1.03  # draw over its limit, as a share

MEMORY_GIB = 6.0  # the matrices of `decode`, torch and CUDA
CHANGE_S = 4.0  # a limit is raised only once a lowered one has taken hold

Pause = Callable[[float], None]


class Params(WorkloadParams):
    points: int = Field(
        7,
        description="Limits between the lowest and the highest, both included.",
        ge=3,
        le=50,
        json_schema_extra={"unit": "limits"},
    )
    seconds: float = Field(
        8.0,
        description="How long is measured under each limit.",
        ge=0.1,
        le=600.0,
        json_schema_extra={"unit": "s"},
    )
    loads: tuple[card_loads.Name, ...] = Field(
        card_loads.LOADS,
        description="Kinds of work.",
        min_length=1,
        json_schema_extra={"unit": "kinds"},
    )


def needs(params: Params, device: Device) -> Needs:
    """One whole GPU, wherever it is asked: nothing else has a limit to set."""
    each_s = (1 + WARM) * params.seconds + CHANGE_S
    count = len(params.loads) * (params.points + 1)
    return Needs(
        gpus=1,
        memory_gib=MEMORY_GIB,
        time_s=REST_S + SOAK * params.seconds + count * each_s,
        basis=f"{count} measurements of {params.seconds:g} s, and as many limits to wait for",
    )


def run(job: Job, params: Params) -> Result:
    if job.slot.kind is not DeviceKind.GPU:
        raise refusal("calibrate.cards")
    try:
        meter = CardMeter(job.devices[0])
    except LookupError as error:
        raise refusal("calibrate.meter", card=job.devices[0], why=f"NVML: {error}.") from error
    why = card_loads.why_not(job.device)
    if why:
        raise refusal("calibrate.meter", card=meter.uuid, why=f"{why[:1].upper()}{why[1:]}.")
    return measured(job, params, meter, card_loads.load, time.monotonic, time.sleep)


def measured(
    job: Job,
    params: Params,
    meter: CardMeter,
    make: Callable[[str, str], card_loads.Load],
    clock: Callable[[], float],
    pause: Pause,
) -> Result:
    """`run` with everything that touches a card given."""
    highest_w, lowest_w = _range(job, meter, clock, pause)
    caps_w = caps(lowest_w, highest_w, params.points)
    if len(caps_w) < params.points:
        job.note(f"{len(caps_w)} limits: more would lie too close.")
    steps = [(name, cap_w) for name in params.loads for cap_w in order(caps_w, SEED)]
    loads: dict[str, card_loads.Load] = {}
    taken: dict[str, list[Taken]] = {name: [] for name in params.loads}
    for step, (name, cap_w) in enumerate(job.progress(steps, unit="measurement")):
        _reach(job, meter, cap_w, clock, pause)
        warm_s = WARM * params.seconds if loads else SOAK * params.seconds
        if name not in loads:
            loads[name] = make(name, job.device)
        try:
            one = take(loads[name].work, meter, cap_w, params.seconds, warm_s, clock)
        except ValueError as error:
            raise refusal("calibrate.meter", card=meter.uuid, why=f"{error}.") from error
        taken[name].append(one)
        job.log(step, limit_w=cap_w, watts=one.watts, rate=one.rate)
        _heed(job, step)
    job.cap(None)
    sweeps = [swept(name, found) for name, found in taken.items()]
    figures = {
        "card": {"uuid": meter.uuid, "model": meter.model, "driver": meter.driver},
        "lowest_w": lowest_w,
        "highest_w": highest_w,
        "curves": [_curve(sweep, loads[sweep.load].unit, highest_w) for sweep in sweeps],
    }
    _show(job, meter.model, sweeps, figures)
    return Result(_summary(meter.model, sweeps), figures)


def check(params: Params, result: Result) -> Verdict:
    """Fails for a card that drew more than its limit, that got slower or faster while it was
    measured, or that was slower under a higher limit."""
    curves = result.figures["curves"]
    points = [point for curve in curves for point in curve["points"]]
    speeds = [[point["speed"] for point in curve["points"]] for curve in curves]
    found = {
        "drift": _most(abs(curve["drift"]) for curve in curves),
        "falls": _most(max(one[: n + 1]) - speed for one in speeds for n, speed in enumerate(one)),
        "over": _most(point["watts"] / point["cap_w"] for point in points),
        "off_one": _most(abs(one[-1] - 1.0) for one in speeds),
    }
    why = _wrong(found)
    if why:
        return Verdict(False, why, found)
    sentence = (
        f"Speed rises with the limit (to within {GATE_FALLS:.0%}), draw was at most"
        f" {found['over']:.3f} of the limit (gate {GATE_OVER:g}), and full speed drifted by"
        f" {found['drift']:.1%} (gate {GATE_DRIFT:.0%})."
    )
    return Verdict(True, sentence, found)


def _most(values: Iterable[float]) -> float:
    """NaN as soon as one of them is: `max` may pass over it."""
    told = list(values)
    return math.nan if any(map(math.isnan, told)) else max(told)


def _wrong(found: dict[str, float]) -> str:
    """The first gate that does not hold; NaN holds none."""
    if not found["drift"] <= GATE_DRIFT:
        return (
            f"Full speed drifted by {found['drift']:.1%} from the first measurement to the last;"
            f" {GATE_DRIFT:.0%} is allowed. Something else was at work, or the card grew hot."
        )
    if not found["over"] <= GATE_OVER:
        return (
            f"The card drew {found['over']:.3f} times its limit; {GATE_OVER:g} is allowed: it did"
            " not keep it."
        )
    if not found["falls"] <= GATE_FALLS:
        return (
            f"Under a higher limit it was slower by {found['falls']:.1%} of full speed;"
            f" {GATE_FALLS:.0%} is allowed."
        )
    if not found["off_one"] <= 1e-9:
        return "Its speed under the highest limit is not 1, of which all others are shares."
    return ""


def _range(
    job: Job, meter: CardMeter, clock: Callable[[], float], pause: Pause
) -> tuple[float, float]:
    """The highest limit and the lowest that the daemon gives."""
    usual_w, lowest_w = meter.usual_limit_w(), meter.lowest_limit_w()
    if meter.limit_w() is None or lowest_w is None:
        why = "The card does not tell its limit, or not its lowest one."
        raise refusal("calibrate.rights", why=why)
    job.cap(None)
    highest_w = _rest(job, meter, usual_w, clock, pause)
    if usual_w is not None and highest_w < usual_w - NEAR_W:
        job.note(
            f"It is given {highest_w:.0f} W of its usual {usual_w:.0f} W: that counts as full."
        )
    asked_w = float(math.ceil(lowest_w))
    job.cap(asked_w)
    found_w = _rest(job, meter, asked_w, clock, pause)
    if found_w > highest_w - 2 * NEAR_W:
        why = f"It was asked for {asked_w:.0f} W, and stays at {found_w:.0f} W."
        raise refusal("calibrate.rights", why=why)
    return highest_w, found_w


def _rest(
    job: Job, meter: CardMeter, wanted_w: float | None, clock: Callable[[], float], pause: Pause
) -> float:
    """The limit once it is `wanted_w`, or has not changed for REST_S."""
    limit_w, since_s = meter.limit_w(), clock()
    while limit_w is None or clock() - since_s < REST_S:
        if limit_w is not None and wanted_w is not None and abs(limit_w - wanted_w) <= NEAR_W:
            break
        if limit_w is None and clock() - since_s >= PATIENCE_S:
            raise refusal("calibrate.rights", why="The card does not tell its limit any more.")
        pause(LOOK_S)
        _heed(job, 0)
        now_w = meter.limit_w()
        if now_w is not None and (limit_w is None or abs(now_w - limit_w) > NEAR_W):
            limit_w, since_s = now_w, clock()
    return float(round(limit_w))


def _reach(
    job: Job, meter: CardMeter, cap_w: float, clock: Callable[[], float], pause: Pause
) -> None:
    """Ask for a limit and wait until the card shows it."""
    job.cap(cap_w)
    until_s = clock() + PATIENCE_S
    while True:
        limit_w = meter.limit_w()
        if limit_w is not None and abs(limit_w - cap_w) <= NEAR_W:
            return
        if clock() >= until_s:
            shown = "none" if limit_w is None else f"{limit_w:.0f} W"
            why = f"It was asked for {cap_w:.0f} W, and after {PATIENCE_S:.0f} s shows {shown}."
            raise refusal("calibrate.rights", why=why)
        pause(LOOK_S)
        _heed(job, 0)


def _heed(job: Job, step: int) -> None:
    """Ends here if a stop is asked. There is nothing to save: half a sweep is none."""
    job.checkpoint(lambda folder: None, step, every_s=math.inf)


def _curve(sweep: Sweep, unit: str, highest_w: float) -> dict[str, Any]:
    points = [
        {
            "cap_w": point.cap_w,
            "speed": point.speed,
            "draw": point.watts / highest_w,
            "watts": point.watts,
            "rate": point.rate,
        }
        for point in sweep.points
    ]
    return {"load": sweep.load, "unit": unit, "drift": sweep.drift, "points": points}


def _show(job: Job, model: str, sweeps: Sequence[Sweep], figures: dict[str, Any]) -> None:
    _write_csv(job.artifacts / "curves.csv", figures)
    job.artifact("curves.csv", "table", "Every limit: speed, watts, work a second")
    if importlib.util.find_spec("matplotlib") is None:
        return
    from tenfold.science.power_picture import draw

    draw(job.artifacts / "curves.png", model, sweeps)
    job.artifact("curves.png", "image", "Speed and draw against the power limit")


def _write_csv(path: Path, figures: dict[str, Any]) -> None:
    names = ("cap_w", "speed", "draw", "watts", "rate")
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["load", *names, "unit"])
        for curve in figures["curves"]:
            for point in curve["points"]:
                writer.writerow([curve["load"], *(point[name] for name in names), curve["unit"]])


def _summary(model: str, sweeps: Sequence[Sweep]) -> str:
    told = [
        f"{sweep.load} {sweep.points[0].speed:.0%} at {sweep.points[0].cap_w:.0f} W"
        for sweep in sweeps
    ]
    return f"{model}, of full speed at {sweeps[0].points[-1].cap_w:.0f} W: {', '.join(told)}."
