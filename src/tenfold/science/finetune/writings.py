"""A person's own writing: notes and mails of a folder, for style.

    found = read_folder(folder)      # .txt, .md and .eml below it
    found.documents, found.notes

Of a mail its subject and what its sender wrote: quoted lines, attachments, HTML and signatures are
left out. Duplicates, hidden files and what is not text are left out and counted. Few documents are
cut into pieces, so that some can be held out. Standard library only.
"""

from __future__ import annotations

import email
import email.policy
import os
import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from tenfold.terms.refusal import refusal

NOTES, MAILS = (".txt", ".md", ".markdown", ".text", ".rst"), (".eml",)
LEAST_BYTES = 2_000  # less says nothing of a style, and leaves nothing to judge by
FEW = 10  # fewer documents are cut
PIECE_CHARS = 2_000
QUOTED = re.compile(r"^\s*(>|On .+ wrote:\s*$|於 .+ 寫道|-----Original Message-----)")
SIGNATURE = "-- "


@dataclass
class Written:
    documents: list[str]
    notes: list[str] = field(default_factory=list)


def read_folder(folder: Path) -> Written:
    """Raises a Refusal for a folder without text of these kinds, or with too little of it."""
    there, unread, found = 0, 0, []
    for path in _files(folder):
        there += 1
        if path.suffix.lower() not in (*NOTES, *MAILS):
            continue
        text = _text(path)
        if text is None:
            unread += 1
        elif text.strip():
            found.append(text.strip())
    return gathered(found, folder, there, unread)


def gathered(found: list[str], source: Path, there: int, unread: int) -> Written:
    if not found:
        raise refusal("finetune.no-text", path=source, there=there)
    distinct = list(dict.fromkeys(found))
    notes = [
        f"{len(distinct)} documents of {sum(map(len, distinct)) / 1000:.3g} thousand characters."
    ]
    if len(distinct) < len(found):
        notes.append(f"{len(found) - len(distinct)} of {len(found)} documents are duplicates.")
    if unread:
        notes.append(f"{unread} files are left out: they are named like text and are none.")
    size = sum(len(text.encode()) for text in distinct)
    if size < LEAST_BYTES:
        raise refusal("finetune.little", path=source, size=size, least=LEAST_BYTES)
    if len(distinct) < FEW:
        count, distinct = len(distinct), [piece for text in distinct for piece in pieces(text)]
        notes.append(
            f"{count} documents are few: they are cut into {len(distinct)} pieces, so that some"
            " can be held out."
        )
    return Written(distinct, notes)


def mail_text(content: bytes) -> str | None:
    """Subject and own words of a mail; None where it has no plain text."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(preferencelist=("plain",))
    if body is None:
        return None
    try:
        said = body.get_content()
    except (LookupError, UnicodeDecodeError):  # a charset that Python does not know
        return None
    kept = []
    for line in str(said).replace("\r\n", "\n").split("\n"):
        if line == SIGNATURE:
            break
        if not QUOTED.match(line):
            kept.append(line.rstrip())
    own = "\n".join(kept).strip()
    subject = str(message.get("subject", "")).strip()
    return f"{subject}\n\n{own}" if subject and own else own or None


def pieces(text: str, chars: int = PIECE_CHARS) -> list[str]:
    """Cut at an empty line where there is one in the second half of a piece, else at a line's
    end, else where it must. A text that gives one piece only is halved."""
    chars = min(chars, max(len(text) // 4, 200))
    found, start = [], 0
    while start < len(text):
        end = start + chars
        if end < len(text):
            for mark in ("\n\n", "\n", ". ", "。", " "):
                at = text.rfind(mark, start + chars // 2, end)
                if at >= 0:
                    end = at + len(mark)
                    break
        if text[start:end].strip():
            found.append(text[start:end].strip())
        start = end
    return found


def _text(path: Path) -> str | None:
    content = path.read_bytes()
    if path.suffix.lower() in MAILS:
        return mail_text(content)
    if b"\0" in content[:65536]:
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _files(folder: Path) -> list[Path]:
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(place, name) for name in sorted(names) if not name.startswith(".")]
    return [path for path in found if path.is_file() and not path.is_symlink()]
