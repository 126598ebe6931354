"""Answers with numbered sources: from a model folder, from a service, or an extract.

    model = open_model("", "", "", 0, 300, "cpu")      # None: extracts
    found = answer(index, model, question, k=8, profile="")
    found.text, found.sources, found.context

A question that no passage supports is answered "I don't know" without asking a model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, final

import httpx

from tenfold.science.retrieval.extract import dont_know, extract
from tenfold.science.retrieval.hit import Hit, answerable
from tenfold.science.retrieval.index import Index
from tenfold.science.retrieval.prompt import Message, grounded_messages
from tenfold.science.retrieval.words import is_cjk
from tenfold.terms.refusal import Refusal, refusal

_CITED = re.compile(r"\[(\d{1,3})\]")
UNKNOWN_CONTEXT = 4096  # tokens, of a service that does not tell its own
PATIENCE_S = 600.0  # a service may be waking up


@dataclass(frozen=True)
class Answer:
    question: str
    text: str
    known: bool
    sources: tuple[Hit, ...]  # in the order of their numbers
    context: str  # how much of the model's window was used, and what did not fit
    cited: tuple[int, ...] = ()
    wrong: tuple[str, ...] = ()  # numbers that are no source, quotes that do not stand there


class Model(Protocol):
    """What writes an answer from messages."""

    name: str
    context: int  # tokens
    answer_tokens: int

    def count(self, text: str) -> int: ...

    def write(self, messages: Sequence[Message]) -> tuple[str, int]:
        """The answer, and how many tokens the messages were."""


def answer(index: Index, model: Model | None, question: str, k: int, profile: str) -> Answer:
    """`model` None: an extract. Refuses a question that does not fit the model's context."""
    hits = index.search(question, k)
    # What stands in the profile can be answered without a document.
    if not answerable(hits) and not (model and profile):
        return Answer(question, dont_know(question), False, (), "no model was asked")
    supported = [hit for hit in hits if hit.score > 0] if answerable(hits) else []
    if model is None:
        return _extracted(index, question, supported)
    budget = model.context - model.answer_tokens
    asked = [{"role": "user", "content": question}]
    told, used, left_out = grounded_messages(asked, supported, profile, budget, model.count)
    text, tokens = model.write(told)
    cited = tuple(dict.fromkeys(int(number) for number in _CITED.findall(text)))
    wrong = tuple(f"[{number}]" for number in cited if not 0 < number <= len(used))
    context = f"{tokens:,} of {model.context:,} tokens, {model.answer_tokens:,} kept for the answer"
    words = left_out.words()
    context = f"{context}. {words}" if words else context
    return Answer(question, text, bool(used), tuple(used), context, cited, wrong)


def open_model(
    model: str, name: str, key: str, context_tokens: int, answer_tokens: int, device: str
) -> Model | None:
    """From a folder, or an address with the name of a model there; None without either."""
    if not model:
        return None
    if model.startswith(("http://", "https://")):
        return ServiceModel(model, name, key, context_tokens, answer_tokens)
    return FolderModel(Path(model).expanduser(), context_tokens, answer_tokens, device)


@final
class ServiceModel:
    """Any OpenAI-compatible service."""

    def __init__(
        self, url: str, name: str, key: str, context_tokens: int, answer_tokens: int
    ) -> None:
        self.name = name
        self.context = context_tokens or UNKNOWN_CONTEXT
        self.answer_tokens = answer_tokens
        base = url.rstrip("/")
        self._url = base if base.endswith("/v1") else f"{base}/v1"
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def count(self, text: str) -> int:
        """Estimated, since its tokenizer is elsewhere: rather too many than too few."""
        pairs = sum(map(is_cjk, text))
        return round(1.5 * pairs + (len(text) - pairs) / 3) + 1

    def write(self, messages: Sequence[Message]) -> tuple[str, int]:
        body = {
            "model": self.name,
            "messages": list(messages),
            "max_tokens": self.answer_tokens,
            "temperature": 0,
        }
        try:
            answered = httpx.post(
                f"{self._url}/chat/completions",
                json=body,
                headers=self._headers,
                timeout=PATIENCE_S,
                trust_env=False,
            )
            answered.raise_for_status()
            told = answered.json()
            text = str(told["choices"][0]["message"]["content"] or "")
        except httpx.HTTPStatusError as error:
            raise self._refusal(error.response.text[:300] or str(error)) from error
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            raise self._refusal(f"{type(error).__name__}: {error}") from error
        tokens = (told.get("usage") or {}).get("prompt_tokens")
        return text, int(tokens or sum(self.count(one["content"]) for one in messages))

    def _refusal(self, why: str) -> Refusal:
        return refusal("ask.service", url=self._url, name=self.name, why=why)


@final
class FolderModel:
    """A Hugging Face folder, through transformers; greedy, so that it says the same again."""

    def __init__(self, folder: Path, context_tokens: int, answer_tokens: int, device: str) -> None:
        if not (folder / "config.json").is_file():
            raise _no_model(folder, "It has no config.json.")
        try:
            from safetensors import SafetensorError
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError as error:
            raise refusal("ask.transformers", why=error) from error
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            loaded: Any = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise _no_model(folder, f"{str(error)[:300]}") from error
        if not self._tokenizer.chat_template:
            raise _no_model(folder, "It has no chat template: it was not taught to answer.")
        self._model = loaded.to(device).eval()
        own = int(getattr(loaded.config, "max_position_embeddings", 0) or UNKNOWN_CONTEXT)
        self.name = folder.name
        self.context = min(context_tokens or own, own)
        self.answer_tokens = min(answer_tokens, self.context // 2)
        self._device = device

    def count(self, text: str) -> int:
        return len(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def write(self, messages: Sequence[Message]) -> tuple[str, int]:
        import torch

        told = self._tokenizer.apply_chat_template(
            list(messages), add_generation_prompt=True, return_tensors="pt", return_dict=True
        ).to(self._device)
        read = int(told["input_ids"].shape[1])
        with torch.inference_mode():
            tokens = self._model.generate(
                **told, max_new_tokens=self.answer_tokens, do_sample=False
            )
        return str(self._tokenizer.decode(tokens[0, read:], skip_special_tokens=True)), read


def _extracted(index: Index, question: str, hits: list[Hit]) -> Answer:
    found = extract(index, question, hits)
    wrong = tuple(
        quote.sentence
        for quote in found.quotes
        if quote.sentence not in hits[quote.source - 1].text
    )
    cited = tuple(dict.fromkeys(quote.source for quote in found.quotes))
    context = "no model was asked: an extract"
    return Answer(question, found.text, True, tuple(hits), context, cited, wrong)


def _no_model(folder: Path, why: str) -> Refusal:
    return refusal("ask.model", folder=folder, why=why)
