"""A conversation with a model: what was said, what is asked next, and how an answer is shown."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenfold.client.gateway import Gateway

# A model's words go to a terminal: nothing of it may move the cursor or change the window.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass
class Answer:
    text: str = ""
    sources: tuple[Mapping[str, Any], ...] = ()
    finish: str = ""
    usage: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "answer": self.text,
            "sources": list(self.sources),
            "finish_reason": self.finish or None,
            "usage": self.usage,
        }


@dataclass
class Talk:
    """`messages` as OpenAI has them. A question without an answer is not kept."""

    gateway: Gateway
    model: str
    system: str = ""
    messages: list[dict[str, str]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    last: Answer = field(default_factory=Answer)

    def ask(self, question: str) -> Generator[str, None, None]:
        """The text of the answer, as it comes. However it ends, what came is remembered."""
        told = [{"role": "system", "content": self.system}] if self.system else []
        asked = {"role": "user", "content": question}
        answer = self.last = Answer()
        pieces = self.gateway.answer(self.model, [*told, *self.messages, asked])
        try:
            for piece in pieces:
                answer.text += piece.text
                answer.sources += piece.sources
                answer.finish = piece.finish or answer.finish
                answer.usage = piece.usage or answer.usage
                if piece.text:
                    yield piece.text
        finally:
            pieces.close()
            if answer.text:
                self.messages += [asked, {"role": "assistant", "content": answer.text}]
                self.answers.append(answer)

    def begin_anew(self) -> None:
        self.messages.clear()
        self.answers.clear()

    def as_markdown(self) -> str:
        lines = [f"# {self.model}", ""]
        if self.system:
            lines += [f"*{self.system}*", ""]
        answers = iter(self.answers)
        for one in self.messages:
            if one["role"] == "user":
                lines += ["> " + line for line in one["content"].splitlines()]
            else:
                lines += [one["content"], "", *source_lines(next(answers).sources)]
            lines.append("")
        return "\n".join(lines)


def source_lines(sources: Sequence[Mapping[str, Any]]) -> list[str]:
    """`[1] Notes on the oven, lines 10-12`."""
    lines = []
    for number, one in enumerate(sources, 1):
        title = one.get("title") or one.get("path") or "a text"
        parts = [str(part) for part in (title, one.get("place")) if part]
        lines.append(written(f"[{number}] {', '.join(parts)}").replace("\n", " "))
    return lines


def written(text: str) -> str:
    """As it may be shown."""
    return _CONTROL.sub("", text)
