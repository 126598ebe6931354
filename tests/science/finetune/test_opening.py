"""A base is opened whole or refused; ours and TRL's idea of what is learned are the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tenfold.terms.refusal import Refusal

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("trl")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

from tokenizers import Tokenizer, decoders, models, pre_tokenizers  # noqa: E402

from tenfold.science.finetune import gauge, replay, rows, sizing  # noqa: E402
from tenfold.science.finetune.opening import (  # noqa: E402
    check_method,
    open_adapter,
    open_base,
    quiet,
)
from tenfold.science.transformer.chat import CHAT_TEMPLATE, SPECIAL_TOKENS  # noqa: E402

CHATS = [
    [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Mira."}],
    [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Where?"},
        {"role": "assistant", "content": "Oslo"},
        {"role": "user", "content": "And now?"},
        {"role": "assistant", "content": "Bergen"},
    ],
]


def make(folder: Path, special: tuple[str, ...] = SPECIAL_TOKENS, rows_: int = 0) -> Path:
    """A Llama of random weights with a tokenizer of bytes."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate([*special, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=special[0], bos_token=special[0]
    )
    if special is SPECIAL_TOKENS:
        fast.add_special_tokens(
            {"pad_token": special[1], "extra_special_tokens": list(special[2:])}
        )
        fast.chat_template = CHAT_TEMPLATE
    config = transformers.LlamaConfig(
        vocab_size=rows_ or len(vocabulary), hidden_size=32, intermediate_size=64,
        num_hidden_layers=1, num_attention_heads=2, max_position_embeddings=256,
        bos_token_id=0, eos_token_id=0, pad_token_id=1,
    )  # fmt: skip
    torch.manual_seed(1)
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", autouse=True)
def silent() -> None:
    torch.set_num_threads(1)
    quiet()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("base") / "model")


def refused(name: object) -> Refusal:
    with pytest.raises(Refusal) as told:
        open_base(str(name), "cpu", torch.float32)
    return told.value


def test_what_is_learned_is_what_trl_learns(base: Path, tmp_path: Path) -> None:
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    opened = open_base(str(base), "cpu", torch.float32)
    settings = SFTConfig(
        output_dir=str(tmp_path), assistant_only_loss=True, report_to="none", use_cpu=True,
        bf16=False, disable_tqdm=True, max_steps=1,
    )  # fmt: skip
    trainer = SFTTrainer(
        model=opened.model, args=settings, train_dataset=Dataset.from_dict({"messages": CHATS}),
        processing_class=opened.tokenizer,
    )  # fmt: skip
    theirs = [
        {name: row[name] for name in ("input_ids", "labels")} for row in trainer.train_dataset
    ]
    ours, _ = rows.chat_rows(opened.tokenizer, CHATS, 256)
    assert ours == theirs
    learned = [token for token in ours[1]["labels"] if token != rows.UNLEARNED]
    assert opened.tokenizer.decode(learned) == "Oslo<|endoftext|>Bergen<|endoftext|>"
    assert rows.settle_stop(opened.model, opened.tokenizer, ours[0]) == []


def test_a_folder_without_template_gets_ours(tmp_path: Path) -> None:
    folder = make(tmp_path / "plain", ("</s>",))
    opened = open_base(str(folder), "cpu", torch.float32)
    assert any("chat template" in note for note in opened.notes)
    assert any("spelt" in note for note in opened.notes)
    row = rows.chat_row(opened.tokenizer, CHATS[0])
    learned = [token for token in row["labels"] if token != rows.UNLEARNED]
    assert opened.tokenizer.decode(learned) == "Mira.</s>"
    assert len(opened.tokenizer) == opened.model.get_input_embeddings().weight.shape[0]


def test_what_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(tmp_path / "none").code == "finetune.model"
    assert refused(tmp_path).code == "finetune.model"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    told = refused("nobody/no-model-0.1b")
    assert told.code == "finetune.hub" and "full path" in told.next


def test_broken_weights_are_refused(base: Path, tmp_path: Path) -> None:
    cut = shutil.copytree(base, tmp_path / "cut")
    content = (cut / "model.safetensors").read_bytes()
    (cut / "model.safetensors").write_bytes(content[: len(content) // 2])
    assert refused(cut).code == "finetune.weights"
    from safetensors.torch import load_file, save_file

    weights = load_file(base / "model.safetensors")
    weights.pop("model.norm.weight")
    save_file(weights, cut / "model.safetensors", metadata={"format": "pt"})
    told = refused(cut)
    assert told.code == "finetune.weights" and "model.norm.weight" in told.why


def test_tokenizer_and_model_have_to_agree(base: Path, tmp_path: Path) -> None:
    told = refused(make(tmp_path / "small", rows_=200))
    assert told.code == "finetune.vocabulary" and told.facts["rows"] == 200
    bare = shutil.copytree(base, tmp_path / "bare")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (bare / name).unlink()
    assert refused(bare).code == "finetune.tokenizer"


def test_a_template_has_to_end_the_answer(base: Path, tmp_path: Path) -> None:
    endless = shutil.copytree(base, tmp_path / "endless")
    text = (endless / "chat_template.jinja").read_text().replace(" ~ '<|endoftext|>'", "")
    (endless / "chat_template.jinja").write_text(text)
    opened = open_base(str(endless), "cpu", torch.float32)
    row = rows.chat_row(opened.tokenizer, CHATS[0])
    with pytest.raises(Refusal) as told:
        rows.settle_stop(opened.model, opened.tokenizer, row)
    assert told.value.code == "finetune.stop"
    (endless / "chat_template.jinja").write_text("{{ messages[0]['content'] }}")
    assert refused(endless).code == "finetune.template"


def test_an_adapter_knows_its_base(base: Path, tmp_path: Path) -> None:
    from peft import get_peft_model

    from tenfold.science.finetune.folders import write_adapter
    from tenfold.science.finetune.training import lora

    opened = open_base(str(base), "cpu", torch.float32)
    adapter = tmp_path / "adapter"
    write_adapter(adapter, get_peft_model(opened.model, lora(4)), opened.tokenizer, str(base))
    again = open_base(str(adapter), "cpu", torch.float32)
    assert any("is an adapter" in note for note in again.notes)
    other = make(tmp_path / "other", rows_=300)
    with pytest.raises(Refusal) as told:
        open_adapter(open_base(str(other), "cpu", torch.float32).model, adapter, other)
    assert told.value.code == "finetune.adapter" and "other weights" in told.value.why
    settings = json.loads((adapter / "adapter_config.json").read_text())
    settings["base_model_name_or_path"] = str(tmp_path / "gone")
    (adapter / "adapter_config.json").write_text(json.dumps(settings))
    assert refused(adapter).code == "finetune.adapter"


def test_a_method_or_size_that_cannot_be_is_refused() -> None:
    with pytest.raises(Refusal) as told:
        check_method("qlora", "cpu")
    assert told.value.code == "finetune.qlora" and "--method lora" in told.value.next
    with pytest.raises(Refusal) as told:
        sizing.check_room("some/Model-8B", 0, "full", 0, 16, 80.0, gpu=True)
    assert "--method lora" in told.value.next and "--method qlora" in told.value.next
    with pytest.raises(Refusal) as told:
        sizing.check_room("some/Model-70B", 0, "lora", 0, 16, 24.0, gpu=True)
    assert "at most" in told.value.next


def test_bits_a_byte_are_counted_right(base: Path) -> None:
    """Against one forward pass by hand; windows change what is seen, not what is counted."""
    opened = open_base(str(base), "cpu", torch.float32)
    text = "The tide was low, 測試. " * 3
    judged = gauge.of_documents(opened.tokenizer, [text], 200, 10_000)
    assert judged.bytes == len(text.encode())
    ids = torch.tensor([[0, *opened.tokenizer(text)["input_ids"]]])
    with torch.inference_mode():
        loss = opened.model(input_ids=ids, labels=ids).loss * (ids.shape[1] - 1)
    by_hand = float(loss) / 0.6931471805599453 / judged.bytes
    assert gauge.bits_per_byte(opened.model, judged) == pytest.approx(by_hand, rel=1e-5)
    short = gauge.of_documents(opened.tokenizer, [text], 16, 10_000)
    counted = sum(label != -100 for row in short.rows for label in row["labels"])
    assert counted == ids.shape[1] - 1 and short.bytes == judged.bytes


def test_every_batch_has_its_share_of_old_text() -> None:
    own: list[dict[str, Any]] = [{"input_ids": [i], "labels": [i]} for i in range(10)]
    old = [{"input_ids": [-i], "labels": [-i]} for i in range(1, 7)]
    found = rows.mixed(own, old, sequences=4, share=0.5, passes=2, seed=1)
    assert len(found) == 4 * rows.steps_of(10, 4, 0.5, 2) == 40
    for start in range(0, 40, 4):
        assert sum(row["input_ids"][0] < 0 for row in found[start : start + 4]) == 2
    mine = [row["input_ids"][0] for row in found if row["input_ids"][0] >= 0]
    assert sorted(mine[:10]) == list(range(10)) == sorted(mine[10:])
    assert all(row["input_ids"][0] >= 0 for row in rows.mixed(own, [], 4, 0.5, 1, 1))
    assert rows.mixed(own, old, 4, 0.5, 2, 1) == found


def test_a_base_writes_its_own_replay(base: Path) -> None:
    opened = open_base(str(base), "cpu", torch.float32)
    general = replay.written_by(opened.model, opened.tokenizer, 16, 8, 64, seed=1)
    assert 0 < len(general.rows) <= 8 and general.judged.bytes > 0
    again = replay.written_by(opened.model, opened.tokenizer, 16, 8, 64, seed=1)
    assert again.rows == general.rows


def test_a_full_disk_is_told_as_the_runner_knows_it(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from safetensors import SafetensorError

    from tenfold.science.finetune.folders import write_whole

    def full(*args: Any, **more: Any) -> None:
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    opened = open_base(str(base), "cpu", torch.float32)
    monkeypatch.setattr(opened.model, "save_pretrained", full)
    with pytest.raises(OSError) as told:
        write_whole(tmp_path, opened.model, opened.tokenizer, torch.float32)
    assert told.value.errno == errno.ENOSPC


def test_packed_rows_do_not_see_each_other(base: Path, tmp_path: Path) -> None:
    """The loss of a packed batch is that of the padded one."""
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    opened = open_base(str(base), "cpu", torch.float32)
    batch, _ = rows.chat_rows(opened.tokenizer, CHATS, 256)
    losses = []
    for packed in (False, True):
        inputs = DataCollatorForLanguageModeling(pad_token_id=1, padding_free=packed)(batch)
        with torch.inference_mode():
            losses.append(float(opened.model(**inputs, use_cache=False).loss))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
