"""What goes back, in OpenAI's shape: whole answers, chunks of a stream, errors.

Beside OpenAI's fields `usage` has `context_length`, an answer from notes has `sources`, and an
error has the Refusal it came from.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, final

from tenfold.science.serving.request import Chosen
from tenfold.terms.refusal import Refusal

STATUS = {
    "serve.busy": 429,
    "serve.model_unknown": 404,
    "serve.ended": 503,
    "serve.broke": 500,
}
KINDS = {429: "rate_limit_error", 404: "invalid_request_error", 400: "invalid_request_error"}
CODES = {"serve.context": "context_length_exceeded", "serve.model_unknown": "model_not_found"}


@final
@dataclass
class Answer:
    """One answer on its way to one client; `token_text` tells how a single token reads."""

    chat: bool
    model: str
    prompt_tokens: int
    context: int
    token_text: Callable[[int], str]
    logprobs: bool = False
    extra: dict[str, Any] = field(default_factory=dict)  # sources
    id: str = field(default_factory=lambda: secrets.token_hex(12))
    created: int = field(default_factory=lambda: int(time.time()))
    tokens: int = 0
    letters: int = 0

    def chunk(self, text: str, tokens: Sequence[Chosen], ended: str) -> dict[str, Any]:
        """Of a stream; the last one carries the sources."""
        self.tokens += len(tokens)
        told = self._logprobs(tokens)
        self.letters += len(text)
        reason = ended or None
        if self.chat:
            delta = {"content": text} if text or not ended else {}
            choice = {"index": 0, "delta": delta, "logprobs": told, "finish_reason": reason}
        else:
            choice = {"index": 0, "text": text, "logprobs": told, "finish_reason": reason}
        return self._head(".chunk") | {"choices": [choice]} | (self.extra if ended else {})

    def opening(self) -> dict[str, Any]:
        """A chat's stream begins with who speaks."""
        delta = {"role": "assistant", "content": ""}
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
        return self._head(".chunk") | {"choices": [choice]}

    def usage_chunk(self) -> dict[str, Any]:
        return self._head(".chunk") | {"choices": [], "usage": self.usage}

    def whole(self, text: str, tokens: Sequence[Chosen], ended: str) -> dict[str, Any]:
        self.tokens += len(tokens)
        choice: dict[str, Any] = {"index": 0, "logprobs": self._logprobs(tokens)}
        choice["finish_reason"] = ended
        if self.chat:
            choice["message"] = {"role": "assistant", "content": text}
        else:
            choice["text"] = text
        return self._head("") | {"choices": [choice], "usage": self.usage} | self.extra

    @property
    def usage(self) -> dict[str, int]:
        return usage(self.prompt_tokens, self.tokens, self.context)

    def _head(self, part: str) -> dict[str, Any]:
        kind = "chat.completion" + part if self.chat else "text_completion"
        prefix = "chatcmpl" if self.chat else "cmpl"
        return {
            "id": f"{prefix}-{self.id}",
            "object": kind,
            "created": self.created,
            "model": self.model,
        }

    def _logprobs(self, tokens: Sequence[Chosen]) -> dict[str, Any] | None:
        if not self.logprobs:
            return None
        if self.chat:
            return {"content": [self._token(one) for one in tokens]}
        texts = [self.token_text(one.id) for one in tokens]
        places, at = [], self.letters
        for text in texts:
            places.append(at)
            at += len(text)
        return {
            "tokens": texts,
            "token_logprobs": [one.logprob for one in tokens],
            "top_logprobs": [
                {self.token_text(id): logprob for id, logprob in one.top} for one in tokens
            ],
            "text_offset": places,
        }

    def _token(self, one: Chosen) -> dict[str, Any]:
        top = [self._spelt(id, logprob) for id, logprob in one.top]
        return self._spelt(one.id, one.logprob) | {"top_logprobs": top}

    def _spelt(self, id: int, logprob: float) -> dict[str, Any]:
        text = self.token_text(id)
        return {"token": text, "logprob": logprob, "bytes": list(text.encode("utf-8"))}


def usage(prompt: int, written: int, context: int) -> dict[str, int]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": written,
        "total_tokens": prompt + written,
        "context_length": context,
    }


def models(names: Iterable[str], context: int, since: int) -> dict[str, Any]:
    """`max_model_len` is vLLM's word for the context."""
    listed = [
        {
            "id": name,
            "object": "model",
            "created": since,
            "owned_by": "tenfold",
            "max_model_len": context,
        }
        for name in names
    ]
    return {"object": "list", "data": listed}


def error(refused: Refusal) -> tuple[int, dict[str, Any]]:
    """(HTTP status, body)."""
    status = STATUS.get(refused.code, 400)
    said = {
        "message": f"{refused.what} {refused.why} Next: {refused.next}",
        "type": KINDS.get(status, "server_error"),
        "param": refused.facts.get("param"),
        "code": CODES.get(refused.code, refused.code),
    }
    return status, {"error": said, "refusal": refused.as_json()}


def model_unknown(asked: str, names: Sequence[str]) -> Refusal:
    return Refusal(
        "serve.model_unknown",
        f"There is no model '{asked}' here.",
        f"This service answers to {' and '.join(names)}.",
        f"ask for the model {names[0]}",
    )
