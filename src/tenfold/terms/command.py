"""A plain command of the owner's: the params of `system.command`, checked without importing it.

The daemon imports no workload, yet a command must be accepted at the speed of one fsync; so the
shape of a command is a term of its own. The catalogue entry `system.command` has the same fields
(a test holds them together).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from tenfold.terms.refusal import refusal

COMMAND = "system.command"
LAUNCHERS = ("", "torchrun")


@dataclass(frozen=True)
class Command:
    argv: tuple[str, ...]
    cwd: str = ""  # the job's own folder where empty
    env: str = ""  # a folder or interpreter, `uv`, `conda:NAME`, or the name of a built environment
    variables: tuple[str, ...] = ()  # NAME=VALUE
    launch: str = ""  # `torchrun`: one rank a GPU (or a core)
    port: int = 0  # of a service or an interactive job
    health: str = ""  # path asked over HTTP until it answers; empty: the port must accept
    idle_minutes: float = 0.0  # an interactive job ends after so long without CPU use; 0: never


def command_from(params: dict[str, Any]) -> Command:
    """The command that `params` describes; a Refusal names the first field that is wrong."""
    known = {field.name for field in fields(Command)}
    for name in params:
        if name not in known:
            raise refusal("command.field", field=name, known=", ".join(sorted(known)))
    argv = params.get("argv")
    if not isinstance(argv, list | tuple) or not argv or not all(isinstance(a, str) for a in argv):
        raise refusal("command.empty")
    for name in ("cwd", "env", "launch", "health"):
        if not isinstance(params.get(name, ""), str):
            raise refusal("command.value", field=name, value=params[name], wanted="text")
    variables = params.get("variables", ())
    if not isinstance(variables, list | tuple) or not all(
        isinstance(v, str) and "=" in v for v in variables
    ):
        raise refusal("command.value", field="variables", value=variables, wanted="NAME=VALUE")
    port = params.get("port", 0)
    if not isinstance(port, int) or not 0 <= port <= 65535:
        raise refusal("command.value", field="port", value=port, wanted="a number from 1 to 65535")
    idle = params.get("idle_minutes", 0.0)
    if not isinstance(idle, int | float) or idle < 0:
        raise refusal("command.value", field="idle_minutes", value=idle, wanted="minutes")
    if params.get("launch", "") not in LAUNCHERS:
        raise refusal(
            "command.value", field="launch", value=params["launch"], wanted="torchrun, or nothing"
        )
    text = {name: params.get(name, "") for name in ("cwd", "env", "launch", "health")}
    return Command(
        argv=tuple(argv),
        variables=tuple(variables),
        port=port,
        idle_minutes=float(idle),
        **text,
    )
