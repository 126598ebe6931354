"""`llm.pretrain` on 1, 2, 5 and 10 ranks: the same loss curve; and a run handed from 10 to 7 to 1.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/pretrain_ranks.py    about 2 minutes on two cores

Real gangs: forked processes over gloo, each calling the workload's own `run`. The 16 sequences of a
step divide among neither 3, 5, 7 nor 10. With `--split` each of so many ranks has only a part of
the model. What may differ is the order of additions in float32, which training then makes larger;
TOLERANCE bounds the largest relative difference of the loss at any step from one rank's. A plain
mean over ranks of uneven shares, planted with `--fault mean`, is beyond it. Kept in
results/pretrain_ranks.json.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch._dynamo  # optimizers import it, split models fsdp: once here, not in every rank
import torch.distributed.fsdp
from torch import distributed

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.kept import keep

from tenfold.catalogue.contract import Checkpoint
from tenfold.science.transformer import gang as gang_module
from tenfold.science.transformer import picture, pretraining, training
from tenfold.terms.box import Device, DeviceKind, Slot
from tenfold.workloads.llm import pretrain

TOLERANCE = 1e-4  # of the loss
SIZES: dict[str, dict[str, Any]] = {
    "tiny": {"text_mb": 0.3, "vocabulary": 300, "depth": 2, "context": 16, "steps": 12},
    "whole": {"text_mb": 2.0, "vocabulary": 1024, "depth": 2, "context": 128, "steps": 60},
}
SEQUENCES = 16  # a step


class Halted(BaseException):
    """A run ends after it was saved."""


class Rank:
    """The part of `Job` that the workload uses, in one rank's process."""

    device = "cpu"

    def __init__(
        self, folder: Path, rank: int, world: int, halt: int | None, memory_gib: float
    ) -> None:
        self.folder, self.rank, self.world, self.halt = folder, rank, world, halt
        self.slot = Slot("n", ("cpu",), DeviceKind.CPU, world, memory_gib)
        self.artifacts = folder / "artifacts"
        self.artifacts.mkdir(exist_ok=True)
        self.losses: dict[int, float] = {}

    def progress(self, items: Iterable[int], total: float | None = None) -> Iterator[int]:
        return iter(items)

    def note(self, text: str) -> None: ...

    def artifact(self, path: str | Path, kind: str, title: str) -> None: ...

    def log(self, step: int, **metrics: float) -> None:
        self.losses[step] = metrics["loss"]

    @property
    def stop_asked(self) -> bool:
        return max(self.losses) == self.halt

    def checkpoint(self, save: Any, step: int, every_s: float = 30.0) -> None:
        if step != self.halt:
            return
        if self.rank == 0:
            shutil.rmtree(self.folder / "saved", ignore_errors=True)
            (self.folder / "saved").mkdir()
            save(self.folder / "saved")
            (self.folder / "step").write_text(str(step))
        raise Halted

    def resume(self) -> Checkpoint | None:
        there = self.folder / "step"
        return Checkpoint(int(there.read_text()), self.folder / "saved") if there.exists() else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", default="1,2,5,10", help="the first is compared with")
    parser.add_argument("--handover", default="10,7,1")
    parser.add_argument("--size", choices=SIZES, default="whole")
    parser.add_argument(
        "--split", default="3", help="give so many ranks too little memory for a whole model"
    )
    parser.add_argument("--fault", choices=["mean", "same", "momentum"], help="planted")
    parser.add_argument("--out", type=Path, help="JSON file, instead of results/...")
    asked = parser.parse_args()
    worlds = [int(world) for world in asked.ranks.split(",")]
    handed = [int(world) for world in asked.handover.split(",") if world]
    plant(asked.fault)
    given = dict(SIZES[asked.size])
    steps = given.pop("steps")
    params = pretrain.Params(**given, batch_tokens=SEQUENCES * given["context"], evaluations=1)
    shape = pretrain.derive(params.depth, params.vocabulary, params.context, 1e9).shape
    tokens = steps * SEQUENCES * params.context
    params = params.model_copy(update={"tokens_per_parameter": tokens / shape.parameters})
    with tempfile.TemporaryDirectory() as folder:
        curves, seconds = {}, {}
        for world in worlds:
            began_s = time.perf_counter()
            curves[world] = gang(Path(folder) / str(world), params, world, None)
            seconds[world] = time.perf_counter() - began_s
            print(world, "ranks:", curves[world][max(curves[world])], flush=True)
        split = {}
        for world in map(int, asked.split.split(",") if asked.split else []):
            split[world] = gang(Path(folder) / f"split{world}", params, world, None, True)
        handover: dict[int, float] = {}
        for place, world in enumerate(handed):
            last = place + 1 == len(handed)
            halt = None if last else steps * (place + 1) // len(handed)
            split_here = world in split
            handover |= gang(Path(folder) / "handover", params, world, halt, split_here)
    whole = curves[worlds[0]]
    assert sorted(whole) == list(range(1, steps + 1))
    assert not handed or sorted(handover) == sorted(whole)
    apart = {world: furthest(curves[world], whole) for world in worlds[1:]}
    apart |= {f"{world} split": furthest(curve, whole) for world, curve in split.items()}
    apart_handed = furthest(handover, whole) if handed else 0.0
    keep(
        "pretrain_ranks",
        {
            "parameters": shape.parameters,
            "steps": steps,
            "sequences_a_step": SEQUENCES,
            "first_loss": whole[1],
            "last_loss": {world: curve[steps] for world, curve in curves.items()},
            "apart": apart,
            "handover": {"ranks": handed, "last_loss": handover.get(steps), "apart": apart_handed},
            "tolerance": TOLERANCE,
            "holds": max([*apart.values(), apart_handed]) <= TOLERANCE,
            "seconds": seconds,
        },
        asked.out,
    )


def furthest(curve: dict[int, float], whole: dict[int, float]) -> float:
    return max(abs(curve[step] / whole[step] - 1) for step in whole)


def plant(fault: str | None) -> None:
    """`mean`: ranks count alike however much they have seen; `same`: all see the first shares;
    `momentum`: a checkpoint forgets Muon's state."""
    if fault == "mean":
        right = training.Trainer._backward

        def by_rank(self: Any, inputs: Any, targets: Any, weight: float) -> Any:
            return right(self, inputs, targets, 1 / self.gang.world)

        training.Trainer._backward = by_rank  # type: ignore[method-assign]
    if fault == "same":
        gang_module.Gang.share = lambda self, count: range(count // self.world)  # type: ignore
    if fault == "momentum":
        restore = training.Trainer.restore

        def forgetful(self: Any, folder: Path) -> None:
            restore(self, folder)
            self.muon.state.clear()

        training.Trainer.restore = forgetful  # type: ignore[method-assign]


def gang(
    folder: Path, params: Any, world: int, halt: int | None, split: bool = False
) -> dict[int, float]:
    """The losses by step that rank 0 of `world` forked ranks logged."""
    device = Device("", DeviceKind.CPU, "", "", 0.0)
    recipe = pretrain._recipe(params, params.vocabulary, 1e9, device)
    little_gib, enough_gib = (
        world * pretrain._memory_gib(recipe, 1, world, DeviceKind.CPU, way) for way in (True, False)
    )
    memory_gib = (little_gib + enough_gib) / 2 if split else 1.01 * enough_gib
    assert not split or little_gib < enough_gib
    folder.mkdir(exist_ok=True)
    meeting = Path(tempfile.mkdtemp(dir=folder)) / "rendezvous"
    pids = []
    for rank in range(world):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                ranked(folder, params, rank, world, halt, meeting, memory_gib)
                status = 0
            finally:
                os._exit(status)
        pids.append(pid)
    ends = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    assert ends == [0] * world, ends
    logged = json.loads((folder / "losses.json").read_text())
    return {int(step): loss for step, loss in logged.items()}


def ranked(
    folder: Path,
    params: Any,
    rank: int,
    world: int,
    halt: int | None,
    meeting: Path,
    memory_gib: float,
) -> None:
    torch.set_num_threads(1)
    picture.draw = lambda *given: None
    pretraining.SAMPLES = 1
    pretrain.JUDGED_TOKENS = {"cpu": 2048}
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    store = distributed.FileStore(str(meeting), world)
    distributed.init_process_group("gloo", store=store, rank=rank, world_size=world)
    job = Rank(folder, rank, world, halt, memory_gib)
    try:
        pretrain.run(job, params)
    except Halted:
        pass
    except BaseException:
        import traceback

        traceback.print_exc()
        raise
    if rank == 0:
        (folder / "losses.json").write_text(json.dumps(job.losses))
    distributed.barrier()


if __name__ == "__main__":
    main()
