"""Boxes from a name or a file: planned on and rehearsed, not present, labelled modelled.

`10xH100-PCIe` is ten cards in one chassis, `cpu` a host without cards, and `+` joins nodes:
`8xH100-SXM+2xH100-SXM`. What ends in `.toml` is a file (see `boxfile`). GPUs are numbered through
the box, `gpu0`, `gpu1`, ...; the CPU is `cpu`, on a box of several nodes `NODE:cpu`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from tenfold.hardware import boxfile
from tenfold.hardware.chassis import NodePlan, chassis, numbered
from tenfold.hardware.models import Card
from tenfold.terms.box import Box, Device, DeviceKind, Node

# A gang over two nodes: assumed, since it depends on the job and on the network between them.
SPAN_FACTOR = 1.25


def box(text: str) -> Box:
    """The declared box that `text` names; a Refusal says what to write instead."""
    text = text.strip()
    if text.lower().endswith(".toml"):
        name, plans = boxfile.read(Path(text).expanduser())
        return _assembled(name, plans)
    return _assembled(text, [chassis(part.strip()) for part in text.split("+")])


def _assembled(name: str, plans: Sequence[NodePlan]) -> Box:
    numbers = count()
    nodes = []
    for index, plan in enumerate(plans):
        node = plan.name or numbered(index)
        cpu_id = "cpu" if len(plans) == 1 else f"{node}:cpu"
        devices = (*_gpus(plan, node, numbers), _cpu(plan, node, cpu_id))
        nodes.append(Node(node, devices, host_w=plan.host.watts, chassis=plan.chassis))
    span_factor = SPAN_FACTOR if len(nodes) > 1 else None
    return Box(name, tuple(nodes), modelled=True, span_factor=span_factor)


def _gpus(plan: NodePlan, node: str, numbers: Iterator[int]) -> tuple[Device, ...]:
    return tuple(
        card.device(f"gpu{next(numbers)}", node, _bridge(card, node, place))
        for place, card in enumerate(plan.cards)
    )


def _bridge(card: Card, node: str, place: int) -> str:
    """The fast link of a card: its board's, or the bridge to its neighbour."""
    if card.on_board:
        return f"{node}:board"
    return f"{node}:bridge{place // card.bridged}" if card.bridged > 1 else ""


def _cpu(plan: NodePlan, node: str, id: str) -> Device:
    return Device(
        id=id,
        kind=DeviceKind.CPU,
        model="host CPU",
        node=node,
        memory_gib=float(plan.host.memory_gib),
        cores=plan.host.cores,
        source=plan.host.source,
    )
