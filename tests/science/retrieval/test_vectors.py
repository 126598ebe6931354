"""Vectors: length one, near for like spelling, and a model's folder refused in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tenfold.science.retrieval import vectors as vectors_module
from tenfold.science.retrieval.build import Build
from tenfold.science.retrieval.index import Index
from tenfold.science.retrieval.vectors import HashedGrams, open_embedder
from tenfold.terms.refusal import Refusal


def test_hashed_grams() -> None:
    texts = ["brushless motor", "brushles motr", "walnut crumble", "無人機的馬達", "馬達無人機", ""]
    found = HashedGrams().encode(texts)
    assert found.shape == (6, 512) and found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1, 1, 1, 1, 0], abs=1e-6)
    near = found @ found.T
    assert near[0, 1] > 0.4 > 0.2 > abs(near[0, 2])
    assert near[3, 4] > 0.6 > 0.2 > abs(near[0, 3])
    assert np.array_equal(found, HashedGrams().encode(texts))


def small_model(folder: Path) -> Path:
    """A sentence-transformers folder: one layer of random weights over twenty words."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]"}
    words = [*special.values(), "motor", "hot", "how", "get", "the", "winding", "tea", "馬", "達"]
    core = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="[UNK]"))
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    PreTrainedTokenizerFast(tokenizer_object=core, **special).save_pretrained(folder / "core")
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = BertConfig(vocab_size=len(words), intermediate_size=32, **shape)
    BertModel(config).save_pretrained(folder / "core")
    parts = [modules.Transformer(str(folder / "core")), modules.Pooling(32)]
    SentenceTransformer(modules=parts, device="cpu").save(str(folder / "model"))
    return folder / "model"


def test_a_sentence_model_of_yours(tmp_path: Path) -> None:
    """Loading and encoding through the library's own classes; how well a real one finds is not
    tested, since none is here."""
    model = small_model(tmp_path)
    embedder = open_embedder(model, "cpu")
    found = embedder.encode(["the motor get hot", "motor hot", "馬達"])
    assert found.shape == (3, 32) == (3, embedder.dimensions) and found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert embedder.encode([]).shape == (0, 32)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("# Motor\n\nThe winding get hot.")
    (tmp_path / "notes" / "b.md").write_text("# Tea\n\nThe oolong.")
    build = Build(tmp_path / "notes", tmp_path / "index", embedder, model, 10, 1)
    build.begin(lambda text: None)
    assert [row.error for row in build.update()] == ["", ""]
    build.close()
    with Index.open(tmp_path / "index") as index:  # it finds the model again by itself
        assert index.embedder.name == embedder.name
        assert index.search("how hot the winding get", 2)[0].path == "a.md"
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes() + b" ")
    assert vectors_module._fingerprint(model) not in embedder.name


def test_no_model_there(tmp_path: Path) -> None:
    assert open_embedder(None, "cpu").name == HashedGrams.name
    with pytest.raises(Refusal, match="no such folder"):
        open_embedder(tmp_path / "none", "cpu")
    with pytest.raises(Refusal, match=r"no modules\.json"):
        open_embedder(tmp_path, "cpu")
