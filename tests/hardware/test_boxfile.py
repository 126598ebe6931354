"""A box in a TOML file: every field is read, every wrong one refused by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenfold.hardware.declared import box
from tenfold.terms.refusal import Refusal

WHOLE = """
name = "attic"
[[node]]
name = "left"
cards = "2xH100-PCIe"
cores = 48
memory_gib = 384
host_w = 1800
[[node.card]]
model = "RTX 4090"
count = 2
memory_gib = 23.5
idle_w = 20
cap_min_w = 150
cap_max_w = 450
knee = 0.6
[[node]]
cores = 4
"""


def test_every_field_is_read(tmp_path: Path) -> None:
    path = tmp_path / "box.toml"
    path.write_text(WHOLE)
    found = box(str(path))
    assert (found.name, found.modelled) == ("attic", True)
    left, other = found.nodes
    assert (left.name, left.host_w, other.name) == ("left", 1800, "node1")
    assert [d.id for d in found.devices] == [
        "gpu0",
        "gpu1",
        "gpu2",
        "gpu3",
        "left:cpu",
        "node1:cpu",
    ]
    own = found.devices[3]
    assert (own.model, own.memory_gib, own.idle_w) == ("RTX 4090", 23.5, 20.0)
    assert (own.cap_w, own.cap_min_w, own.cap_max_w, own.knee) == (450.0, 150.0, 450.0, 0.6)
    assert found.devices[4].cores == 48
    assert found.devices[4].memory_gib == 384.0
    assert "cores, host_w, memory_gib: box.toml" in found.devices[4].source
    assert found.devices[5].cores == 4
    assert "cores: box.toml; else: cores and memory: assumed" in found.devices[5].source


def test_what_is_left_out_is_unknown_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "box.toml"
    path.write_text('[[node]]\n[[node.card]]\nmodel = "X"\nmemory_gib = 8\n')
    found = box(str(path))
    assert found.name == "box"
    card = found.gpus[0]
    assert (card.idle_w, card.cap_w, card.cap_min_w, card.cap_max_w) == (0.0, 0.0, 0.0, 0.0)
    assert "watts: unknown" in card.source


NODE = "[[node]]\n"
CARD = '[[node]]\n[[node.card]]\nmodel = "X"\nmemory_gib = 8\n'


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "node"),
        ("node = 3\n", "node"),
        ('name = ""\n[[node]]\n', "name"),
        ("colour = 1\n[[node]]\n", "colour"),
        (NODE + "cores = 0\n", "node.cores"),
        (NODE + "cores = 2.5\n", "node.cores"),
        (NODE + "cores = true\n", "node.cores"),
        (NODE + "memory_gib = 0\n", "node.memory_gib"),
        (NODE + 'host_w = "much"\n', "node.host_w"),
        (NODE + "host_w = nan\n", "node.host_w"),
        (NODE + "cards = 3\n", "node.cards"),
        (NODE + "card = 3\n", "node.card"),
        (NODE + "gpus = 3\n", "node.gpus"),
        (NODE + 'name = "a"\n' + NODE + 'name = "a"\n', "node.name"),
        (NODE + 'name = "node1"\n' + NODE, "node.name"),
        (NODE + '[[node.card]]\nmodel = "X"\n', "node.card.memory_gib"),
        (NODE + "[[node.card]]\nmemory_gib = 8\n", "node.card.model"),
        (CARD + "count = 17\n", "node.card.count"),
        (CARD + "count = 0\n", "node.card.count"),
        (CARD + "idle_w = -1\n", "node.card.idle_w"),
        (CARD + "knee = 1.5\n", "node.card.knee"),
        (CARD + "cap_min_w = 10\n", "node.card.cap_min_w"),
        (CARD + "tdp = 10\n", "node.card.tdp"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(tmp_path: Path, text: str, field: str) -> None:
    path = tmp_path / "box.toml"
    path.write_text(text)
    with pytest.raises(Refusal) as caught:
        box(str(path))
    assert caught.value.code == "box.field"
    assert caught.value.facts["field"] == field
    assert caught.value.next == f"edit {path}"


def test_names_in_a_file_are_held_to_the_same_rules(tmp_path: Path) -> None:
    path = tmp_path / "box.toml"
    path.write_text(NODE + 'cards = "10xH100-SXM"\n')
    with pytest.raises(Refusal, match="does not exist"):
        box(str(path))


def test_what_is_no_file_or_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as absent:
        box(str(tmp_path / "none.toml"))
    assert (absent.value.code, "no file" in absent.value.why) == ("box.unknown", True)
    path = tmp_path / "box.toml"
    path.write_text("[[node\n")
    with pytest.raises(Refusal) as broken:
        box(str(path))
    assert broken.value.code == "box.file"
