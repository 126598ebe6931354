"""Byte-level BPE: a tokenizer learned from a corpus, and the corpus as token files.

    prepare(corpus, folder, vocabulary=2048)      # tokenizer.json, train.bin, held_out.bin
    data = Tokens(folder)
    data.train, data.held_out                     # memory-mapped, one long row each
    data.bytes_of                                 # how many bytes of text each token stands for

Documents follow one another, each begun by the token END (id 0), which stands for no byte.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, final

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from tenfold.science.transformer.chat import END, SPECIAL_TOKENS
from tenfold.science.transformer.text import Corpus
from tenfold.terms.refusal import Refusal

END_ID = SPECIAL_TOKENS.index(END)
LEAST_VOCABULARY = 256 + len(SPECIAL_TOKENS)
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


def prepare(corpus: Corpus, folder: Path, vocabulary: int) -> None:
    """Learn the tokenizer and encode both sides into `folder`, which then is whole."""
    tokenizer = learn(corpus, vocabulary)
    tokenizer.save(str(folder / "tokenizer.json"))
    dtype = token_type(vocabulary)
    with open(folder / "train.bin", "wb") as train, open(folder / "held_out.bin", "wb") as held_out:
        documents = corpus.documents()
        while batch := list(islice(documents, BATCH)):
            encoded = tokenizer.encode_batch_fast([document.text for document in batch])
            for document, one in zip(batch, encoded, strict=True):
                row = np.array([END_ID, *one.ids], dtype=dtype)
                row.tofile(held_out if document.held_out else train)


def token_type(vocabulary: int) -> type[np.unsignedinteger[Any]]:
    return np.uint16 if vocabulary <= 1 << 16 else np.uint32


def token_bytes(tokenizer: Tokenizer) -> npt.NDArray[np.int64]:
    """Bytes of text each token stands for; a byte is one character of the byte-level alphabet."""
    sizes = np.zeros(tokenizer.get_vocab_size(), dtype=np.int64)
    for token, number in tokenizer.get_vocab().items():
        sizes[number] = 0 if number == END_ID else len(token)
    return sizes


@final
class Tokens:
    """What `prepare` left in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.bytes_of = token_bytes(self.tokenizer)
        self.train = _mapped(folder / "train.bin", len(self.bytes_of))
        self.held_out = _mapped(folder / "held_out.bin", len(self.bytes_of))


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
