"""argparse, but what it does not understand is a Refusal, and a command's words are parsed once."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from tenfold.terms.refusal import refusal


class Parser(argparse.ArgumentParser):
    def __init__(self, command: str, description: str, **more: Any) -> None:
        super().__init__(
            prog=f"tenfold {command}",
            description=description,
            formatter_class=_Layout,
            allow_abbrev=False,
            **more,
        )
        self._command = command

    def error(self, message: str) -> NoReturn:
        raise refusal("cli.usage", command=self._command.split()[0], why=f"{message}.")


class _Layout(argparse.RawDescriptionHelpFormatter):
    """Room for option names beside their sentences."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=min(100, _columns()))


def with_json(parser: Parser) -> Parser:
    parser.add_argument("--json", action="store_true", help="one JSON value on stdout, no more")
    return parser


def _columns() -> int:
    from shutil import get_terminal_size

    return get_terminal_size((100, 24)).columns - 2
