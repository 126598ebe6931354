"""A declared box in a TOML file, for what no name says.

    name = "attic"                   # optional; the file's name otherwise
    [[node]]                         # one or more
    name = "left"                    # optional
    cards = "10xH100-PCIe"           # optional: cards by name, as in `chassis`
    cores = 48                       # optional: for CPU shares
    memory_gib = 384                 # optional: of the host
    host_w = 1800                    # optional: host and fans
    [[node.card]]                    # optional: cards that have no name here
    model = "RTX 4090"
    count = 2                        # 1 where left out
    memory_gib = 23.5
    idle_w = 20                      # the rest is optional; watts left out are unknown
    cap_min_w = 150
    cap_max_w = 450
    knee = 0.6                       # share of cap_max_w; 0.58 where left out
    kelvin_per_w = 0.3               # modelled heat over the inlet air; left out: placed well

A field that is wrong is refused by its name; so is one that is not listed here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tenfold.hardware import models
from tenfold.hardware.chassis import NodePlan, chassis, numbered
from tenfold.hardware.models import Card
from tenfold.terms.refusal import refusal


@dataclass(frozen=True)
class _Text:
    wanted: str = "text"

    def suits(self, value: object) -> bool:
        return isinstance(value, str) and bool(value.strip())


@dataclass(frozen=True)
class _Number:
    wanted: str
    above: float = 0.0
    most: float = 1e6
    whole: bool = False

    def suits(self, value: object) -> bool:
        kinds = int if self.whole else (int, float)
        if not isinstance(value, kinds) or isinstance(value, bool):
            return False
        return self.above <= value <= self.most


@dataclass(frozen=True)
class _Tables:
    wanted: str

    def suits(self, value: object) -> bool:
        return isinstance(value, list) and all(isinstance(item, dict) for item in value)


_Field = _Text | _Number | _Tables

_WATTS = _Number("watts, 0 or more")
_GIB = _Number("GiB, above 0", above=1e-3)
BOX: Mapping[str, _Field] = {"name": _Text(), "node": _Tables("one or more sections [[node]]")}
NODE: Mapping[str, _Field] = {
    "name": _Text(),
    "cards": _Text("cards by name, such as '10xH100-PCIe'"),
    "cores": _Number("a whole number of cores, 1 or more", above=1, whole=True),
    "memory_gib": _GIB,
    "host_w": _WATTS,
    "card": _Tables("one or more sections [[node.card]]"),
}
CARD: Mapping[str, _Field] = {
    "model": _Text(),
    "count": _Number("a whole number of cards, 1 to 16", above=1, most=16, whole=True),
    "memory_gib": _GIB,
    "idle_w": _WATTS,
    "cap_min_w": _WATTS,
    "cap_max_w": _WATTS,
    "knee": _Number("a share of cap_max_w, 0 to 1", most=1.0),
    "kelvin_per_w": _Number("kelvin for each watt, 0.01 to 2", above=0.01, most=2.0),
}


def read(path: Path) -> tuple[str, list[NodePlan]]:
    """The name of the box in `path`, and its nodes. Raises box.file or box.field."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        why = "There is no file of that name."
        raise refusal("box.unknown", text=path, why=why) from error
    except (OSError, UnicodeDecodeError) as error:
        raise refusal("box.file", path=path, why=f"{error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise refusal("box.file", path=path, why=f"It is not TOML: {error}.") from error
    _check(table, BOX, path, "")
    nodes = table.get("node", [])
    if not nodes:
        why = "A box needs at least one section [[node]]."
        raise refusal("box.field", field="node", path=path, value=nodes, why=why)
    names = [node.get("name", numbered(index)) for index, node in enumerate(nodes)]
    for name in names:
        if names.count(name) > 1:
            why = "Two nodes have this name."
            raise refusal("box.field", field="node.name", path=path, value=name, why=why)
    return str(table.get("name", path.stem)), [_node(node, path) for node in nodes]


def _node(table: dict[str, Any], path: Path) -> NodePlan:
    _check(table, NODE, path, "node.")
    named = chassis(table["cards"].strip()) if "cards" in table else NodePlan((), models.CPU_ONLY)
    own = tuple(card for entry in table.get("card", ()) for card in _cards(entry, path))
    host = named.host
    if own and not named.cards:
        host = models.SMALL
    said = {
        ours: table[theirs]
        for theirs, ours in (("cores", "cores"), ("memory_gib", "memory_gib"), ("host_w", "watts"))
        if theirs in table
    }
    if said:
        told = ", ".join(sorted(set(table) & {"cores", "memory_gib", "host_w"}))
        host = replace(host, **said, source=f"{told}: {path.name}; else: {host.source}")
    return NodePlan(named.cards + own, host, table.get("name", ""))


def _cards(table: dict[str, Any], path: Path) -> tuple[Card, ...]:
    _check(table, CARD, path, "node.card.")
    for name in ("model", "memory_gib"):
        if name not in table:
            raise refusal(
                "box.field",
                field=f"node.card.{name}",
                path=path,
                value=None,
                why="A card needs it.",
            )
    lowest_w, highest_w = table.get("cap_min_w"), table.get("cap_max_w", 0.0)
    if lowest_w is not None and lowest_w > highest_w:
        raise refusal(
            "box.field",
            field="node.card.cap_min_w",
            path=path,
            value=lowest_w,
            why=f"It is above cap_max_w, which is {highest_w:g}.",
        )
    card = Card(
        name=table["model"],
        title=table["model"],
        memory_gib=float(table["memory_gib"]),
        idle_w=float(table.get("idle_w", 0.0)),
        # Without a lowest cap nobody knows whether the cap can be set at all.
        cap_min_w=float(highest_w if lowest_w is None else lowest_w),
        cap_max_w=float(highest_w),
        source=f"{path.name}{'' if highest_w else '; watts: unknown'}",
        knee=float(table.get("knee", models.KNEE)),
        kelvin_per_w=table.get("kelvin_per_w"),
    )
    return (card,) * int(table.get("count", 1))


def _check(table: dict[str, Any], known: Mapping[str, _Field], path: Path, where: str) -> None:
    for name, value in table.items():
        field = known.get(name)
        if field is None:
            why = f"There is no such field; known are {', '.join(known)}."
        elif not field.suits(value):
            why = f"It takes {field.wanted}."
        else:
            continue
        raise refusal("box.field", field=f"{where}{name}", path=path, value=value, why=why)
