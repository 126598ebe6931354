"""Two small made-up folders, English and Chinese, and questions with known answers.

    corpus = write_corpus(folder, "zh-Hant")
    for question in corpus.questions: question.text, question.path, question.answer

Forty documents each: five of each of eight kinds, in Markdown, text, web page and mail. Persons,
places and figures are invented. A question is worded otherwise than its document. `foreign` are
questions about nothing in them; `absent` ask for a fact that a document does not tell about a
thing that it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from html import escape
from pathlib import Path

from tenfold.science.retrieval import made_chinese, made_english

LANGUAGES = {"en": made_english, "zh-Hant": made_chinese}


@dataclass(frozen=True)
class MadeQuestion:
    text: str
    path: str = ""  # the document that answers it; empty where none does
    answer: str = ""  # words of the document


@dataclass(frozen=True)
class MadeCorpus:
    questions: tuple[MadeQuestion, ...]
    foreign: tuple[MadeQuestion, ...]
    absent: tuple[MadeQuestion, ...]


def write_corpus(folder: Path, language: str) -> MadeCorpus:
    """Writes the documents below `folder`; the same ones every time."""
    source = LANGUAGES[language]
    asked, absent = [], []
    for kind, (suffix, title, body, questions, untold, things) in source.KINDS.items():
        for number, thing in enumerate(things, 1):
            values = dict(zip(source.FIELDS[kind], thing, strict=True))
            path = f"{kind}/{number}{suffix}"
            told = _told(suffix, title.format(**values), body.format(**values))
            (folder / kind).mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(told)
            for text, answer in questions:
                asked.append(MadeQuestion(text.format(**values), path, answer.format(**values)))
            absent.append(MadeQuestion(untold.format(**values)))
    foreign = tuple(MadeQuestion(text) for text in source.FOREIGN)
    return MadeCorpus(tuple(asked), foreign, tuple(absent))


def _told(suffix: str, title: str, body: str) -> bytes:
    paragraphs = body.strip().split("\n\n")
    if suffix == ".md":
        return f"# {title}\n\n{body.strip()}\n".encode()
    if suffix == ".html":
        shown = "".join(f"<p>{escape(one)}</p>\n" for one in paragraphs)
        head = f'<meta charset="utf-8"><title>{escape(title)}</title>'
        return f"<html><head>{head}</head><body><h1>{escape(title)}</h1>{shown}</body>".encode()
    if suffix == ".eml":
        mail = EmailMessage()
        mail["From"], mail["Subject"] = "someone@example.org", title
        mail.set_content(body.strip())
        return bytes(mail)
    return f"{title}\n\n{body.strip()}\n".encode()
