"""A person's conversations: from chat JSONL or from a table of questions and answers.

    found = read_jsonl(path)   # a line: {"messages": [{"role": "user", "content": "..."}, ...]}
    found = read_csv(path)     # columns question and answer, or what is called alike
    found.conversations, found.notes

Every conversation ends with what the assistant says; roles are system (first only), user and
assistant, by turns. What cannot be learned from is refused with its line; duplicates and empty
lines are left out and counted in `notes`. Standard library only.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from tenfold.terms.refusal import refusal

Conversation = list[dict[str, str]]  # messages: role, content

# Names that other programs give to roles and to the message's fields (ShareGPT and its like).
ROLES = {"human": "user", "gpt": "assistant", "bot": "assistant", "model": "assistant"}
KNOWN = ("system", "user", "assistant")
QUESTIONS = ("question", "prompt", "instruction", "input", "q", "user", "問題", "问题")
ANSWERS = ("answer", "response", "completion", "output", "a", "assistant", "答案", "回答")


@dataclass
class Read:
    conversations: list[Conversation]
    notes: list[str] = field(default_factory=list)


def read_jsonl(path: Path) -> Read:
    """Raises a Refusal for a line that is no JSON, has no messages or wrong roles."""
    found = []
    for number, line in enumerate(text_of(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
        except ValueError:
            raise refusal("finetune.line", path=path, line=number, why="It is no JSON.") from None
        found.append(_conversation(said, path, number))
    return _distinct(found, path)


def read_csv(path: Path) -> Read:
    """Raises a Refusal for a table that has no column of questions or none of answers."""
    text = text_of(path)
    try:
        dialect: Any = csv.Sniffer().sniff(text[:8192], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    rows = list(csv.reader(io.StringIO(text), dialect))
    if len(rows) < 2:
        raise refusal("finetune.empty", path=path, why="It has no row below its head.")
    head = [name.strip().lower() for name in rows[0]]
    asked, told = _column(head, QUESTIONS), _column(head, ANSWERS)
    if asked is None or told is None or asked == told:
        raise refusal("finetune.columns", path=path, columns=", ".join(rows[0]) or "none")
    found, left_out = [], 0
    for row in rows[1:]:
        cells = [cell.strip() for cell in row] + [""] * len(head)
        if not cells[asked] or not cells[told]:
            left_out += any(cells)
            continue
        found.append(pair(cells[asked], cells[told]))
    read = _distinct(found, path)
    read.notes.insert(
        0, f"Questions from column '{rows[0][asked]}', answers from '{rows[0][told]}'."
    )
    if left_out:
        read.notes.append(f"{left_out} rows without a question or an answer are left out.")
    return read


def pair(question: str, answer: str) -> Conversation:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def text_of(path: Path) -> str:
    """The file as UTF-8 (a byte order mark is passed over); a Refusal where it is none."""
    content = path.read_bytes()
    if not content.strip():
        raise refusal("finetune.empty", path=path, why="The file is empty.")
    if b"\0" in content[:65536]:
        raise refusal("finetune.binary", path=path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refusal("finetune.binary", path=path) from None


def _conversation(said: Any, path: Path, line: int) -> Conversation:
    messages = said.get("messages", said.get("conversations")) if isinstance(said, dict) else None
    if isinstance(said, dict) and messages is None:
        asked, told = (
            next((said[n] for n in names if n in said), None) for names in (QUESTIONS, ANSWERS)
        )
        if isinstance(asked, str) and isinstance(told, str):
            messages = pair(asked, told)
    if not isinstance(messages, list) or not messages:
        why = "It has no list 'messages'."
        raise refusal("finetune.line", path=path, line=line, why=why)
    turns = [_message(message, path, line) for message in messages]
    wrong = _wrong_order([turn["role"] for turn in turns])
    if wrong:
        raise refusal("finetune.roles", path=path, line=line, why=wrong)
    return turns


def _message(message: Any, path: Path, line: int) -> dict[str, str]:
    if not isinstance(message, dict):
        raise refusal("finetune.line", path=path, line=line, why="A message is no object.")
    role = str(message.get("role", message.get("from", ""))).lower()
    role = ROLES.get(role, role)
    content = message.get("content", message.get("value"))
    if role not in KNOWN:
        why = f"A message has the role '{role}'."
        raise refusal("finetune.roles", path=path, line=line, why=why)
    if not isinstance(content, str) or not content.strip():
        why = f"A message of the {role} has no text."
        raise refusal("finetune.line", path=path, line=line, why=why)
    return {"role": role, "content": content}


def _wrong_order(roles: list[str]) -> str:
    """Why the order of roles cannot be learned from; empty where it can."""
    turns = roles[1:] if roles[0] == "system" else roles
    if "system" in turns:
        return "A system message stands after others."
    if "assistant" not in turns:
        return "The assistant says nothing, so there is nothing to learn."
    if turns[0] != "user":
        return "The assistant speaks before the user has."
    if turns[-1] != "assistant":
        return "It ends with the user, so the last message has no answer."
    if any(a == b for a, b in pairwise(turns)):
        return "User and assistant do not take turns."
    return ""


def _distinct(found: Iterable[Conversation], path: Path) -> Read:
    every = list(found)
    kept = {json.dumps(one, ensure_ascii=False): one for one in every}
    if not kept:
        raise refusal("finetune.empty", path=path, why="No line of it has a conversation.")
    notes = []
    if len(kept) < len(every):
        notes.append(f"{len(every) - len(kept)} of {len(every)} conversations are duplicates.")
    return Read(list(kept.values()), notes)


def _column(head: list[str], names: tuple[str, ...]) -> int | None:
    """The column of one of these names: the exact name before one that only contains it."""
    exact = next((head.index(name) for name in names if name in head), None)
    if exact is not None:
        return exact
    long = [name for name in names if len(name) > 1]
    return next((i for i, column in enumerate(head) if any(name in column for name in long)), None)
