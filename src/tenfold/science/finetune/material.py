"""What a model is to learn, and what of it is held out to judge by.

    material = open_material(path)       # chat .jsonl, .csv, or a folder of notes and mails
    material.kind                        # "chat" or "text"
    material.train, material.held_out    # conversations, or documents
    material.notes                       # sentences: what was left out or mended

A text's own hash decides on which side it stands, so a second run holds the same out.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenfold.science.finetune import conversations, writings
from tenfold.terms.refusal import refusal

HELD_OUT, MOST_HELD_OUT = 0.1, 200
LEAST_TO_HOLD_OUT = 10  # with fewer conversations all are learned


@dataclass(frozen=True)
class Material:
    kind: str
    train: list[Any]
    held_out: list[Any]
    notes: list[str] = field(default_factory=list)


def open_material(path: Path) -> Material:
    """Raises a Refusal for what is not there, is empty or binary, or has wrong roles."""
    if not path.exists():
        raise refusal("finetune.data", path=path)
    if path.is_dir():
        tables = sorted(p for p in path.iterdir() if p.suffix.lower() in (".jsonl", ".csv"))
        texts = any(p.suffix.lower() in (*writings.NOTES, *writings.MAILS) for p in path.rglob("*"))
        if not tables or texts:
            written = writings.read_folder(path)
            return split("text", written.documents, written.notes)
        reads = [_table(table) for table in tables]
        every = [one for read in reads for one in read.conversations]
        return split("chat", every, [note for read in reads for note in read.notes])
    if path.suffix.lower() in (".jsonl", ".csv"):
        read = _table(path)
        return split("chat", read.conversations, read.notes)
    if path.suffix.lower() in writings.MAILS:
        text = writings.mail_text(path.read_bytes())
    else:
        text = conversations.text_of(path)
    written = writings.gathered([text] if text else [], path, 1, 0)
    return split("text", written.documents, written.notes)


def split(kind: str, found: list[Any], notes: list[str]) -> Material:
    """A tenth is held out, by hash; of fewer than ten conversations none is."""
    if kind == "chat" and len(found) < LEAST_TO_HOLD_OUT:
        note = f"{len(found)} conversations are few: all are learned and none is held out."
        return Material(kind, found, [], [*notes, note])
    ordered = sorted(found, key=_digest)
    count = min(max(round(HELD_OUT * len(found)), 1), MOST_HELD_OUT)
    out = {_digest(one) for one in ordered[:count]}
    train = [one for one in found if _digest(one) not in out]
    held_out = [one for one in found if _digest(one) in out]
    said = "conversations" if kind == "chat" else "documents"
    note = f"{len(train)} {said} to learn from, {len(held_out)} held out."
    return Material(kind, train, held_out, [*notes, note])


def _table(path: Path) -> conversations.Read:
    if path.suffix.lower() == ".csv":
        return conversations.read_csv(path)
    return conversations.read_jsonl(path)


def _digest(one: Any) -> str:
    text = one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
