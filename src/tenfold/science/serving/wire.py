"""OpenAI's requests, checked: chat, completions, embeddings. What cannot be done is refused in
words; what only OpenAI's own machines know of (`user`, `store`, `metadata`) is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tenfold.science.serving.loading import Defaults
from tenfold.science.serving.request import Request
from tenfold.science.serving.structured import ANY_OBJECT
from tenfold.terms.refusal import Refusal

COMPLETION_TOKENS = 16  # what OpenAI writes where /v1/completions names no max_tokens
TOP_LOGPROBS = 20

# What would change the answer and is not done here: refused where it is given and says something.
UNDONE: dict[str, str] = {
    "tools": "The model calls no tools.",
    "functions": "The model calls no functions.",
    "logit_bias": "Single tokens cannot be weighted.",
    "echo": "The prompt is not repeated in the answer.",
    "audio": "It neither hears nor speaks.",
    "prediction": "No answer can be given beforehand.",
}


class StreamOptions(BaseModel):
    include_usage: bool = False


class Schema(BaseModel):
    name: str = ""
    schema_: dict[str, Any] | None = Field(None, alias="schema")


class ResponseFormat(BaseModel):
    type: Literal["text", "json_object", "json_schema"] = "text"
    json_schema: Schema | None = None


class Asked(BaseModel):
    """What chat and completions have in common."""

    model_config = ConfigDict(extra="allow")

    model: str = ""
    max_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0.0, le=2.0)
    top_p: float | None = Field(None, gt=0.0, le=1.0)
    top_k: int | None = Field(None, ge=0)
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    stop: str | list[str] | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: int | None = None
    best_of: int | None = None
    presence_penalty: float | None = Field(None, ge=-2.0, le=2.0)
    frequency_penalty: float | None = Field(None, ge=-2.0, le=2.0)

    @property
    def usage_asked(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage


class Message(BaseModel):
    model_config = ConfigDict(extra="allow")

    role: str
    content: str | list[dict[str, Any]] | None = None


class ChatAsked(Asked):
    messages: list[Message] = Field(min_length=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0, le=TOP_LOGPROBS)
    response_format: ResponseFormat | None = None


class CompletionAsked(Asked):
    prompt: str | list[str] | list[int] = Field()
    suffix: str | None = None
    logprobs: int | None = Field(None, ge=0, le=TOP_LOGPROBS)


class EmbeddingsAsked(BaseModel):
    model_config = ConfigDict(extra="allow")

    model: str = ""
    input: str | list[str] | list[int] | list[list[int]]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None


T = TypeVar("T", bound=BaseModel)


def parsed(kind: type[T], body: Any) -> T:
    """Raises a Refusal that names the field."""
    try:
        found = kind.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise _bad(place, f"{place}: {first['msg']}") from error
    for field, why in UNDONE.items():
        if (found.model_extra or {}).get(field):
            raise _bad(field, why)
    if isinstance(found, Asked):
        for field in ("n", "best_of"):
            if (getattr(found, field) or 1) > 1:
                raise _bad(field, "One answer is given to a request; ask again for another.")
    return found


def messages_of(asked: ChatAsked) -> list[dict[str, str]]:
    """Role and text of each; raises a Refusal for pictures and sound."""
    found = []
    for message in asked.messages:
        content = message.content or ""
        if not isinstance(content, str):
            strange = {part.get("type") for part in content} - {"text"}
            if strange:
                raise _bad("messages", f"It reads text only, and was sent {strange.pop()}.")
            content = "".join(str(part.get("text") or "") for part in content)
        role = "system" if message.role == "developer" else message.role
        found.append({"role": role, "content": content})
    return found


def request_of(
    asked: ChatAsked | CompletionAsked, prompt: list[int], context: int, defaults: Defaults
) -> Request:
    """Raises a Refusal for a prompt that does not fit. An answer ends where the context does
    (`finish_reason` "length"); a prompt is never cut."""
    left = context - len(prompt)
    if left < 1:
        raise Refusal(
            "serve.context",
            f"The prompt has {len(prompt)} tokens, and the context is {context}.",
            "Nothing of a prompt is cut without a word, and an answer needs at least one token.",
            f"shorten it by {1 - left} tokens, or start the service with a larger --context",
            {"prompt_tokens": len(prompt), "context_length": context},
        )
    if not prompt:
        raise _bad("prompt", "It is empty: there is no token to go on from.")
    most, logprobs = asked.max_tokens, None
    schema = None
    if isinstance(asked, ChatAsked):
        most = asked.max_completion_tokens or most
        logprobs = (asked.top_logprobs or 0) if asked.logprobs else None
        schema = _schema(asked.response_format)
    else:
        most, logprobs = most or COMPLETION_TOKENS, asked.logprobs
    temperature = defaults.temperature if asked.temperature is None else asked.temperature
    return Request(
        prompt=tuple(prompt),
        most=min(most or left, left),
        temperature=temperature,
        top_p=defaults.top_p if asked.top_p is None else asked.top_p,
        top_k=defaults.top_k if asked.top_k is None else asked.top_k,
        seed=asked.seed,
        stop=_stops(asked.stop),
        top_logprobs=logprobs,
        presence=asked.presence_penalty or 0.0,
        frequency=asked.frequency_penalty or 0.0,
        schema=schema,
    )


def _stops(asked: str | list[str] | None) -> tuple[str, ...]:
    stops = (asked,) if isinstance(asked, str) else tuple(asked or ())
    if len(stops) > 16 or any(len(stop) > 1000 for stop in stops):
        raise _bad("stop", "At most 16 stop strings of at most 1000 letters.")
    return tuple(stop for stop in stops if stop)


def _schema(asked: ResponseFormat | None) -> Mapping[str, Any] | None:
    if asked is None or asked.type == "text":
        return None
    if asked.type == "json_object":
        return ANY_OBJECT
    if asked.json_schema is None or asked.json_schema.schema_ is None:
        raise _bad("response_format", "json_schema.schema is missing.")
    return asked.json_schema.schema_


def _bad(field: str, why: str) -> Refusal:
    return Refusal(
        "serve.request",
        "The request cannot be answered as it is.",
        why,
        f"change `{field}`",
        {"param": field},
    )
