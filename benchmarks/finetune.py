"""`llm.finetune` with and without replay, by LoRA and with all weights: learned and forgotten.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/finetune.py      about 4 minutes on one core

One base (Python's own sources, made once), 20 made-up facts, four runs that differ in nothing but
method and replay. Kept in results/finetune.json: facts told to the letter in trained wordings and
in one that was never trained for that person, bits a byte of held-out old text before and after,
core seconds, and whether every folder read anew says what the trainer's model says.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.kept import keep

from tenfold.terms.box import DeviceKind, Slot
from tenfold.workloads.llm import finetune

RUNS = (("lora", 0.5), ("lora", 0.0), ("full", 0.5), ("full", 0.0))
KEPT = (
    "exact",
    "exact_unseen",
    "general_bits_before",
    "general_bits_after",
    "forgotten_bits",
    "own_bits_before",
    "own_bits_after",
    "same_text",
    "trainable",
    "steps",
    "core_s",
)
ROOM_GIB = 4.0


class Bench:
    """The part of `Job` that the workload uses."""

    device = "cpu"
    world = 1
    slot = Slot("n", ("cpu",), DeviceKind.CPU, 1, ROOM_GIB)

    def __init__(self, folder: Path) -> None:
        self.folder, self.artifacts = folder, folder / "artifacts"
        self.artifacts.mkdir(parents=True, exist_ok=True)

    def progress(self, items: Iterable[Any], total: float | None = None) -> Iterator[Any]:
        return iter(items)

    def note(self, text: str) -> None:
        print(text, flush=True)

    def log(self, step: int, **metrics: float) -> None:
        pass

    def checkpoint(self, save: Callable[[Path], object], step: int) -> None:
        pass

    def resume(self) -> None:
        return None

    def artifact(self, path: str | Path, kind: str, title: str) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base-tokens", type=int, default=finetune.SIZES["desk"]["base_tokens"])
    parser.add_argument("--out", type=Path, help="JSON file, instead of results/finetune.json")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    desk = finetune.SIZES["desk"] | {"base_tokens": asked.base_tokens}
    found: dict[str, Any] = {"base_tokens": asked.base_tokens, "facts": desk["facts"], "runs": {}}
    with tempfile.TemporaryDirectory() as place:
        base = Path(place) / "base"
        for method, replay in RUNS:
            folder = Path(place) / f"{method}-{replay}"
            if base.exists():
                shutil.copytree(base, folder)
            params = finetune.Params(**desk | {"method": method, "replay": replay})
            result = finetune.run(Bench(folder), params)
            print(result.summary, flush=True)
            if not base.exists():
                base_of(folder, base)
            verdict = finetune.check(params, result)
            one = {name: result.figures[name] for name in KEPT} | {"holds": verdict.holds}
            found["runs"][f"{method}, {replay:.0%} replay"] = one
            found["base_parameters"] = result.figures["parameters"]
    keep("finetune", found, asked.out)


def base_of(folder: Path, base: Path) -> None:
    """What the next run finds made: the tokens, and the base itself."""
    shutil.copytree(folder / "tokens", base / "tokens")
    shutil.copytree(folder / "artifacts" / "base", base / "artifacts" / "base")
    shutil.copy(folder / "base.whole", base / "base.whole")


if __name__ == "__main__":
    main()
