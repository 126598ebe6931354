"""What is claimed of `llm.serve`, from benchmarks/serving.py."""

from __future__ import annotations

from typing import Any

from claim import Claim, digits

CLIENTS = ("1", "8", "32")
COMMAND, FILE, AGAIN = "make bench-serving", "serving.json", "serving.py --rounds 1"


def _rates(found: dict[str, Any], engine: str, field: str) -> list[float]:
    return [found["engines"][engine][clients][field] for clients in CLIENTS]


def _times(found: dict[str, Any], other: str) -> list[float]:
    ours = _rates(found, "llm.serve", "tokens_per_core_s")
    theirs = _rates(found, other, "tokens_per_core_s")
    return [mine / other for mine, other in zip(ours, theirs, strict=True)]


def _words(values: list[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


def _first(found: dict[str, Any]) -> str:
    halves, worst = (
        _rates(found, "llm.serve", f"first_token_{share}_s") for share in ("p50", "p99")
    )
    pairs = zip(halves, worst, strict=True)
    return ", ".join(f"{digits(1000 * half)} / {digits(1000 * most)} ms" for half, most in pairs)


SERVING_CLAIMS = (
    Claim(
        "`llm.serve`, 1, 8 and 32 clients over HTTP: tokens a core-second of its process, as a"
        " multiple of `generate`'s on batches of 1, 8 and 32",
        "0.9",
        COMMAND,
        FILE,
        lambda found: _words(_times(found, "generate")),
        lambda found: min(_times(found, "generate")) >= 0.9,
        again=AGAIN,
    ),
    Claim(
        "The same, as a multiple of those of `transformers serve` with continuous batching",
        "1.0",
        COMMAND,
        FILE,
        lambda found: _words(_times(found, "transformers serve")),
        lambda found: min(_times(found, "transformers serve")) >= 1.0,
        again=AGAIN,
    ),
    Claim(
        "`llm.serve`, a model of 4 M parameters on one core, 1, 8 and 32 clients: tokens/s",
        "",
        COMMAND,
        FILE,
        lambda found: ", ".join(digits(v) for v in _rates(found, "llm.serve", "tokens_per_s")),
        again=AGAIN,
    ),
    Claim(
        "The same: time to the first token, p50 / p99",
        "",
        COMMAND,
        FILE,
        _first,
        again=AGAIN,
    ),
    Claim(
        "`llm.serve` at temperature 0: texts over HTTP that are `generate`'s, of 4",
        "4",
        COMMAND,
        FILE,
        lambda found: str(found["greedy_is_generate_of_4"]["llm.serve"]),
        lambda found: found["greedy_is_generate_of_4"]["llm.serve"] == 4,
        again=AGAIN,
    ),
)
