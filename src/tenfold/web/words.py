"""What a page says, in the reader's language.

`texts/en.toml` and `texts/zh-Hant.toml` have the sentences by key; `refusals`, `workloads` and
`said` those that stand elsewhere in English. A key that a language does not have is
said in English (tests/web/test_texts.py finds it before a reader does).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from tenfold.terms.refusal import Refusal

EN, ZH = "en", "zh-Hant"
LANGUAGES = {EN: "English", ZH: "繁體中文"}
COOKIE = "tenfold_language"


class Words:
    """`t("queue.title")`, `t("queue.waits", n=3)`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = texts(language)
        self._english = texts(EN)
        self._refusals = _table(f"refusals.{language}")
        self._workloads = _table(f"workloads.{language}")
        self._said = dict(_flat(_table(f"said.{language}")))

    def __call__(self, key: str, **facts: Any) -> str:
        text = self._texts.get(key) or self._english[key]
        return text.format(**facts) if facts else text

    def has(self, key: str) -> bool:
        """For keys that are made from what the API says, such as a change's name."""
        return key in self._english

    def said(self, kind: str, words: str) -> str | None:
        """What the API says in English, in this language; None where nobody has translated it."""
        return self._said.get(f"{kind}.{words.replace(' ', '_')}")

    def refused(self, told: Refusal) -> tuple[str, str, str]:
        """What, why and next of a Refusal; its facts fill the sentences of this language."""
        own = self._refusals.get(told.code)
        if own is None:
            return told.what, told.why, told.next
        try:
            return tuple(own[part].format(**told.facts) for part in ("what", "why", "next"))
        except (KeyError, ValueError, IndexError):  # its facts came as words, over the wire
            return told.what, told.why, told.next

    def workload(self, name: str, english: str) -> str:
        """The title of a workload."""
        return str(self._workloads.get(name, {}).get("title") or english)

    def short(self, name: str, english: str) -> str:
        """Its name, as on a card: the first part of `Lid-driven cavity: the classic ...`."""
        return str(self._workloads.get(name, {}).get("name") or english.partition(": ")[0])

    def about(self, name: str, english: str) -> str:
        return str(self._workloads.get(name, {}).get("about") or english)

    def param(self, workload: str, name: str, help: str) -> tuple[str, str]:
        """A param's label and the sentence that explains it."""
        own = self._workloads.get(workload, {}).get("params", {}).get(name, {})
        if isinstance(own, str):  # English labels alone; the sentence is the param's own
            return own, help
        label = own.get("label") or name.replace("_", " ").capitalize()
        return str(label), str(own.get("help") or help)


@cache
def words(language: str) -> Words:
    return Words(language)


def language_of(cookies: Mapping[str, str], accepts: str) -> str:
    """What the reader chose, else the first that the browser asks for and that is there."""
    chosen = cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    wanted = []
    for part in accepts.split(","):
        tag, _, rest = part.strip().partition(";")
        try:
            weight = float(rest.partition("q=")[2] or 1)
        except ValueError:
            weight = 0.0
        wanted.append((weight, tag.lower()))
    for _, tag in sorted(wanted, key=lambda one: -one[0]):
        if tag.startswith("zh"):  # the only Chinese there is
            return ZH
        if tag.startswith("en"):
            return EN
    return EN


@cache
def texts(language: str) -> dict[str, str]:
    """Key -> sentence; the sections of the file are the first part of a key."""
    return dict(_flat(_table(language)))


def _flat(table: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    found = []
    for name, value in table.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{before}{name}.")
        else:
            found.append((before + name, str(value)))
    return found


@cache
def _table(name: str) -> dict[str, Any]:
    file = resources.files("tenfold.web") / "texts" / f"{name}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
