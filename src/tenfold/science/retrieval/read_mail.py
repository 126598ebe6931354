"""Mail: one .eml, or an mbox of many, through the email package of the standard library.

Each message is a section with its subject as heading. Plain text is taken before HTML; what is
attached is named and not read.
"""

from __future__ import annotations

import email
import email.policy
import io
import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import PurePath

from tenfold.science.retrieval.documents import Document, Section, Sections, Unreadable
from tenfold.science.retrieval.read_html import text_of_html
from tenfold.science.retrieval.read_text import MOST_TITLE

_SHOWN = ("From", "To", "Date", "Subject")
_FROM_LINE = re.compile(rb"^From \S+.*\d{4}\s*$")


def read_eml(name: str, content: bytes) -> Document:
    section, note = _message(content, "")
    found = Sections()
    found.add(section)
    title = section.headings[0] if section.headings else PurePath(name).name
    return Document(title, tuple(found.kept), note or found.note())


def read_mbox(name: str, content: bytes) -> Document:
    if not content.startswith(b"From "):
        raise Unreadable("not an mbox: it does not begin with `From `")
    found = Sections()
    notes: list[str] = []
    for number, one in enumerate(_messages(content), 1):
        section, note = _message(one, f"message {number}")
        notes += [note] if note else []
        if not found.add(section):
            break
    return Document(
        PurePath(name).name,
        tuple(found.kept),
        "; ".join([*notes[:3], *filter(None, [found.note()])]),
    )


def _messages(content: bytes) -> Iterator[bytes]:
    """As `mailbox.mbox` cuts them, from memory: it wants a file, and locks it."""
    lines: list[bytes] = []
    blank = True
    for line in io.BytesIO(content):
        if blank and _FROM_LINE.match(line):
            if lines:
                yield b"".join(lines)
            lines = []
        else:
            lines.append(line[1:] if line.startswith(b">From ") else line)
        blank = not line.strip()
    if lines:
        yield b"".join(lines)


def _message(content: bytes, place: str) -> tuple[Section, str]:
    """Its section, and a word on what is attached."""
    try:
        told = email.message_from_bytes(content, policy=email.policy.default)
        head = [f"{key}: {' '.join(str(told[key]).split())}" for key in _SHOWN if told[key]]
        text = _body(told)
        attached = [part.get_filename() or "?" for part in told.iter_attachments()]
        subject = " ".join(str(told["Subject"] or "").split())[:MOST_TITLE]
    except (ValueError, LookupError, AttributeError, TypeError, IndexError) as error:
        # the new policy parses headers when they are asked for, and stumbles over wild ones
        raise Unreadable(f"broken mail ({type(error).__name__})") from error
    headings = (subject,) if subject else ()
    note = f"attached and not read: {', '.join(attached[:5])}" if attached else ""
    return Section("\n".join([*head, "", text]), headings, place), note


def _body(told: EmailMessage) -> str:
    part = told.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    try:
        text = str(part.get_content())
    except LookupError:  # a charset that nobody knows
        text = bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace")
    return text_of_html(text) if part.get_content_type() == "text/html" else text
