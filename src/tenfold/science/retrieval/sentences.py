"""The sentences of a passage, each a stretch of it as it stands."""

from __future__ import annotations

import re

_SENTENCE = re.compile(r"[^。！？!?\n]+?(?:[。！？!?]+[」』”]?|[.;](?=\s)|(?=\n)|$)")


def sentences(text: str) -> list[str]:
    """In their order, so that a quote can be looked up in the text, without marks of lists."""
    found = (match[0].strip().lstrip("#-* ").strip() for match in _SENTENCE.finditer(text))
    return [sentence for sentence in found if sentence]
