"""One run over an index: scored, brought up to date, scored again.

    build = Build(documents, index, embedder, None, questions=100, seed=1)
    before = build.begin(note)          # a Score, or None for a new index
    for row in build.update(): ...
    again, after = build.end(now_s)     # the old questions again, and new ones of what is there now
    build.close()

`again` keeps apart what an update did to the index from what it did to the questions: it asks
those of `before` whose documents are still the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import final

from tenfold.science.retrieval import store
from tenfold.science.retrieval.index import Index
from tenfold.science.retrieval.profile import begin as begin_profile
from tenfold.science.retrieval.questions import Question, foreign_questions, own_questions
from tenfold.science.retrieval.score import Score, measure, remember
from tenfold.science.retrieval.store import Row
from tenfold.science.retrieval.update import Change, prepare, update
from tenfold.science.retrieval.vectors import Embedder
from tenfold.science.retrieval.walk import Found, walk
from tenfold.terms.refusal import refusal

FOREIGN = 0.5  # foreign questions for each of the documents' own


@final
class Build:
    """Begin, update, end, close, once each."""

    def __init__(
        self,
        folder: Path,
        index: Path,
        embedder: Embedder,
        embedder_folder: Path | None,
        questions: int,
        seed: int,
    ) -> None:
        self.folder = folder
        self.index_folder = index
        self.embedder = embedder
        self.files: list[Found] = []
        self.rows: list[Row] = []
        self.change = Change()
        self.done = 0
        self._embedder_folder = embedder_folder
        self._questions = questions
        self._seed = seed
        self._base: sqlite3.Connection | None = None
        self._index: Index | None = None
        self._updating: Generator[Row, None, None] | None = None
        self._own: list[Question] = []
        self._hashes: dict[str, str] = {}

    def begin(
        self, note: Callable[[str], None], keep: Callable[[str], bool] | None = None
    ) -> Score | None:
        """Looks through the folder and asks the index as it is. `keep`: files to take, by path."""
        self.files = [
            one
            for one in walk(self.folder, without=self.index_folder)
            if keep is None or keep(one.path)
        ]
        if not self.files:
            raise refusal("index.empty", folder=self.folder)
        self._base = prepare(
            self.index_folder, self.folder, self.embedder, self._embedder_folder, note
        )
        begin_profile(self.index_folder)
        self._index = Index(self._base, self.embedder, self.index_folder)
        self._hashes = {row.path: row.hash for row in store.rows(self._base)}
        if not self._index.counts()[1]:
            return None
        self._own = own_questions(self._index, self._questions, self._seed)
        return measure(self._index, self._own, self._foreign())

    def update(self) -> Iterator[Row]:
        assert self._base is not None
        self._updating = update(self._base, self.files, self.folder, self.embedder, self.change)
        for row in self._updating:
            self.rows.append(row)
            self.done += 1
            yield row

    def end(self, now_s: float) -> tuple[Score | None, Score]:
        """(the questions of `begin` again where there are any, new ones); kept in the index."""
        assert self._base is not None and self._index is not None
        if not self._index.counts()[1]:
            raise refusal("index.unread", folder=self.folder, count=len(self.files))
        hashes = {row.path: row.hash for row in store.rows(self._base)}
        same = [one for one in self._own if hashes.get(one.path) == self._hashes[one.path]]
        foreign = self._foreign()
        again = measure(self._index, same, foreign) if same else None
        own = own_questions(self._index, self._questions, self._seed)
        after = measure(self._index, own, foreign)
        if again is not None:
            remember(self._index, now_s, "same", again)
        remember(self._index, now_s, "after", after)
        return again, after

    def counts(self) -> tuple[int, int]:
        """(documents with text, passages)."""
        assert self._index is not None
        return self._index.counts()

    def close(self) -> None:
        """Also in the middle of an update: what is read so far is kept."""
        if self._updating is not None:
            self._updating.close()
        if self._base is not None:
            self._base.close()

    def _foreign(self) -> list[Question]:
        assert self._index is not None
        return foreign_questions(self._index, int(FOREIGN * self._questions), self._seed)
