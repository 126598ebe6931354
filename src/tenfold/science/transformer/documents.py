"""The documents in a file, by what the file is: text or code, JSON lines, Parquet, PDF.

    for document in documents(path, cut=False): document.text, document.chat

JSON lines and Parquet give one document a row: its field `text` (or `content`), or `messages`, a
conversation, written by the chat template. A PDF is one document. A text file is one too, or, where
`cut` says so and wherever it is long, pieces that end with a line: never is more than a block of it
in memory. What does not read as it should from some place on ends there.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold.science.transformer.chat import chat_text
from tenfold.terms.refusal import Refusal

PIECE_CHARS = 8_192
LONG_BYTES = 1 << 20  # a longer text file is read block by block, and cut
LOOK_BYTES = 8_192  # read to see whether a file is text
FIELDS = ("text", "content")
LINES = frozenset({".jsonl", ".ndjson"})
PARQUET, PDF = ".parquet", ".pdf"
ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class Written:
    text: str
    chat: bool = False  # a conversation: role tokens in it are tokens, not text


def is_plain(path: Path) -> bool:
    """Whether the bytes of the file are its text."""
    return path.suffix.lower() not in (*LINES, PARQUET, PDF)


def readable(path: Path) -> bool:
    """Whether the file is one of the kinds; of text, whether it begins as UTF-8 does."""
    if path.suffix.lower() in (PARQUET, PDF):
        return True
    try:
        with open(path, "rb") as file:
            start = file.read(LOOK_BYTES)
    except OSError:
        return False
    if not start or b"\0" in start:
        return False
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:  # one that ends within a character still may be text
        return len(start) == LOOK_BYTES and error.start > LOOK_BYTES - 4
    return True


def documents(path: Path, cut: bool) -> Iterator[Written]:
    """Raises a Refusal where a library is missing, rows have no field that is known, or a
    conversation has roles that are none."""
    kind = path.suffix.lower()
    if kind in LINES:
        yield from _rows(path, _lines(path))
    elif kind == PARQUET:
        yield from _rows(path, _parquet(path))
    elif kind == PDF:
        text = _pdf(path)
        yield from (Written(piece) for piece in (_cut(text) if cut else (text,)))
    elif cut or path.stat().st_size > LONG_BYTES:
        yield from (Written(piece) for piece in _blocks(path))
    else:
        try:
            yield Written(path.read_bytes().decode("utf-8"))
        except (OSError, UnicodeDecodeError):
            return  # it turned out to be something else further down


def _blocks(path: Path) -> Iterator[str]:
    rest = ""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            while block := file.read(LONG_BYTES):
                *whole, rest = _cut(rest + block)
                yield from whole
    except UnicodeDecodeError:
        return
    yield rest


def _cut(text: str) -> Iterator[str]:
    """Pieces that end with a line, where a line ends in their second half."""
    start = 0
    while start < len(text):
        end = start + PIECE_CHARS
        line = text.rfind("\n", start + PIECE_CHARS // 2, end)
        if line >= 0 and end < len(text):
            end = line + 1
        yield text[start:end]
        start = end


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                row = json.loads(line)
            except ValueError:
                continue  # a broken line, such as the last of a file that is still written
            if isinstance(row, dict):
                yield row


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise _missing(path, "pyarrow") from error
    try:
        with ParquetFile(path) as file:
            wanted = [n for n in file.schema_arrow.names if n in ("messages", *FIELDS)]
            if not wanted:
                yield dict.fromkeys(file.schema_arrow.names)
                return
            for batch in file.iter_batches(ROWS_AT_ONCE, columns=wanted):
                yield from batch.to_pylist()
    except (ArrowException, OSError):
        return


def _pdf(path: Path) -> str:
    """Its pages' text; empty where it has none, or cannot be opened."""
    try:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError
    except ImportError as error:
        raise _missing(path, "pypdf") from error
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it warns of every odd font
    try:
        return "\n\n".join(page.extract_text() for page in PdfReader(path).pages)
    except (PyPdfError, OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""  # a damaged or locked one is passed over like a picture


def _rows(path: Path, rows: Iterator[dict[str, Any]]) -> Iterator[Written]:
    known, first = False, None
    for number, row in enumerate(rows, 1):
        first = first if first is not None else sorted(row)
        written = _row(path, number, row)
        if written is not None:
            known = True
            yield written
    if first is not None and not known:
        raise Refusal(
            "text.fields",
            f"No row of {path.name} has text in a field that is known.",
            f"Its rows have {', '.join(map(str, first)) or 'no fields'}; looked for are text,"
            " content and messages.",
            "rename the field with the text to `text`, or take the file out of the folder",
        )


def _row(path: Path, number: int, row: dict[str, Any]) -> Written | None:
    messages = row.get("messages")
    if isinstance(messages, list) and messages:
        try:
            return Written(chat_text([_message(one) for one in messages], False), chat=True)
        except Refusal as refused:
            where = f"Row {number} of {path.name} is no conversation."
            raise Refusal(
                refused.code, where, f"{refused.what} {refused.why}", refused.next
            ) from refused
    for field in FIELDS:
        text = row.get(field)
        if isinstance(text, str) and text.strip():
            return Written(text.encode("utf-8", "replace").decode("utf-8"))
    return None


def _message(one: Any) -> dict[str, str]:
    if isinstance(one, dict) and isinstance(one.get("role"), str):
        content = one.get("content")
        if isinstance(content, str):
            text = content.encode("utf-8", "replace").decode("utf-8")
            return {"role": one["role"], "content": text}
    raise Refusal(
        "chat.message",
        "A message has no role or no content.",
        'Each is {"role": "user", "content": "..."}, with text in both.',
        "complete the message, or take the row out",
    )


def _missing(path: Path, package: str) -> Refusal:
    return Refusal(
        "text.library",
        f"{path.name} cannot be read here.",
        f"Files such as it are read by {package}, which is not installed.",
        f"{sys.executable} -m pip install {package}, or take such files out of the folder",
    )
