"""The only error a person sees: what happened, why, and what to do next.

`refusal("job.unknown", id="7")` looks the three sentences up by code in `texts`, so another
language can follow; `Refusal(code, what, why, next)` is for a workload that words its own.
`next` is a command to paste or a knob to turn. Waiting is not an error and never comes as one.
"""

from __future__ import annotations

from typing import Any

from tenfold.terms.texts import TEXTS


class Refusal(Exception):
    """`code` names the case for machines; `facts` are the values the sentences were filled with."""

    def __init__(
        self, code: str, what: str, why: str, next: str, facts: dict[str, Any] | None = None
    ) -> None:
        super().__init__(f"{what} {why} Next: {next}")
        self.code = code
        self.what = what
        self.why = why
        self.next = next
        self.facts = facts or {}

    def __reduce__(self) -> tuple[Any, ...]:
        return (Refusal, (self.code, self.what, self.why, self.next, self.facts))

    def as_json(self) -> dict[str, Any]:
        """The same fields for the CLI, the API and the dashboard."""
        return {
            "code": self.code,
            "what": self.what,
            "why": self.why,
            "next": self.next,
            "facts": self.facts,
        }


def refusal(code: str, **facts: Any) -> Refusal:
    """The Refusal that `texts` words for `code`, filled with `facts`."""
    what, why, next_step = TEXTS[code]
    return Refusal(
        code, what.format(**facts), why.format(**facts), next_step.format(**facts), facts
    )


def refusal_from_json(fields: dict[str, Any]) -> Refusal:
    """Inverse of `Refusal.as_json`."""
    return Refusal(
        fields["code"], fields["what"], fields["why"], fields["next"], fields.get("facts") or {}
    )
