"""HOME/site.toml as it is shown and changed while the daemon runs.

A change is judged by the reader of the file and by whether the box may even idle there; then it is
written whole, and the next tick takes it. What is refused leaves the file and the settings alone.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold.engine.house import House
from tenfold.engine.moment import day_ahead
from tenfold.engine.verdict import judged
from tenfold.folder.durable import write_bytes
from tenfold.site.budget import budget
from tenfold.site.config import config
from tenfold.site.config.edit import edited
from tenfold.site.settings import SiteConfig
from tenfold.terms.reading import Reading
from tenfold.terms.refusal import Refusal, refusal
from tenfold.terms.wire import to_json


@dataclass(frozen=True)
class _Text:
    words: str
    exists: bool
    hash: str  # of the bytes; empty where there is no file


class SiteFile:
    """Any thread may ask; one change is made at a time."""

    def __init__(self, house: House, path: Path) -> None:
        self._house = house
        self._path = path
        self._guard = threading.Lock()

    def shown(self) -> dict[str, Any]:
        """The file and what it says; where that is refused, the settings that hold, and `wrong`."""
        why_not = self._why_not()
        try:
            text = self._read()
        except (OSError, UnicodeDecodeError) as error:
            text, why_not = _Text("", True, ""), f"It cannot be read: {error}."
        told, wrong = self._house.site, None
        try:
            told = config.parsed(text.words, self._path)
        except Refusal as no:
            wrong = json.loads(json.dumps(no.as_json(), default=str))
        return {
            "file": str(self._path),
            "exists": text.exists,
            "toml": text.words,
            "hash": text.hash,
            "settings": settings_view(told),
            "in_force": wrong is None and told == self._house.site,
            "wrong": wrong,
            "why_not": why_not or None,
        }

    def change(
        self,
        toml: str | None,
        fields: Mapping[str, Any] | None,
        of: str | None,
        check: bool,
    ) -> dict[str, Any]:
        """Replace the text by `toml`, or `fields` in it. `of`: the hash of the text that whoever
        asks has seen. `check`: only tell what would be. Refusals: `site.config`, `site.idle`,
        `site.changed`, `site.fixed`, `site.both`."""
        if (toml is None) == (fields is None):
            raise refusal("site.both", count=0 if toml is None else 2)
        with self._guard:
            text = self._readable()
            if not check and of is not None and of != text.hash:
                raise refusal("site.changed", path=self._path)
            words = toml
            if words is None:
                config.sections(text.words, self._path)  # one that is no TOML is told as such
                words = edited(text.words, fields or {}, self._path)
            site = config.parsed(words, self._path)
            self._house.check_site(site)
            answer = {
                "settings": settings_view(site),
                "toml": words,
                "hash": _hash(words.encode()),
                "budget": self._budget(site),
                "verdict": judged(self._house.lookout.judged(site), site),
                "written": False,
                "in_force": site == self._house.site,
            }
            if check:
                return answer
            self._write(words)
            return {**answer, "written": True, "in_force": self._house.resite(site)}

    def _budget(self, site: SiteConfig) -> list[dict[str, Any]]:
        """What that would allow over the next day, as if nothing of the year's ration were gone."""
        now_s = self._house.clock()
        reading = Reading(now_s, ()) if self._house.latest is None else self._house.latest[0]
        return day_ahead(budget(site, reading, now_s), now_s)

    def _readable(self) -> _Text:
        try:
            return self._read()
        except (OSError, UnicodeDecodeError) as error:
            why = f"It cannot be read: {error}."
            raise refusal("site.fixed", path=self._path, why=why) from error

    def _read(self) -> _Text:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return _Text("", False, "")
        return _Text(data.decode("utf-8"), True, _hash(data))

    def _why_not(self) -> str:
        """A file that its owner has made read-only is meant to stay as it is."""
        target = self._path.resolve()  # it may be a link to where the owner keeps it
        if not os.access(target.parent, os.W_OK):
            return f"The folder {target.parent} cannot be written."
        if target.exists() and not os.access(target, os.W_OK):
            return f"The file {target} is read-only."
        return ""

    def _write(self, words: str) -> None:
        why = self._why_not()
        if why:
            raise refusal("site.fixed", path=self._path, why=why)
        try:
            write_bytes(self._path.resolve(), words.encode())
        except OSError as error:
            why = f"It cannot be written: {error.strerror}."
            raise refusal("site.fixed", path=self._path, why=why) from error


def settings_view(site: SiteConfig) -> dict[str, Any]:
    """As JSON: without a limit watts are null, and dated prices are told by number and time."""
    view: dict[str, Any] = _plain(to_json(site))
    dated = site.tariff.dated
    view["tariff"]["dated"] = (
        {"count": len(dated), "from_s": dated[0][0], "until_s": dated[-1][0]} if dated else None
    )
    return view


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, frozenset):
        return sorted(value)
    return None if isinstance(value, float) and math.isinf(value) else value


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
