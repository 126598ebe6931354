"""A plan's figures by hand arithmetic, and what its process does when things go wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tenfold.engine.describe import Describer
from tenfold.engine.plan import emptied
from tenfold.engine.planner import Planner, no_limits, plan_of, site_of
from tenfold.hardware.detect import box as box_named
from tenfold.site.settings import SiteConfig, Tariff
from tenfold.terms.mig import Instance, Placement
from tenfold.terms.refusal import Refusal
from tenfold.terms.wire import from_json, to_json

HOUR = 3600.0
DAY = 86_400.0
OWN = Path(__file__).parent / "workloads"
# Of a declared 10xH100-PCIe: host and fans, an idle card, a busy card (hardware/models).
HOST_W, IDLE_W, BUSY_W = 2200.0, 80.0, 350.0
DRAWN = 0.881  # of its limit, by the curve of work that is not told apart


@pytest.fixture(scope="module")
def describer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Describer]:
    made = Describer(tmp_path_factory.mktemp("plan") / "home")
    yield made
    made.close()


@pytest.fixture(scope="module")
def planner(describer: Describer) -> Planner:
    return Planner(describer)


def plan(
    planner: Planner, text: str, box: str = "10xH100-PCIe", site: SiteConfig | None = None
) -> dict[str, Any]:
    return planner.plan(text, "week.toml", box_named(box), site or no_limits())


def refused(planner: Planner, text: str, **more: Any) -> Refusal:
    with pytest.raises(Refusal) as told:
        plan(planner, text, **more)
    return told.value


ONE = """
days = 1
[[job]]
name = "one"
gpus = 2
time = "3h"
at = "Mon 01:00"
"""


def test_one_job_by_hand(planner: Planner) -> None:
    answer = plan(planner, ONE, site=SiteConfig(tariff=Tariff(0.5)))
    busy_w = HOST_W + 8 * IDLE_W + 2 * DRAWN * BUSY_W
    most_w = HOST_W + 8 * IDLE_W + 2 * BUSY_W
    idle_w = HOST_W + 10 * IDLE_W
    kwh = (3 * busy_w + 20 * idle_w) / 1000  # 01:00 to 04:00, then to midnight
    told = answer["figures"]
    assert told["kwh"] == pytest.approx(kwh) == pytest.approx(70.37, abs=0.01)
    assert told["cost"] == pytest.approx(kwh / 2)
    assert told["peak_w"] == most_w
    assert told["makespan_s"] == 3 * HOUR
    assert told["utilisation"] == pytest.approx(2 * 3 / (10 * 23))
    assert (told["jobs"], told["done"], told["late"], told["never"]) == (1, 1, 0, 0)
    assert told["waiting_mean_s"] == told["waiting_p95_s"] == 0.0
    assert (answer["start_s"], answer["end_s"]) == (HOUR, DAY)
    assert (answer["modelled"], answer["box"], answer["name"]) == (True, "10xH100-PCIe", "week")
    (stay,) = answer["stays"]
    assert (stay["start_s"], stay["end_s"], stay["done"]) == (HOUR, 4 * HOUR, True)
    (row,) = answer["rows"]
    cards = stay["devices"]
    assert len(cards) == 2 and row["where"] == [", ".join(cards)]


def test_a_slice_counts_with_its_compute_slices(planner: Planner) -> None:
    text = 'days = 1\n[[job]]\nname = "s"\nslice = "2g.20gb"\ntime = "7h"\n'
    answer = plan(planner, text, "1xH100-PCIe")
    assert answer["figures"]["utilisation"] == pytest.approx(2 / 7 * 7 / 24, rel=1e-4)
    (layout,) = answer["layouts"]
    (place,) = layout["placements"]
    assert place["profile"] == "2g.20gb" and layout["device"] == "gpu0"
    assert answer["rows"][0]["where"] == ["2g.20gb of gpu0"]


QUEUE = """
days = 1
[[job]]
name = "first"
gpus = 1
time = "4h"
by = "+3h"
[[job]]
name = "second"
gpus = 1
time = "1h"
at = "+1h"
[[job]]
name = "report"
gpus = 1
time = "1h"
after = "first"
"""


def test_waiting_counts_from_when_a_job_could_have_started(planner: Planner) -> None:
    """One card. `report` was asked for at 00:00 and can start at 04:00, when `first` is done; it is
    older than `second`, which waits from 01:00 to 05:00."""
    answer = plan(planner, QUEUE, "1xH100-PCIe")
    by_name = {row["name"]: row for row in answer["rows"]}
    waits = {name: row["waited_s"] for name, row in by_name.items()}
    assert waits == {"first": 0.0, "second": 4 * HOUR, "report": 0.0}
    assert by_name["report"]["ready_s"] == 4 * HOUR
    assert answer["figures"]["waiting_p95_s"] == max(waits.values())
    assert (by_name["first"]["late"], answer["figures"]["late"]) == (True, 1)
    assert answer["figures"]["makespan_s"] == 6 * HOUR


def test_who_never_runs_says_why(planner: Planner) -> None:
    """An idle box of ten draws 3000 W already: no card may start under that limit."""
    answer = plan(planner, ONE, site=site_of("[site]\nwatts = 3000\n", "site.toml"))
    (row,) = answer["rows"]
    assert (row["state"], row["waited_s"]) == ("never ran", None)
    assert "site" in row["why"]
    assert answer["figures"]["never"] == 1 and answer["figures"]["makespan_s"] is None
    assert answer["limits"][0] == [HOUR, 3000.0]
    assert {watts for _, watts in answer["limits"]} == {3000.0}  # the nights have it too


def test_a_limit_is_kept(planner: Planner) -> None:
    text = ONE.replace("gpus = 2", "gpus = 10")
    answer = plan(planner, text, site=SiteConfig(5000.0))
    assert 4500 < answer["figures"]["peak_w"] <= 5000.0


def test_a_service_runs_to_the_end(planner: Planner) -> None:
    text = 'days = 2\n[[job]]\nname = "s"\nkind = "service"\nslice = "1g.10gb"\n'
    answer = plan(planner, text, "1xH100-PCIe")
    assert (answer["rows"][0]["state"], answer["figures"]["serve"]) == ("serves", 1)
    assert (answer["end_s"], answer["stays"][0]["end_s"]) == (2 * DAY, 2 * DAY)


def test_a_workload_is_asked_for_the_declared_box(planner: Planner) -> None:
    text = '[[job]]\nworkload = "simulate.cavity"\nsize = "smoke"\nat = "Tue 10:00"\n'
    (row,) = plan(planner, text)["rows"]
    assert (row["name"], row["group"]) == ("simulate.cavity", "simulate")
    assert row["needs"]["gpus"] == 1 and row["needs"]["time_s"] > 0
    longer = plan(planner, text + 'time = "2h"\nslice = "3g.40gb"\n')["rows"][0]
    assert (longer["needs"]["time_s"], longer["needs"]["slice"]) == (2 * HOUR, "3g.40gb")


def test_cores_are_a_cpu_share(planner: Planner) -> None:
    text = '[[job]]\nname = "c"\ncores = 8\ntime = "1h"\n'
    answer = plan(planner, text)
    assert answer["rows"][0]["where"] == ["8 cores"]
    assert answer["figures"]["utilisation"] == 0.0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ('workload = "simulate.cavty"', "simulate.cavity"),
        ('workload = "simulate.cavity"\nsize = "huge"', "smoke"),
        ('workload = "simulate.cavity"\nparams = { cells = 3 }', "cells"),
        ('gpus = 11\ntime = "1h"', "10 GPUs"),
        ('gpus = 1\nmemory_gib = 200\ntime = "1h"', "79.25"),
        ('slice = "5g.50gb"\ntime = "1h"', "4g.40gb"),
        ('slice = "1g.10gb"\nmemory_gib = 15\ntime = "1h"', "20gb"),
        ('cores = 200\ntime = "1h"', "64 cores"),
    ],
)
def test_what_can_never_be_is_refused_with_the_nearest(
    planner: Planner, fields: str, words: str
) -> None:
    told = refused(planner, f'days = 1\n[[job]]\nname = "one"\n{fields}\n')
    assert told.code == "week.job" and "job 'one' (week.toml, line 2)" in told.what
    assert words in told.why, told.why


def test_a_workload_whose_time_nobody_knows(planner: Planner) -> None:
    told = refused(planner, '[[job]]\nworkload = "system.notebook"\n')
    assert (told.code, told.next) == ("week.job", "add time = '2h', week.toml, line 1")


@pytest.mark.parametrize("text", ["", "[other]\nx = 1\n", "[site]\nwatt = 3\n", "site = 3\n", "["])
def test_a_site_file_without_a_site(text: str) -> None:
    with pytest.raises(Refusal) as told:
        site_of(text, "site.toml")
    assert told.value.code == "site.config"


MANY = '[[job]]\nname = "many"\nslice = "1g.10gb"\ntime = "3h"\ncount = 5000\n'


def test_a_plan_that_takes_too_long_is_ended(describer: Describer) -> None:
    told = refused(Planner(describer, play_s=0.05), MANY)
    assert (told.code, told.facts["jobs"]) == ("plan.slow", 5000)


def test_one_at_a_time_and_closing_ends_it(describer: Describer) -> None:
    planner = Planner(describer)
    said: list[Refusal] = []
    first = threading.Thread(target=lambda: said.append(refused(planner, MANY)))
    first.start()
    while planner._playing is None:
        assert first.is_alive()
        time.sleep(0.005)
    assert refused(planner, ONE).code == "plan.busy"
    planner.close()
    first.join(10)
    assert [told.code for told in said] == ["api.broken"]
    assert planner._playing is None


def test_the_same_week_gives_the_same_plan(planner: Planner) -> None:
    assert plan(planner, QUEUE) == plan(planner, QUEUE)


def test_the_process_takes_json_and_gives_json() -> None:
    request = plan_of(ONE, "w.toml", box_named("2xL40S"), no_limits(), Describer(OWN))
    asked = json.dumps(to_json(request))
    assert from_json(type(request), json.loads(asked)) == request
    ended = subprocess.run(
        [sys.executable, "-m", "tenfold.engine.plan"], input=asked, capture_output=True, text=True
    )
    answer = json.loads(ended.stdout)
    assert (answer["box"], answer["figures"]["done"]) == ("2xL40S", 1)


def test_it_is_planned_on_the_empty_box() -> None:
    box = box_named("1xH100-PCIe")
    (node,) = box.nodes
    ours, foreign = (Instance(Placement("1g.10gb", n, 1), foreign=bool(n)) for n in (0, 1))
    card = replace(node.devices[0], cap_w=200.0, instances=(ours, foreign))
    used = replace(box, nodes=(replace(node, devices=(card, *node.devices[1:])),))
    (found,) = emptied(used).gpus
    assert (found.cap_w, found.instances) == (350.0, (foreign,))
