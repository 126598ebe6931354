"""The systemd user unit that `tenfold up --at-boot` writes. It starts nothing by itself."""

from __future__ import annotations

import os
from pathlib import Path

from tenfold.cli.show import rows, say, say_json
from tenfold.client.start import DaemonOptions, daemon_argv
from tenfold.terms.refusal import refusal

# KillMode=process: jobs are processes of their own and must outlive a restart of the daemon.
_UNIT = """\
[Unit]
Description=Tenfold, looking after {home}

[Service]
Type=exec
Environment={environment}
ExecStart={command}
KillMode=process
Delegate=yes
Restart=on-failure
RestartSec=2

[Install]
WantedBy=default.target
"""

_LINES = ("systemctl --user daemon-reload", "systemctl --user enable --now tenfold")
_LINGER = "loginctl enable-linger"


def write_unit(home: Path, options: DaemonOptions, as_json: bool) -> int:
    path = unit_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(unit_text(home, options))
    except OSError as error:
        raise refusal("home.unwritable", home=path.parent, why=str(error)) from error
    if as_json:
        say_json({"unit": str(path), "next": [*_LINES, _LINGER]})
        return 0
    say(f"Written: {path}")
    said = [("start it", line) for line in _LINES]
    say(rows([*said, ("before you log in", _LINGER)]))
    return 0


def unit_path() -> Path:
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config) / "systemd" / "user" / "tenfold.service"


def unit_text(home: Path, options: DaemonOptions) -> str:
    command = daemon_argv(home, options)
    return _UNIT.format(
        home=_escaped(str(home)),
        environment=_quoted(f"TENFOLD_HOME={home}"),
        # systemd puts no variable into the first word, and would not find a doubled $ there.
        command=" ".join([_quoted(command[0]), *(_argument(word) for word in command[1:])]),
    )


def _argument(word: str) -> str:
    """ExecStart also replaces $NAME; Environment does not."""
    return _quoted(word.replace("$", "$$"))


def _quoted(word: str) -> str:
    """One word for systemd: % is its specifier, and quotes keep spaces."""
    inner = _escaped(word).replace('"', '\\"')
    return f'"{inner}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "%%").replace("\n", "\\n")
