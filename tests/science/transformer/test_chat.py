"""One chat template: what transformers makes of it, what we make of it, and what is learned."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from tenfold.science.transformer.chat import (
    CHAT_TEMPLATE,
    CHAT_TOKENS,
    LEAST_VOCABULARY,
    SPECIAL_TOKENS,
    chat_text,
)
from tenfold.science.transformer.hf_folder import write_folder
from tenfold.science.transformer.model import Llama
from tenfold.science.transformer.shape import Shape
from tenfold.terms.refusal import Refusal

TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "  Hello,\n{{ friend }}! 你好"},
    {"role": "assistant", "content": "Hi."},
    {"role": "user", "content": "Bye"},
]


def byte_tokenizer() -> Tokenizer:
    """The least there is: every byte, and the special tokens."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*SPECIAL_TOKENS, *alphabet]
    tokenizer = Tokenizer(models.BPE({word: n for n, word in enumerate(words)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    return tokenizer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shape = Shape(LEAST_VOCABULARY, 64, 1, 2, 2, 64, 32)
    write_folder(tmp_path, Llama(shape), byte_tokenizer().to_str())
    return tmp_path


def test_the_tokens_have_their_ids_from_the_beginning() -> None:
    tokenizer = byte_tokenizer()
    assert [tokenizer.token_to_id(token) for token in SPECIAL_TOKENS] == list(range(8))
    assert set(CHAT_TOKENS) < set(SPECIAL_TOKENS) and LEAST_VOCABULARY == 264


def test_transformers_opens_the_folder_as_it_is_written(folder: Path) -> None:
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    assert tokenizer.chat_template == CHAT_TEMPLATE
    for asks in (True, False):
        assert tokenizer.apply_chat_template(
            TALK, tokenize=False, add_generation_prompt=asks
        ) == chat_text(TALK, asks)
    taken = tokenizer.apply_chat_template(
        TALK, return_dict=True, return_assistant_tokens_mask=True, add_generation_prompt=True
    )
    ids, mask = taken["input_ids"], taken["assistant_masks"]
    # Learned are the answer and its end, nothing else.
    assert tokenizer.decode([i for i, own in zip(ids, mask, strict=True) if own]) == (
        "Hi.<|endoftext|>"
    )
    assert ids == byte_tokenizer().encode(chat_text(TALK, True)).ids
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id) == (0, 0, 1)
    assert set(tokenizer.all_special_tokens) == set(SPECIAL_TOKENS)
    assert len(tokenizer) == LEAST_VOCABULARY  # nothing was added: no resize
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    assert model.config.vocab_size == LEAST_VOCABULARY
    assert (model.generation_config.eos_token_id, model.generation_config.pad_token_id) == (0, 1)


def test_a_role_that_is_none_is_refused(folder: Path) -> None:
    wrong = [{"role": "bot", "content": "Hello"}]
    with pytest.raises(Refusal) as refused:
        chat_text(wrong, False)
    assert refused.value.code == "chat.role" and "'bot'" in refused.value.what
    transformers = pytest.importorskip("transformers")
    with pytest.raises(Exception, match="not bot"):
        transformers.AutoTokenizer.from_pretrained(folder).apply_chat_template(wrong)
