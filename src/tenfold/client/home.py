"""Where Tenfold lives on this machine, who looks after it, and the token that lets one ask.

Reads only. Whether a daemon is up is told by its record lock, not by `daemon.json`: a killed
daemon leaves that file behind, and whoever listens on the old port afterwards must not be handed
the token.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from tenfold.folder.lock import holder
from tenfold.terms.refusal import Refusal, refusal

PORT = 7410


@dataclass(frozen=True)
class Address:
    """Of the daemon that looks after a home."""

    pid: int
    port: int
    url: str


def home_path(path: str | os.PathLike[str] | None = None) -> Path:
    """`path`, else TENFOLD_HOME, else ~/.tenfold; absolute."""
    chosen = path or os.environ.get("TENFOLD_HOME") or Path.home() / ".tenfold"
    return Path(chosen).expanduser().absolute()


def usual_port() -> int:
    """TENFOLD_PORT, which a second home on one machine wants, else the port of everybody."""
    told = os.environ.get("TENFOLD_PORT") or str(PORT)
    if not told.isdigit():
        raise refusal("cli.usage", command="up", why=f"TENFOLD_PORT is '{told}', not a port.")
    return int(told)


def address(home: Path) -> Address:
    """Of the living daemon of `home`; a Refusal (`daemon.absent`) where there is none."""
    try:
        fields = json.loads((home / "daemon.json").read_bytes())
        found = Address(fields["pid"], fields["port"], fields["url"])
    except FileNotFoundError:
        raise absent(home, "None has been started there, or it was ended.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise absent(home, f"{home / 'daemon.json'} cannot be read: {error}") from error
    if daemon_pid(home) != found.pid:
        raise absent(home, f"The last one, process {found.pid}, is gone.")
    return found


def daemon_pid(home: Path) -> int | None:
    """The process that holds the daemon's lock of `home`."""
    try:
        return holder(home / "daemon.lock")
    except OSError:
        return None


def token(home: Path) -> str:
    try:
        return (home / "token").read_text().strip()
    except OSError as error:
        raise absent(home, f"Its token cannot be read: {error}") from error


def absent(home: Path, why: str) -> Refusal:
    return refusal("daemon.absent", home=str(home), why=why)
