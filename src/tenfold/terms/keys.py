"""What lets a caller in: the home's token as a Bearer header, or the browser's cookie made from it.

The door of the API and the door of the proxy read the same two things, so their shape is a term.
Comparisons take the same time whatever is compared.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

COOKIE = "tenfold"


@dataclass(frozen=True)
class Key:
    token: str

    @property
    def cookie(self) -> str:
        """Cannot be turned back into the token, which may do more than a browser should keep."""
        return hmac.new(self.token.encode(), b"browser", hashlib.sha256).hexdigest()

    def fits_bearer(self, authorization: str) -> bool:
        told = authorization.encode("utf-8", "surrogateescape")
        return hmac.compare_digest(told, f"Bearer {self.token}".encode())

    def fits_cookie(self, header: str) -> bool:
        """Of a Cookie header with any number of cookies in it; of two with our name, the last."""
        told = cookies(header).get(COOKIE, "").encode("utf-8", "surrogateescape")
        return hmac.compare_digest(told, self.cookie.encode())


def cookies(header: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return {name: value for name, _, value in pairs}
