"""`HOME/keys.json`: the API keys that the owner gave to programs, for the models and nothing else.

A key lets in at `/v1/...` of the proxy, perhaps to some models only; neither the daemon nor a
service's own pages take it. Only its SHA-256 is kept: a key is 32 random bytes, so there is nothing
to guess and no salt to add. When one was used last is not kept.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tenfold.folder import lock
from tenfold.folder.durable import write_json
from tenfold.terms.refusal import Refusal, refusal
from tenfold.terms.wire import from_json, to_json

BEGINS = "sk-tenfold-"  # some clients take nothing for a key that does not begin with `sk-`
TURN_S = 10.0  # for another program that changes the keys just now
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class ApiKey:
    name: str
    digest: str  # SHA-256 of the key, in hexadecimal
    made_s: float
    models: tuple[str, ...] = ()  # names of models or services; empty: all of them

    def fits(self, key: str) -> bool:
        return hmac.compare_digest(self.digest.encode(), _digest(key).encode())


@dataclass(frozen=True)
class KeyFile:
    path: Path

    def read(self) -> tuple[ApiKey, ...]:
        """A Refusal (`keys.file`) where it is damaged: nobody is let in on half a list."""
        try:
            content = json.loads(self.path.read_bytes())
            return tuple(from_json(ApiKey, one) for one in content["keys"])
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, KeyError, TypeError, Refusal) as error:
            raise refusal("keys.file", path=str(self.path), why=f"{error}") from error

    def add(self, name: str, models: Sequence[str], now_s: float) -> str:
        """The new key. It cannot be had again."""
        if not _NAME.fullmatch(name):
            raise refusal("keys.name", name=name)
        with self._turn():
            known = self.read()
            if any(one.name == name for one in known):
                raise refusal("keys.taken", name=name)
            key = BEGINS + secrets.token_urlsafe(32)
            self._write((*known, ApiKey(name, _digest(key), now_s, tuple(models))))
        return key

    def remove(self, name: str) -> ApiKey:
        with self._turn():
            known = self.read()
            gone = next((one for one in known if one.name == name), None)
            if gone is None:
                names = ", ".join(one.name for one in known) or "none"
                raise refusal("keys.unknown", name=name, known=names)
            self._write(tuple(one for one in known if one is not gone))
        return gone

    def _write(self, keys: tuple[ApiKey, ...]) -> None:
        write_json(self.path, {"keys": [to_json(one) for one in keys]})

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One program after another. The lock ends with the process at the latest."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        end_s = time.monotonic() + TURN_S
        while (held := lock.take(self.path.with_name(".keys.lock"))) is None:
            if time.monotonic() > end_s:
                why = "Another program is changing it."
                raise refusal("keys.file", path=str(self.path), why=why)
            time.sleep(0.01)
        try:
            yield
        finally:
            os.close(held)


def fitting(keys: Sequence[ApiKey], authorization: str) -> ApiKey | None:
    """The key that this Authorization header brings; every one is compared, found or not."""
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key.startswith(BEGINS):
        return None
    found = [one for one in keys if one.fits(key.strip())]
    return found[0] if found else None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
