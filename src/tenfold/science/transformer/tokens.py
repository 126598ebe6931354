"""Byte-level BPE: a tokenizer learned from a corpus, and the corpus as token files.

    prepare(corpus, folder, vocabulary=2048)      # tokenizer.json, train.bin, held_out.bin
    data = Tokens(folder)
    data.train, data.held_out                     # memory-mapped, one long row each
    data.bytes_of                                 # how many bytes of text each token stands for

Documents follow one another, each begun by the token END, which stands for no byte. The rows are
read where they lie on disk, uint16 or uint32, never whole in memory.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, final

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from tenfold.science.transformer.chat import END, LEAST_VOCABULARY, SPECIAL_TOKENS
from tenfold.science.transformer.text import Corpus
from tenfold.terms.refusal import Refusal

TOKENIZER, TRAIN, HELD = "tokenizer.json", "train.bin", "held_out.bin"
LEARN_BYTES = 100_000_000  # of text the tokenizer is learned from; more changes little
BATCH = 256  # documents encoded at once

TokenRow = npt.NDArray[Any]


def learn(corpus: Corpus, vocabulary: int) -> Tokenizer:
    """A byte-level BPE of the documents that are not held out; any text can be encoded with it.

    Raises a Refusal where the text has too few repeated pieces for that many tokens.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_first_bytes(corpus, LEARN_BYTES), trainer)
    found = tokenizer.get_vocab_size()
    if found < vocabulary:
        raise Refusal(
            "pretrain.vocabulary",
            f"This text does not support {vocabulary} tokens.",
            f"Its {corpus.train_bytes / 1e6:.1f} MB have no more than {found} pieces that occur"
            " twice.",
            f"give --vocabulary {max(found // 64 * 64, LEAST_VOCABULARY)} or more text",
        )
    return tokenizer


def given(path: Path) -> Tokenizer:
    """Somebody's tokenizer: a tokenizer.json, or the folder with one. What it lacks of our special
    tokens gets ids after its own. Raises a Refusal for one that is not byte-level BPE."""
    file = path / "tokenizer.json" if path.is_dir() else path
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises nothing narrower
        raise Refusal(
            "pretrain.tokenizer",
            f"There is no tokenizer in {path}.",
            f"{error}",
            "give the full path of a tokenizer.json, or leave out --tokenizer",
        ) from error
    said = json.loads(tokenizer.to_str())
    if said["model"]["type"] != "BPE" or "ByteLevel" not in json.dumps(said["decoder"]):
        raise Refusal(
            "pretrain.tokenizer",
            f"The tokenizer in {path} is not byte-level BPE.",
            f"It is {said['model']['type']}; of its tokens nobody can tell how many bytes of text"
            " each stands for, and a model is judged in bits a byte.",
            "give one as GPT-2, Llama 3 or Qwen have it, or leave out --tokenizer",
        )
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)  # it would add tokens
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    return tokenizer


def prepare(corpus: Corpus, folder: Path, vocabulary: int, tokenizer_path: Path | None) -> None:
    """Learn the tokenizer (or take the given one) and encode both sides into `folder`, which then
    is whole. What a text spells like a special token is encoded as text, but for conversations."""
    tokenizer = given(tokenizer_path) if tokenizer_path else learn(corpus, vocabulary)
    tokenizer.save(str(folder / TOKENIZER))
    plain = Tokenizer.from_file(str(folder / TOKENIZER))
    plain.encode_special_tokens = True
    end, dtype = tokenizer.token_to_id(END), token_type(tokenizer.get_vocab_size())
    with open(folder / TRAIN, "wb") as train, open(folder / HELD, "wb") as held_out:
        documents = corpus.documents()
        while batch := list(islice(documents, BATCH)):
            for chat in (False, True):
                some = [one for one in batch if one.chat is chat]
                reader = tokenizer if chat else plain
                encoded = reader.encode_batch_fast([one.text.removeprefix(END) for one in some])
                for document, one in zip(some, encoded, strict=True):
                    row = np.array([end, *one.ids], dtype=dtype)
                    row.tofile(held_out if document.held_out else train)


def token_type(vocabulary: int) -> type[np.unsignedinteger[Any]]:
    return np.uint16 if vocabulary <= 1 << 16 else np.uint32


def token_bytes(tokenizer: Tokenizer) -> npt.NDArray[np.int64]:
    """Bytes of text each token stands for; a byte is one character of the byte-level alphabet, a
    special token stands for none."""
    sizes = np.zeros(tokenizer.get_vocab_size(), dtype=np.int64)
    for token, number in tokenizer.get_vocab().items():
        sizes[number] = len(token)
    for number, added in tokenizer.get_added_tokens_decoder().items():
        sizes[number] = 0 if added.special else len(added.content.encode())
    return sizes


@final
class Tokens:
    """What `prepare` left in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self.end = int(self.tokenizer.token_to_id(END) or 0)
        self.bytes_of = token_bytes(self.tokenizer)
        self.train = _mapped(folder / TRAIN, len(self.bytes_of))
        self.held_out = _mapped(folder / HELD, len(self.bytes_of))


def _mapped(path: Path, vocabulary: int) -> TokenRow:
    dtype = token_type(vocabulary)
    if os.path.getsize(path) == 0:
        return np.zeros(0, dtype=dtype)
    return np.memmap(path, dtype=dtype, mode="r")


def _first_bytes(corpus: Corpus, limit: int) -> Iterator[str]:
    for document in corpus.documents(held_out=False):
        yield document.text
        limit -= len(document.text)
        if limit <= 0:
            return
