"""The command line, or the line of Python, that asks for the same run as a form."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from tenfold.terms.command import COMMAND

# Fields of POST /api/jobs that `tenfold run NAME` has an option for, and those that only a
# command has.
_SHARED = {"name": "--name", "priority": "--priority", "when": "--when"}
_PLACE = {
    "gpus": "--gpus",
    "slice": "--slice",
    "cores": "--cores",
    "memory_gib": "--memory",
    "time_s": "--time",
}
_OF_COMMAND = {
    "env": "--env",
    "launch": "--launch",
    "cwd": "--cwd",
    "port": "--port",
    "health": "--health",
    "idle_minutes": "--idle",
}
# Options of `tenfold run` itself: a param of the same name has `--param-` before it.
_TAKEN = frozenset(
    {"name", "priority", "after", "share", "by", "when", "not-before", "retry", "sleep-after"}
    | {"detach", "json", "help", "size"}
)


def command_line(body: Mapping[str, Any]) -> str:
    """Of a body of POST /api/jobs. A workload's place can be said in Python only."""
    if body["workload"] == COMMAND:
        return _command(body)
    if any(body.get(name) is not None for name in (*_PLACE, "kind")):
        said = {name: value for name, value in body.items() if name != "key"}
        return f"tenfold.connect().submit({said!r})"
    words = ["tenfold", "run", body["workload"]]
    if body.get("size"):
        words += ["--size", body["size"]]
    for name, value in body["params"].items():
        words += _param(name, value)
    return shlex.join(words + _options(body, _SHARED))


def _command(body: Mapping[str, Any]) -> str:
    params = body["params"]
    words = ["tenfold", "run", *_options(body, {**_PLACE, **_SHARED})]
    words += _options(params, _OF_COMMAND)
    for line in params.get("variables", ()):
        words += ["--set", line]
    if body.get("kind") in ("service", "interactive"):
        words.append(f"--{body['kind']}")
    return shlex.join([*words, "--", *params.get("argv", ())])


def _options(values: Mapping[str, Any], options: Mapping[str, str]) -> list[str]:
    words = []
    for name, option in options.items():
        if values.get(name) not in (None, "", 0) or (name == "gpus" and values.get(name) == 0):
            words += [option, _written(values[name])]
    return words


def _param(name: str, value: Any) -> list[str]:
    flag = name.replace("_", "-")
    flag = f"param-{flag}" if flag in _TAKEN else flag
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    text = _written(value)
    # A word that begins with a dash would be taken for an option.
    return [f"--{flag}={text}"] if text.startswith("-") else [f"--{flag}", text]


def _written(value: Any) -> str:
    if isinstance(value, list):
        plain = all(not isinstance(one, list | dict) and "," not in str(one) for one in value)
        return ",".join(_written(one) for one in value) if plain else json.dumps(value)
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)
    return str(value)
