"""JSON by a schema, from a writer that chooses at random: it always parses, however few tokens."""

from __future__ import annotations

import random
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from tokenizers import Tokenizer

from tenfold.science.serving.structured import ANY_OBJECT, Grammars
from tenfold.terms.refusal import Refusal

END = 0


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Part(BaseModel):
    name: str
    mass_kg: float


class Drone(BaseModel):
    title: str
    colour: Colour
    parts: list[Part]
    flies: bool
    note: str | None = None


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Tokenizer:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


@pytest.fixture(scope="module")
def grammars(tokenizer: Tokenizer) -> Grammars:
    return Grammars(tokenizer.to_str(), [END])


def written(
    grammars: Grammars, tokenizer: Tokenizer, schema: dict[str, Any], most: int, seed: int
) -> str:
    chance, ids = random.Random(seed), list[int]()
    writing = grammars.begin(schema, most)
    while len(ids) < most and not writing.over:
        allowed = writing.mask(tokenizer.get_vocab_size()).nonzero().flatten().tolist()
        id = writing.take(chance.choice(allowed), most - len(ids))
        if id == END:
            break
        ids.append(id)
    assert writing.whole
    return str(tokenizer.decode(ids))


@pytest.mark.parametrize("most", [60, 64, 90, 200])
def test_it_always_parses(grammars: Grammars, tokenizer: Tokenizer, most: int) -> None:
    schema = Drone.model_json_schema()
    texts = [written(grammars, tokenizer, schema, most, seed) for seed in range(8)]
    found = [Drone.model_validate_json(text) for text in texts]
    assert len({drone.colour for drone in found}) == 2  # it does choose
    assert len(set(texts)) == len(texts)


def test_any_object(grammars: Grammars, tokenizer: Tokenizer) -> None:
    import json

    for seed in range(5):
        found = json.loads(written(grammars, tokenizer, ANY_OBJECT, 40, seed))
        assert isinstance(found, dict)


def test_what_does_not_fit_is_refused_in_numbers(grammars: Grammars) -> None:
    with pytest.raises(Refusal, match="fits into 10 tokens") as refused:
        grammars.begin(Drone.model_json_schema(), 10)
    assert "shortest one takes" in refused.value.why


@pytest.mark.parametrize(
    "schema",
    [{"type": "nonsense"}, {"type": "object", "not": {"type": "string"}}, {"$ref": "http://x/y"}],
)
def test_what_cannot_be_followed_is_refused(grammars: Grammars, schema: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        grammars.begin(schema, 100)
    assert refused.value.code == "serve.schema"
