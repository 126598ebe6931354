"""What README and docs/evidence.md claim in figures, and how each figure is read from its JSON."""

from __future__ import annotations

from typing import Any

from claim import NOT_RUN, Claim, digits
from claims_finetune import FINETUNE_CLAIMS
from claims_gpu import GPU_FILES, gpu_claims
from claims_retrieval import RETRIEVAL_CLAIMS
from claims_serving import SERVING_CLAIMS
from claims_site import SITE_CLAIMS
from claims_web import WEB_CLAIMS

# The commands of `make evidence` that give several rows.
QUEUE = "queueing.py --without-slurm --submits 200 --batches 5 --starts 20 --no-ops 100"
CLI = "cli.py --runs 7"
STARTS = "starts.py --starts 8"
CAVITY = "cavity.py"
SETUP = "setup.py --extras demo --kills 1"
PRETRAIN = "pretrain.py --seconds 15"
PLACEMENT = "placement.py --seeds 2"


def _crash(found: dict[str, Any]) -> str:
    return (
        f"{found['kills']} kills, {found['acknowledged']} jobs, {found['attempts']} attempts:"
        f" {len(found['wrong'])} promises broken"
    )


def _power_cut(found: dict[str, Any]) -> str:
    kept = found["promises"]
    return (
        f"{found['cuts']} cuts of runs with {kept['submitted']} submits and {kept['ended']}"
        f" outcomes: {len(found['wrong'])} promises broken"
    )


def _peers(found: dict[str, Any]) -> str:
    runs = ((n, run) for n, run in found["no_ops"].items() if isinstance(run, dict))
    said = [
        f"{n} {digits(run['done_s']) + ' s' if 'done_s' in run else NOT_RUN}" for n, run in runs
    ]
    return "; ".join(said)


def _week(found: dict[str, Any], policy: str) -> str:
    row = found["arrivals"]["policies"][policy]
    wait_h, kwh = row["wait_by_share_h"], row["kwh"]
    met, asked = row["deadlines_met"], found["arrivals"]["deadlines"]
    return f"{policy.split(',')[0]}: {wait_h:.2f} h, {kwh:.0f} kWh, {met} of {asked}"


def _cavity(found: dict[str, Any]) -> str:
    errors = (
        f"Re {case['reynolds']:g}: {max(case['error_u'], case['error_v']):.4f}"
        for case in found["cases"]
        if case["judged"]
    )
    return "; ".join(errors)


def _setup(found: dict[str, Any]) -> str:
    told = ((extra, found[extra]) for extra in ("demo", "test") if extra in found)
    return "; ".join(
        f"{extra}: {digits(one['cold_s'])} s, {digits(one['download_mb'])} MB down,"
        f" {digits(one['on_disk_mb'])} MB on disk"
        for extra, one in told
    )


def _broken_off(found: dict[str, Any]) -> str:
    return f"{len(found['kills'])} broken off: {len(found['wrong'])} faults in the next one"


def _starts(found: dict[str, Any]) -> str:
    forked, cold = found["median"]["forked"], found["median"]["cold"]
    ratio = found["cold_over_forked"]["submit_to_step"]
    return (
        f"{digits(forked['submit_to_step_ms'])} ms against {digits(cold['submit_to_step_ms'])} ms:"
        f" {digits(ratio)} times"
    )


def _equal_seconds(found: dict[str, Any]) -> str:
    ours, theirs = (found["equal_seconds"][name] for name in ("tenfold", "plain"))
    return (
        f"{ours['bits_per_byte']:.3f} against {theirs['bits_per_byte']:.3f} after"
        f" {digits(theirs['seconds'])} core-seconds"
    )


def _desk_model(found: dict[str, Any]) -> str:
    run = found["desk"]
    return (
        f"{run['bits_per_byte']:.3f} against {run['bigram_bits_per_byte']:.3f},"
        f" {1 - run['bits_per_byte'] / run['bigram_bits_per_byte']:.0%} fewer"
    )


def _miso(found: dict[str, Any], policy: str, pause: str, against: str = "static") -> str:
    """The mean change over the seeds, and on the worst of them."""
    change = found["miso"]["policies"][policy][pause][against]
    return f"{100 * change['mean']:.1f} % (worst seed {100 * change['worst']:+.0f} %)"


def _held(found: dict[str, Any]) -> str:
    held = [verdict["holds"] for verdict in found["verdicts"]]
    return f"{sum(held)} of {len(held)}"


CLAIMS = (
    Claim(
        "Random `kill -9` of daemon, runner, ranks and fork server loses, doubles and leaves"
        " nothing",
        "0 broken",
        "make bench-crash",
        "crash.json",
        _crash,
        lambda found: not found["wrong"],
        again="crash.py --kills 60",
    ),
    Claim(
        "After a power cut at any moment every acknowledged submit and outcome is there",
        "0 broken",
        "make bench-power-cut",
        "power_cut.json",
        _power_cut,
        lambda found: not found["wrong"],
        again="power_cut.py --cuts 60 --traces 2",
    ),
    Claim(
        "A durable submit over HTTP, as a multiple of a bare fsync (p50, p99)",
        "p99 at most 3",
        "make bench-queue",
        "queue.json",
        lambda found: " and ".join(digits(found["submit_over_fsync"][p]) for p in ("p50", "p99")),
        lambda found: found["submit_over_fsync"]["p99"] <= 3,
        again=QUEUE,
    ),
    Claim(
        "Durable submits a second, in batches",
        "1,000",
        "make bench-queue",
        "queue.json",
        lambda found: f"{found['batches']['submits_a_second']:,.0f}",
        lambda found: found["batches"]["submits_a_second"] >= 1000,
        again=QUEUE,
    ),
    Claim(
        "From submit to the first line of a no-op (p50)",
        "",
        "make bench-queue",
        "queue.json",
        lambda found: f"{digits(found['start']['submit_to_first_line_p50_ms'])} ms",
        again=QUEUE,
    ),
    Claim(
        "No-op jobs on two CPU shares, all done, beside other queues in the same run",
        "",
        "make bench-queue",
        "queue.json",
        lambda found: f"{found['no_ops']['count']} jobs: {_peers(found)}",
        again=QUEUE,
    ),
    Claim(
        "`tenfold --version`, more than a bare `python -c pass`",
        "150 ms",
        "make bench-cli",
        "cli.json",
        lambda found: f"{digits(found['over_bare_python_ms']['tenfold --version'])} ms",
        lambda found: found["over_bare_python_ms"]["tenfold --version"] <= 150,
        again=CLI,
    ),
    Claim(
        "`tenfold workloads`, more than a bare `python -c pass`",
        "400 ms",
        "make bench-cli",
        "cli.json",
        lambda found: f"{digits(found['over_bare_python_ms']['tenfold workloads'])} ms",
        lambda found: found["over_bare_python_ms"]["tenfold workloads"] <= 400,
        again=CLI,
    ),
    Claim(
        "A torch job through the daemon, from the request to fork to the entry of its `run` (p50)",
        "100 ms",
        "make bench-starts",
        "starts.json",
        lambda found: f"{digits(found['median']['forked']['asked_to_run_ms'])} ms",
        lambda found: found["median"]["forked"]["asked_to_run_ms"] <= 100,
        again=STARTS,
    ),
    Claim(
        "The same job from submit to its first training step, forked against a cold interpreter",
        "",
        "make bench-starts",
        "starts.json",
        _starts,
        again=STARTS,
    ),
    Claim(
        "`simulate.cavity` at `desk`: largest error on the centre lines, in lid speeds",
        "0.005",
        "make bench-cavity",
        "cavity.json",
        _cavity,
        lambda found: all(
            max(case["error_u"], case["error_v"]) <= 0.005
            for case in found["cases"]
            if case["judged"]
        ),
        again=CAVITY,
    ),
    Claim(
        "`simulate.cavity` at `desk`, on one core",
        "5 minutes",
        "make bench-cavity",
        "cavity.json",
        lambda found: f"{digits(found['desk_core_s'])} core-seconds",
        lambda found: found["desk_core_s"] <= 300,
        again=CAVITY,
    ),
    Claim(
        "The tour of `make demo`, from its start to its page",
        "240 s on two cores",
        "make bench-tour",
        "tour.json",
        lambda found: f"{digits(found['wall_s'])} s, {_held(found)} verdicts hold",
        lambda found: found["wall_s"] <= 240 and found["exit_status"] == 0,
        again="tour.py --size smoke",
    ),
    Claim(
        "Setup with empty caches, beside what it downloads and takes on disk",
        "180 s for demo",
        "make bench-setup",
        "setup.json",
        _setup,
        lambda found: found["demo"]["cold_s"] <= 180,
        again=SETUP,
    ),
    Claim(
        "A setup that is broken off at a random moment (`kill -9`, Ctrl-C) is whole after the next",
        "0 faults",
        "make bench-setup",
        "setup.json",
        _broken_off,
        lambda found: not found["wrong"],
        again=SETUP,
    ),
    *(claim for file in GPU_FILES for claim in gpu_claims(file)),
    Claim(
        "`llm.pretrain`: tokens/s of its training step, as a multiple of a tuned plain PyTorch"
        " loop's",
        "1.0",
        "make bench-pretrain",
        "pretrain.json",
        lambda found: f"{found['speed_ratio']:.2f}",
        lambda found: found["speed_ratio"] >= 1.0,
        again=PRETRAIN,
        missed="Muon's step costs more than AdamW's",
    ),
    Claim(
        "`llm.pretrain`: bits a byte of held-out text, beside that loop after equal seconds",
        "fewer",
        "make bench-pretrain",
        "pretrain.json",
        _equal_seconds,
        lambda found: (
            found["equal_seconds"]["tenfold"]["bits_per_byte"]
            < found["equal_seconds"]["plain"]["bits_per_byte"]
        ),
        again=PRETRAIN,
    ),
    Claim(
        "`llm.pretrain` at `desk`: bits a byte of held-out text, beside a tuned smoothed bigram",
        "8 % fewer",
        "make bench-pretrain",
        "pretrain.json",
        _desk_model,
        lambda found: found["desk"]["holds"],
        again=PRETRAIN,
    ),
    Claim(
        "`llm.pretrain` on 2, 5 and 10 ranks, on 3 that hold a part of the model each, and handed"
        " from 10 ranks to 7 to 1: largest relative difference of the loss at any step from one"
        " rank's",
        "0.0001",
        "make bench-pretrain-ranks",
        "pretrain_ranks.json",
        lambda found: f"{max([*found['apart'].values(), found['handover']['apart']]):.1g}",
        lambda found: found["holds"],
        again="pretrain_ranks.py --size tiny",
    ),
    *FINETUNE_CLAIMS,
    *SERVING_CLAIMS,
    Claim(
        "The proxy before services: what it adds to a small request (p50), beyond a fresh"
        " connection to the service",
        "",
        "make bench-proxy",
        "proxy.json",
        lambda found: f"{digits(found['added_over_fresh_p50_ms'])} ms",
        again="proxy.py",
    ),
    Claim(
        "The proxy before services: requests a second, as a share of those with fresh connections"
        " to the service",
        "",
        "make bench-proxy",
        "proxy.json",
        lambda found: f"{found['requests_over_fresh']:.2f}",
        again="proxy.py",
    ),
    Claim(
        "The gateway to the models: what it adds to the first token of a stream, and to each other"
        " (p50)",
        "",
        "make bench-gateway",
        "gateway.json",
        lambda found: (
            f"{digits(found['first_token_added_ms'])} ms, {digits(found['token_added_ms'])} ms"
        ),
        again="gateway.py --turns 2",
    ),
    Claim(
        "The gateway to the models: tokens a second that it passes on, to one client and to 32",
        "",
        "make bench-gateway",
        "gateway.json",
        lambda found: ", ".join(digits(v) for v in found["tokens_a_second"]["gateway"].values()),
        again="gateway.py --turns 2",
    ),
    Claim(
        "1,300 clients that ask the gateway at once: answered, told to try again, lost; its memory",
        "0 lost, below 200 MiB",
        "make bench-gateway",
        "gateway.json",
        lambda found: "{answered}, {told_to_try_again}, {lost}; {proxy_peak_mib:.0f} MiB".format(
            **found["crowd"]
        ),
        lambda found: found["crowd"]["lost"] == 0 and found["crowd"]["proxy_peak_mib"] < 200,
        again="gateway.py --turns 2",
    ),
    Claim(
        "MISO's trace on eight cards, mean completion time against the best static partition of"
        " each seed, at pauses of 0, 5 and 30 s, times known",
        "-17, -16, -7 %, the plain re-layout policy's",
        "make bench-placement",
        "placement.json",
        lambda found: ", ".join(_miso(found, "time known", pause) for pause in ("0", "5", "30")),
        lambda found: all(
            found["miso"]["policies"]["time known"][pause]["static"]["mean"] < published
            for pause, published in found["miso"]["published"]["static"].items()
        ),
        again=PLACEMENT,
        modelled=True,
    ),
    Claim(
        "The same with times never known, and known within 30 %",
        "",
        "make bench-placement",
        "placement.json",
        lambda found: "; ".join(
            ", ".join(_miso(found, policy, pause) for pause in ("0", "5", "30"))
            for policy in ("time unknown", "within 30 %")
        ),
        again=PLACEMENT,
        modelled=True,
    ),
    Claim(
        "The plain re-layout policy as it was published, made again: against whole cards at pauses"
        " of 0 and 30 s",
        "-59 and -54 %, within 2 points",
        "make bench-placement",
        "placement.json",
        lambda found: ", ".join(_miso(found, "plain", p, "whole") for p in ("0", "30")),
        lambda found: all(
            abs(found["miso"]["policies"]["plain"][pause]["whole"]["mean"] - published) <= 0.02
            for pause, published in found["miso"]["published"]["whole"].items()
        ),
        again=PLACEMENT,
        modelled=True,
        missed="which seeds the published mean is of is not known, and seeds differ by more",
    ),
    Claim(
        "One decision on ten cards with 70 slices in use and 10,000 jobs queued",
        "50 ms",
        "make bench-placement",
        "placement.json",
        lambda found: f"{digits(found['decision']['a dozen kinds of needs']['10000'])} ms",
        lambda found: found["decision"]["a dozen kinds of needs"]["10000"] <= 50,
        again=PLACEMENT,
    ),
    Claim(
        "A week of 5,000 jobs on the virtual clock",
        "10 s",
        "make bench-placement",
        "placement.json",
        lambda found: f"{digits(found['week']['processor_s'])} s",
        lambda found: found["week"]["processor_s"] <= 10,
        again=PLACEMENT,
    ),
    Claim(
        "The owner's week on ten cards, all jobs ready at zero: makespan over a proven bound, in"
        " the order of the file and with the widest first",
        "1.10",
        "make bench-owner-week",
        "owner_week.json",
        lambda found: " and ".join(
            f"{found['ready']['with chains'][order]['over_proven_bound']:.3f}"
            for order in ("as filed", "widest first")
        ),
        lambda found: found["ready"]["with chains"]["as filed"]["over_proven_bound"] <= 1.10,
        again="owner_week.py",
        modelled=True,
        missed="equal jobs go in the order in which they were asked for; widest first meets it",
    ),
    Claim(
        "The same week as it arrives: waiting weighted by the cards asked for, energy and deadlines"
        " met, beside the best static layouts and whole cards first come first served",
        "",
        "make bench-owner-week",
        "owner_week.json",
        lambda found: "; ".join(
            _week(found, name)
            for name in (
                "tenfold",
                "static, least waiting at Tenfold's deadlines",
                "whole, fifo",
            )
        ),
        again="owner_week.py",
        modelled=True,
    ),
    Claim(
        "Alibaba's openb trace on ten cards: share of the asked GPU time accepted where nobody"
        " waits, beside first-fit, best-fit and a card without geometry",
        "",
        "make bench-openb",
        "openb.json",
        lambda found: ", ".join(
            f"{100 * found[name]['gpu_time']:.1f} %"
            for name in ("tenfold", "first-fit", "best-fit", "without geometry")
        ),
        again="openb.py --seeds 3",
        modelled=True,
    ),
    Claim(
        "Batches of 3 to 8 tasks on one card: makespan over the proven optimum of a relaxation,"
        " mean and worst, beside the rule without a batch and a plain molding",
        "mean at most 1.05",
        "make bench-batch",
        "batch.json",
        lambda found: "; ".join(
            f"{name}: {found['few'][name]['mean']:.3f} and {found['few'][name]['worst']:.3f}"
            for name in ("tenfold", "old rule", "far-like")
        ),
        lambda found: found["few"]["tenfold"]["mean"] <= 1.05,
        again="batch.py --seeds 1",
        modelled=True,
    ),
    Claim(
        "Batches of 10, 20, 30 and 40 tasks on one card: makespan over a proven bound",
        "",
        "make bench-batch",
        "batch.json",
        lambda found: ", ".join(
            f"{found['many'][count]['tenfold']['mean']:.3f}" for count in ("10", "20", "30", "40")
        ),
        again="batch.py --seeds 1",
        modelled=True,
    ),
    *RETRIEVAL_CLAIMS,
    *SITE_CLAIMS,
    *WEB_CLAIMS,
)
