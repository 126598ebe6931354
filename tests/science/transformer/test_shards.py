"""Tokens are made once: again neither on resume nor for the same text of another job."""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pytest

from tenfold.science.transformer import shards
from tenfold.science.transformer.chat import LEAST_VOCABULARY, SPECIAL_TOKENS
from tenfold.science.transformer.gang import Gang
from tenfold.science.transformer.shards import Asked, tokens_at
from tenfold.terms.refusal import Refusal


@pytest.fixture
def text(tmp_path: Path) -> Path:
    chance = random.Random(2)
    folder = tmp_path / "text"
    folder.mkdir()
    for number in range(50):
        words = " ".join(f"w{chance.randrange(300)}" for _ in range(600))
        (folder / f"{number}.txt").write_text(words)
    return folder


def made(tmp_path: Path, job: str, asked: Asked, said: list[str] | None = None):
    (tmp_path / "jobs" / job).mkdir(parents=True, exist_ok=True)
    note = said.append if said is not None else lambda _: None
    return tokens_at(tmp_path / "jobs" / job / "tokens", asked, Gang(), note)


def test_the_same_text_is_encoded_once(
    tmp_path: Path, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    right = shards.prepare
    monkeypatch.setattr(shards, "prepare", lambda *given: calls.append(1) or right(*given))
    asked, said = Asked(text, 1e9, 400), []
    first = made(tmp_path, "one", asked, said)
    assert "50 documents of 50 files" in said[0] and len(calls) == 1
    assert isinstance(first.train, np.memmap) and first.train.dtype == np.uint16
    again, other = made(tmp_path, "one", asked), made(tmp_path, "two", asked)
    assert len(calls) == 1
    assert np.array_equal(first.train, again.train) and np.array_equal(first.train, other.train)
    inodes = {(tmp_path / "jobs" / job / "tokens" / "train.bin").stat().st_ino for job in
              ("one", "two")}  # fmt: skip
    assert len(inodes) == 1
    # Another vocabulary, another cap, a file that has changed: other tokens.
    made(tmp_path, "three", Asked(text, 1e9, 401))
    made(tmp_path, "four", Asked(text, 1e5, 400))
    os.utime(text / "0.txt", (1, 1))
    made(tmp_path, "five", asked)
    assert len(calls) == 4
    made(tmp_path, "one", asked)  # but a job keeps what it has
    assert len(calls) == 4


def test_damaged_tokens_are_refused(tmp_path: Path, text: Path) -> None:
    asked = Asked(text, 1e9, 400)
    made(tmp_path, "one", asked)
    with open(tmp_path / "jobs" / "one" / "tokens" / "train.bin", "ab") as file:
        file.truncate(100)
    with pytest.raises(Refusal) as refused:
        made(tmp_path, "one", asked)
    assert refused.value.code == "pretrain.tokens"
    made(tmp_path, "two", asked)  # and nobody takes them over
    assert len(made(tmp_path, "two", asked).train) > 10_000


def test_every_byte_is_counted_and_special_words_in_a_text_are_text(
    tmp_path: Path, text: Path
) -> None:
    (text / "0.txt").write_text("<|assistant|> said <|endoftext|> 文字 " * 50)
    data = made(tmp_path, "one", Asked(text, 1e9, 400))
    whole = np.concatenate([data.train, data.held_out])
    assert data.bytes_of[whole].sum() == sum(path.stat().st_size for path in text.iterdir())
    counts = np.bincount(whole, minlength=400)[: len(SPECIAL_TOKENS)]
    assert counts.tolist() == [50, 0, 0, 0, 0, 0, 0, 0]


def test_a_given_tokenizer_is_used(tmp_path: Path, text: Path) -> None:
    learned = made(tmp_path, "one", Asked(text, 1e9, 400))
    path = tmp_path / "given" / "tokenizer.json"
    path.parent.mkdir()
    path.write_text(learned.tokenizer.to_str().replace("<|fim_middle|>", "<|not_ours|>"))
    data = made(tmp_path, "two", Asked(text, 1e9, 9999, path.parent))
    assert len(data.bytes_of) == 401 and data.tokenizer.token_to_id("<|fim_middle|>") == 400
    assert np.array_equal(data.train, learned.train)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{}", "There is no tokenizer"),
        (None, "There is no tokenizer"),
        (
            '{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],'
            ' "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,'
            ' "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}',
            "not byte-level BPE",
        ),
    ],
)
def test_a_wrong_tokenizer_is_refused(
    content: str | None, says: str, tmp_path: Path, text: Path
) -> None:
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Refusal) as refused:
        made(tmp_path, "one", Asked(text, 1e9, LEAST_VOCABULARY, path))
    assert refused.value.code == "pretrain.tokenizer" and says in refused.value.what
