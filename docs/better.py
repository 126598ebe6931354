"""Where another tool is the better choice, and by how much, for docs/evidence.md.

A figure stands here only with its source: a JSON file that our own command keeps, or the place
where it was published, with the date on which that place gave it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from claim import NOT_RUN, kept

MEASURED, PUBLISHED, NO_FIGURE = "measured", "published elsewhere", "no figure"


@dataclass(frozen=True)
class Better:
    """`reaches` is what `source` says, or reads it from the kept file that `source` names."""

    task: str
    tool: str
    why: str
    reaches: str | Callable[[dict[str, Any]], str] = ""
    source: str = ""
    date: str = ""

    @property
    def how(self) -> str:
        if callable(self.reaches):
            return MEASURED
        return PUBLISHED if self.reaches else NO_FIGURE

    def words(self) -> str:
        if not callable(self.reaches):
            return self.reaches
        content = kept(self.source)
        return NOT_RUN if content is None else self.reaches(content["figures"])

    def when(self) -> str:
        content = kept(self.source) if callable(self.reaches) else None
        return content["date"][:10] if content else self.date


def _no_ops(found: dict[str, Any]) -> str:
    runs = found["no_ops"]
    names = ("task-spooler", "HyperQueue", "tenfold")
    said = (f"{n} {runs[n]['done_s']:.2g} s" for n in names if "done_s" in runs.get(n, {}))
    return f"{runs['count']} no-ops: {', '.join(said)}"


BETTER = (
    Better(
        "Thousands of short commands",
        "task-spooler, HyperQueue",
        "They keep no durable record of each start and end, so they start sooner.",
        _no_ops,
        "queue.json",
    ),
    Better(
        "Serving a language model to many at once",
        "vLLM, SGLang, TensorRT-LLM",
        "Continuous batching, paged caches and kernels of their own; Tenfold starts such a server,"
        " it is none.",
        "8B fp8 on one H100, 1000 tokens in and 1000 out: TensorRT-LLM 15,220 tokens/s out",
        "NVIDIA/TensorRT-LLM, docs/source/performance/perf-overview.md",
        "version 1.0",
    ),
    Better(
        "Several machines, several people",
        "Slurm",
        "Accounts, fair shares, reservations and thousands of nodes; Tenfold is for one person and"
        " one box.",
        "",
        "its manual, slurm.schedmd.com",
    ),
    Better(
        "Pretraining a small GPT on eight H100s",
        "nanochat",
        "Tuned end to end for that one box and model.",
        "GPT-2 grade in 1.65 h; an earlier bf16 run at 800,000 tokens/s (50 % MFU, derived)",
        "karpathy/nanochat, dev/LEADERBOARD.md",
        "2026-03",
    ),
    Better(
        "Pretraining larger models on many GPUs",
        "torchtitan, Megatron Bridge",
        "Sharding in several dimensions, low precision, asynchronous checkpoints.",
        "Llama 3.1 8B on eight H100s, float8: torchtitan 8,532 tokens/s a GPU",
        "pytorch/torchtitan, benchmarks/llama3_h100_202412",
        "2024-12",
    ),
    Better(
        "Fine-tuning by clicking, on little memory",
        "Unsloth",
        "A desktop app with its own kernels, from documents to a chat.",
        "its own claim, not verified here: twice as fast with 70 % less memory",
        "unslothai/unsloth, README",
        "2026-08",
    ),
    Better(
        "Chatting with a local model five minutes from now",
        "Ollama",
        "One download and one command, with the models a name away.",
        "",
        "ollama/ollama, README",
    ),
)
