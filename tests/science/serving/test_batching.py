"""The engine: many texts in one step are the texts that each would be alone."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from tenfold.science.serving import batching
from tenfold.science.serving.batching import Batching
from tenfold.science.serving.loading import Loaded
from tenfold.science.serving.request import Piece, Request
from tenfold.terms.refusal import Refusal

Generated = Callable[[Loaded, list[int], int], list[int]]
PROMPTS = [[(7 * n * n + 11 * k) % 380 + 8 for k in range(3 + 5 * n)] for n in range(8)]


class Reader:
    """Who asked: collects what is told."""

    def __init__(self) -> None:
        self.said: queue.Queue[Piece | Refusal] = queue.Queue()

    def ids(self) -> list[int]:
        found: list[int] = []
        while True:
            piece = self.said.get(timeout=60)
            if isinstance(piece, Refusal):
                raise piece
            found += [one.id for one in piece.tokens]
            if piece.ended:
                return found


@pytest.fixture(scope="module")
def engine(loaded: Loaded) -> Iterator[Batching]:
    found = Batching(loaded, rows=8, waiting=4)
    yield found
    found.close()


def asked(engine: Batching, *requests: Request) -> list[list[int]]:
    readers = [Reader() for _ in requests]
    for request, reader in zip(requests, readers, strict=True):
        engine.start(request, reader.said.put)
    return [reader.ids() for reader in readers]


def test_greedy_is_what_generate_writes(
    engine: Batching, loaded: Loaded, generated: Generated
) -> None:
    for prompt in PROMPTS[:4]:
        assert asked(engine, Request(tuple(prompt), 40)) == [generated(loaded, prompt, 40)]


def test_eight_at_once_do_not_mix(
    loaded: Loaded, generated: Generated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows come and go at different steps, and prompts are read in stretches meanwhile."""
    monkeypatch.setitem(batching.STRETCH, "cpu", 7)
    engine = Batching(loaded, rows=5, waiting=8)
    lengths = [40, 3, 25, 1, 17, 33, 8, 29]
    requests = [Request(tuple(p), n) for p, n in zip(PROMPTS, lengths, strict=True)]
    together = asked(engine, *requests)
    engine.close()
    assert together == [generated(loaded, p, n) for p, n in zip(PROMPTS, lengths, strict=True)]


def test_a_seed_is_a_text_whatever_runs_beside(engine: Batching) -> None:
    request = Request(tuple(PROMPTS[2]), 30, temperature=0.9, top_p=0.9, seed=5)
    (alone,) = asked(engine, request)
    beside = asked(engine, *(Request(tuple(p), 20) for p in PROMPTS[:3]), request)
    assert beside[-1] == alone
    (other,) = asked(engine, replace(request, seed=6))
    assert other != alone


def test_whoever_goes_frees_the_place(loaded: Loaded, generated: Generated) -> None:
    engine = Batching(loaded, rows=1, waiting=2)
    first, second = Reader(), Reader()
    running = engine.start(Request(tuple(PROMPTS[0]), 180, 1.0, seed=1), first.said.put)
    first.said.get(timeout=60)
    gone = engine.start(Request(tuple(PROMPTS[1]), 5), Reader().said.put)
    engine.start(Request(tuple(PROMPTS[2]), 5), second.said.put)
    gone.cancel()
    running.cancel()
    assert second.ids() == generated(loaded, PROMPTS[2], 5)
    assert engine.load.tokens < 180
    engine.close()


def test_too_many_are_refused_in_words(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    door = threading.Event()
    real = Batching._step
    monkeypatch.setattr(Batching, "_step", lambda self: (door.wait(), real(self))[1])
    engine = Batching(loaded, rows=1, waiting=3)
    readers = [Reader() for _ in range(3)]
    for reader in readers:
        engine.start(Request((9, 10), 2), reader.said.put)
    with pytest.raises(Refusal) as refused:
        engine.start(Request((9, 10), 2), Reader().said.put)
    assert refused.value.code == "serve.busy" and "3 wait" in refused.value.why
    door.set()
    ids = [reader.ids() for reader in readers]
    assert ids[0] == ids[1] == ids[2]
    engine.close()


def test_a_step_that_breaks_ends_those_and_no_others(loaded: Loaded, generated: Generated) -> None:
    notes: list[str] = []
    engine = Batching(loaded, rows=2, waiting=2, note=notes.append)
    real, broken = engine._forward, [True]

    def forward(*args: Any) -> torch.Tensor:
        if broken.pop() if broken else False:
            raise RuntimeError("planted")
        return real(*args)

    engine._forward = forward  # type: ignore[method-assign]
    reader = Reader()
    engine.start(Request((9, 10), 2), reader.said.put)
    with pytest.raises(Refusal, match="planted"):
        reader.ids()
    assert asked(engine, Request(tuple(PROMPTS[0]), 4)) == [generated(loaded, PROMPTS[0], 4)]
    assert engine.load.alive and len(notes) == 1
    engine.close()


def test_the_end_of_the_service_is_told(loaded: Loaded) -> None:
    engine = Batching(loaded, rows=1, waiting=2)
    readers = [Reader(), Reader()]
    for reader in readers:
        engine.start(Request(tuple(PROMPTS[0]), 180, 1.0, seed=1), reader.said.put)
    readers[0].said.get(timeout=60)
    engine.close()
    with pytest.raises(Refusal, match="The service ends"):
        readers[1].ids()


SHAPE: dict[str, Any] = {
    "vocab_size": 400, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
    "max_position_embeddings": 128, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("mistral", {"sliding_window": 9}),
        ("qwen3", {}),
        (
            "gemma3_text",
            {"sliding_window": 9, "layer_types": ["sliding_attention", "full_attention"] * 2},
        ),
    ],
)
def test_other_models(kind: str, more: dict[str, Any], generated: Generated) -> None:
    """A window, norms on queries and keys, two kinds of layers: each as `generate` has it."""
    from tenfold.science.serving.loading import Defaults, _windows

    torch.manual_seed(4)
    layers = {"num_hidden_layers": 4} if kind == "gemma3_text" else {}
    config = AutoConfig.for_model(kind, **(SHAPE | layers | more))
    model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa").eval()
    for weight in model.parameters():
        if weight.ndim == 2:
            torch.nn.init.normal_(weight, std=0.3)
    tiny = Loaded(model, _Plain(), "cpu", 96, (2,), _windows(kind, config), Defaults(), 0, 32)
    engine = Batching(tiny, rows=4, waiting=8)
    together = asked(engine, *(Request(tuple(prompt), 24) for prompt in PROMPTS[:6]))
    engine.close()
    assert together == [generated(tiny, prompt, 24) for prompt in PROMPTS[:6]]
    assert len({tuple(ids) for ids in together}) == 6


class _Plain:
    def decode(self, ids: list[int], skip_special_tokens: bool) -> str:
        return " ".join(map(str, ids))
