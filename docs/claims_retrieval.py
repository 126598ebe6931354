"""The claims about the index of documents (llm.index, llm.ask)."""

from __future__ import annotations

from typing import Any

from claim import Claim, digits

COMMAND, FILE = "make bench-retrieval", "retrieval.json"
AGAIN = "retrieval.py --quick"


def _made(found: dict[str, Any]) -> str:
    return "; ".join(
        f"{language}: {one['right']} of {one['questions']}, {one['unknown']} of"
        f" {one['unanswerable']}"
        for language, one in found["made"].items()
    )


def _library(found: dict[str, Any]) -> str:
    run = found["library"]
    return (
        f"{digits(run['documents_a_second'])} documents/s"
        f" ({digits(run['core_s_a_mb'])} core-seconds a MB); {run['recall_1']:.3f},"
        f" {run['recall_5']:.3f}; {run['unknown']:.0%}"
    )


def _latency(found: dict[str, Any]) -> str:
    return "; ".join(
        f"{int(count):,}: {digits(run['p50_ms'])} and {digits(run['p99_ms'])} ms"
        f" ({digits(run['core_p50_ms'])} and {digits(run['core_p99_ms'])} ms of CPU)"
        for count, run in found["latency"].items()
    )


RETRIEVAL_CLAIMS = (
    Claim(
        "`llm.ask` without a model on made-up documents in two languages: right source and answer"
        ' quoted; "I don\'t know" where nothing answers',
        "95 % of each",
        COMMAND,
        FILE,
        _made,
        lambda found: all(
            one["right"] >= 0.95 * one["questions"] and one["unknown"] >= 0.95 * one["unanswerable"]
            for one in found["made"].values()
        ),
        again=AGAIN,
    ),
    Claim(
        "`llm.index` of Python's standard library: documents a second; recall@1 and recall@5 of"
        " questions made of them; questions on nothing in them that are not thought known",
        "recall@5 0.8, 90 % not known",
        COMMAND,
        FILE,
        _library,
        lambda found: found["library"]["recall_5"] >= 0.8 and found["library"]["unknown"] >= 0.9,
        again=AGAIN,
    ),
    Claim(
        "A question to an index, by its number of passages, on one thread (p50, p99)",
        "",
        COMMAND,
        FILE,
        _latency,
        again=AGAIN,
    ),
)
