"""Asks the describer: a process of the runner that tells a workload's schema, needs and parts.

The daemon imports no workload, so a bad one cannot hurt it: an import that hangs runs into the
timeout, one that kills its process is told in words. Answers are kept until the file changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Any

from tenfold.engine import leftovers
from tenfold.folder.paths import TOKEN_VARIABLE
from tenfold.terms.box import Device
from tenfold.terms.refusal import refusal, refusal_from_json
from tenfold.terms.wire import to_json

TIMEOUT_S = 20.0
TRIES = 3  # of a describer that is killed
MOST_KEPT = 1000  # answers; a form that asks as a person types makes many
LIST_S = 30.0  # what a package brings that is installed meanwhile is found after so long


_Stamp = tuple[tuple[str, int | None], ...]


class Describer:
    """Safe in any thread. `home` is where the owner's own workloads are."""

    def __init__(self, home: Path, timeout_s: float = TIMEOUT_S) -> None:
        self._home = home
        self._timeout_s = timeout_s
        self._guard = threading.Lock()
        self._known: dict[str, dict[str, Any]] = {}
        self._listed: tuple[float, _Stamp, list[dict[str, Any]]] | None = None
        self._closed = False
        self._asked: set[subprocess.Popen[bytes]] = set()

    def workloads(self) -> list[dict[str, Any]]:
        """name, title, group, path, file_hash of everything in the catalogue."""
        listed = self._listed
        if listed is not None:
            asked_s, stamp, found = listed
            if time.monotonic() - asked_s < LIST_S and stamp == self._stamp(found):
                return found
        found = list(self._ask({"do": "list"}, "the catalogue"))
        self._listed = (time.monotonic(), self._stamp(found), found)
        return found

    def describe(
        self,
        name: str,
        params: dict[str, Any] | None = None,
        size: str | None = None,
        device: Device | None = None,
    ) -> dict[str, Any]:
        """The describer's answer, or its Refusal. See `runner.describe` for the fields."""
        request = {
            "do": "describe",
            "name": name,
            "params": params,
            "size": size,
            "device": to_json(device) if device else None,
        }
        key = json.dumps(request, sort_keys=True)
        with self._guard:
            known = self._known.get(key)
        if known is not None and _hash(known["path"]) == known["file_hash"]:
            return known
        answer: dict[str, Any] = self._ask(request, name)
        with self._guard:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            self._known[key] = answer
        return answer

    def _stamp(self, listed: list[dict[str, Any]]) -> _Stamp:
        """Of the files of the catalogue and the folders that they are in: another one after any
        change."""
        files = [Path(one["path"]) for one in listed]
        own = self._home / "workloads"
        folders = {own, *(file.parent for file in files)}
        folders |= {one for one in own.glob("*") if one.is_dir()}
        return tuple((str(path), _changed(path)) for path in sorted({*folders, *files}))

    def close(self) -> None:
        """End what is being asked now: whoever waits for it is told that it broke."""
        self._closed = True
        for asked in tuple(self._asked):
            asked.kill()

    def _ask(self, request: dict[str, Any], name: str) -> Any:
        environment = {
            **os.environ,
            "TENFOLD_HOME": str(self._home),
            TOKEN_VARIABLE: secrets.token_hex(16),
        }
        try:
            for _ in range(TRIES):
                status, out, err = self._said(json.dumps(request).encode(), environment)
                if status >= 0 or self._closed:
                    break  # else somebody killed it: that says nothing about the workload
        except subprocess.TimeoutExpired as error:
            raise refusal(
                "workload.hangs", name=name, seconds=self._timeout_s, path="its file"
            ) from error
        try:
            answer = json.loads(out)
        except ValueError as error:
            last = err.decode(errors="replace").strip().splitlines()
            why = f"Reading it ended with exit status {status}: {(last or ['no word'])[-1]}"
            raise refusal("workload.broken", name=name, why=why, path="its file") from error
        if "refusal" in answer:
            raise refusal_from_json(answer["refusal"])
        return answer["ok"]

    def _said(self, request: bytes, environment: dict[str, str]) -> tuple[int, bytes, bytes]:
        """Exit status, output and errors of one describer, of which nothing is left afterwards.

        Into files, not pipes: a process that an import left behind would hold a pipe open.
        """
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            asked = subprocess.Popen(
                [sys.executable, "-P", "-m", "tenfold.runner.describe"],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                env=environment,
                start_new_session=True,
            )
            self._asked.add(asked)
            if self._closed:
                asked.kill()
            try:
                asked.communicate(request, self._timeout_s)
            finally:
                asked.kill()
                asked.wait()
                self._asked.discard(asked)
                leftovers.end_all(environment[TOKEN_VARIABLE])
            return asked.returncode, _content(out), _content(err)


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _changed(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _hash(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return ""
