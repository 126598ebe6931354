"""`tenfold workloads [NAME]`: the catalogue, or one entry with its params and sizes."""

from __future__ import annotations

import textwrap
from itertools import groupby
from typing import Any

from tenfold.catalogue.listing import listing
from tenfold.cli.describe import described
from tenfold.cli.options import plain, sentence
from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import BOLD, DIM, YELLOW, say, say_json, tint
from tenfold.client.home import home_path
from tenfold.client.schema import field_shape

COLUMNS = 100


def workloads(argv: list[str]) -> int:
    parser = with_json(Parser("workloads", "The catalogue; or one entry with its params."))
    parser.add_argument("name", nargs="?", metavar="NAME")
    asked = parser.parse_args(argv)
    if asked.name:
        return _show_one(described(home_path(), asked.name), asked.json)
    entries = listing(home_path())
    if asked.json:
        fields = ("name", "group", "title", "path", "file_hash")
        say_json([{f: str(getattr(entry, f)) for f in fields} for entry in entries])
        return 0
    width = max((len(entry.name) for entry in entries), default=0) + 2
    for group, of_group in groupby(entries, key=lambda entry: entry.group):
        say(tint(group, DIM))
        for entry in of_group:
            say(f"  {entry.name.ljust(width)}{entry.title}")
    if not entries:
        say("The catalogue is empty.")
    return 0


def sizes_text(entry: dict[str, Any]) -> str:
    """One line a size: what it sets."""
    lines = [
        f"  {size:<7}" + ", ".join(f"{name} {plain(value)}" for name, value in values.items())
        for size, values in entry["sizes"].items()
    ]
    return "\n".join(lines)


def _show_one(entry: dict[str, Any], as_json: bool) -> int:
    if as_json:
        say_json(entry)
        return 0
    title, _, rest = entry["doc"].strip().partition("\n")
    say(f"{tint(entry['name'], BOLD)}  {title}")
    if rest.strip():
        say(f"\n{textwrap.indent(textwrap.dedent(rest).strip(), '  ')}")
    _show_params(entry)
    if entry["sizes"]:
        say(f"\n{tint('sizes', DIM)}\n{sizes_text(entry)}")
    traits = "resumes after a stop" if entry["resumes"] else "starts anew after a stop"
    say(f"\n{tint('kind', DIM)}   {entry['kind']}; {traits}")
    say(f"{tint('file', DIM)}   {entry['path']}")
    if entry["missing"]:
        lacks = ", ".join(entry["missing"])
        say(f"{tint('lacks', YELLOW)}  {lacks}; {entry['install']}")
    return 0


def _show_params(entry: dict[str, Any]) -> None:
    schema = entry["schema"]
    fields = schema.get("properties", {})
    if not fields:
        return
    say(f"\n{tint('params', DIM)}")
    width = min(24, max(len(name) for name in fields) + 2)
    for name, field in fields.items():
        shape = field_shape(field, schema)
        said = sentence(name, shape, shape.get("default"))
        lines = textwrap.wrap(said, COLUMNS - width - 2) or [""]
        say(f"  {name.ljust(width)}{lines[0]}")
        for line in lines[1:]:
            say(f"  {'':{width}}{line}")
