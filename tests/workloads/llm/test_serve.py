"""llm.serve: what it needs, what it refuses, its own small model, the call of vLLM."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import torch
from pydantic import ValidationError

from tenfold.terms.box import Device, DeviceKind, Slot
from tenfold.terms.job import JobSpec
from tenfold.terms.outcome import Result
from tenfold.terms.refusal import Refusal
from tenfold.workloads.llm import serve as workload
from tenfold.workloads.llm.serve import SIZES, Params, needs, serve

CPU = Device("cpu", DeviceKind.CPU, "a CPU", "n", 16.0, cores=2)
H100 = Device("gpu0", DeviceKind.GPU, "NVIDIA H100 80GB HBM3", "n", 80.0)
LLAMA_8B: dict[str, Any] = {
    "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256,
    "max_position_embeddings": 131072,
}  # fmt: skip
LLAMA_70B = LLAMA_8B | {
    "hidden_size": 8192, "num_hidden_layers": 80, "num_attention_heads": 64,
    "intermediate_size": 28672,
}  # fmt: skip


class Bench:
    """The part of `Job` that this workload uses."""

    id, device, world = "1", "cpu", 1

    def __init__(self, folder: Path, memory_gib: float = 4.0, kind: DeviceKind = DeviceKind.CPU):
        self.spec = JobSpec("llm.serve", {})
        self.slot = Slot("n", ("cpu",), kind, 1, memory_gib)
        self.folder = folder
        self.stop_asked = False
        self.port = 0
        self.notes: list[str] = []
        self.healthy = threading.Event()
        self.logged: list[dict[str, float]] = []
        self.called: list[dict[str, Any]] = []

    def serves(self, port: int = 0) -> int:
        import socket

        if not port:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
        self.port = port
        return port

    def note(self, text: str) -> None:
        self.notes.append(text)

    def log(self, step: int, **metrics: float) -> None:
        self.logged.append(metrics)

    def health(self, healthy: bool, why: str) -> None:
        if healthy:
            self.healthy.set()

    def process(self, argv: tuple[str, ...], **more: Any) -> int:
        self.called.append({"argv": argv} | more)
        return 0


def shaped(folder: Path, config: dict[str, Any]) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    return str(folder)


def test_smoke_makes_a_model_and_serves_until_it_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    monkeypatch.setattr(workload, "LOG_S", 0.05)
    params = Params(**SIZES["smoke"])
    began_s = time.process_time()
    first = _one_life(tmp_path, params)
    assert time.process_time() - began_s < 15.0
    assert "No --model was given" in first[0] and "OpenAI's API" in first[-1]
    again = _one_life(tmp_path, params)
    assert "earlier start" in again[0]


def _one_life(folder: Path, params: Params) -> list[str]:
    job, results = Bench(folder), list[Result]()
    thread = threading.Thread(target=lambda: results.append(serve(job, params)), daemon=True)
    thread.start()
    assert job.healthy.wait(60), job.notes
    said = httpx.post(
        f"http://127.0.0.1:{job.port}/v1/chat/completions",
        json={"messages": [{"role": "user", "content": "def"}], "max_tokens": 20},
        timeout=30,
    ).json()
    assert said["model"] == "tenfold" and said["usage"]["context_length"] == 256
    assert len(said["choices"][0]["message"]["content"]) > 5
    end_s = time.monotonic() + 10
    while not job.logged and time.monotonic() < end_s:
        time.sleep(0.02)
    job.stop_asked = True
    thread.join(60)
    assert results[0].figures["requests"] == 1 and results[0].figures["tokens"] >= 20
    assert max(one["tokens_per_s"] for one in job.logged) > 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{job.port}/health")
    return job.notes


def test_needs_of_an_8b(tmp_path: Path) -> None:
    model = shaped(tmp_path / "8b", LLAMA_8B)
    asked = needs(Params(model=model, context=8192, concurrent=32), H100)
    # 14.96 GiB of weights, 32 x 8192 x 128 KiB = 32 GiB of cache, a CUDA context, 8 % to spare
    assert asked.memory_gib == pytest.approx(1 + 1.08 * (14.96 + 32.0), abs=0.05)
    assert (asked.gpus, asked.load) == (1, "decode")
    assert asked.share == pytest.approx(1 / 7)
    assert "at most 207 tokens/s" in asked.basis or "at most 208 tokens/s" in asked.basis
    usual = needs(Params(model=model, concurrent=32), H100)  # 131,072 tokens each would not fit
    assert usual.memory_gib == asked.memory_gib
    with pytest.raises(Refusal) as refused:
        needs(Params(model=model, context=8192), CPU)
    assert refused.value.next == "take a smaller model"  # 30 GiB in float32


def test_a_model_that_is_too_big_is_told_what_would_fit(tmp_path: Path) -> None:
    model = shaped(tmp_path / "70b", LLAMA_70B)
    asked = Params(model=model, context=8192, concurrent=4)
    with pytest.raises(Refusal) as refused:
        needs(asked, H100)
    assert "70.6 G parameters" in refused.value.why and "80.0" in refused.value.what
    assert "--quantization bitsandbytes" in refused.value.next
    assert refused.value.next.endswith("--engine vllm --split 2")  # 2 x 77 GiB of 80
    follow = asked.model_copy(update={"engine": "vllm", "split": 2})
    assert needs(follow, H100).gpus == 2
    one = asked.model_copy(update={"context": 131_072, "concurrent": 64})
    with pytest.raises(Refusal) as larger:
        needs(one, H100)
    assert "quantization" not in larger.value.next and "--split 64" in larger.value.next
    job = Bench(tmp_path, 80.0, DeviceKind.GPU)
    with pytest.raises(Refusal) as again:
        serve(job, asked)
    assert again.value.code == "serve.memory" and not job.port


def test_of_a_model_that_is_not_here_nothing_is_known() -> None:
    asked = needs(Params(model="someone/large"), H100)
    assert asked.memory_gib == 80.0 and "not known" in asked.basis


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"engine": "vllm", "model": "/m"}, DeviceKind.CPU, "needs a GPU"),
        ({"engine": "vllm"}, DeviceKind.GPU, "is given a model"),
        ({"engine": "vllm", "model": "/m", "notes": "/n"}, DeviceKind.GPU, "notes"),
        ({"split": 2, "model": "/m"}, DeviceKind.GPU, "--split"),
        ({"quantization": "fp8", "model": "/m"}, DeviceKind.GPU, "--quantization"),
    ],
)
def test_what_does_not_go_together(
    tmp_path: Path, given: dict[str, Any], kind: DeviceKind, words: str
) -> None:
    with pytest.raises(Refusal, match=words):
        serve(Bench(tmp_path, 80.0, kind), Params(**given))


def test_paths_are_whole() -> None:
    with pytest.raises(ValidationError, match="full path"):
        Params(notes="index")


def test_vllm_is_called_with_the_same_names(tmp_path: Path) -> None:
    model = shaped(tmp_path / "8b", LLAMA_8B)
    job = Bench(tmp_path, 80.0, DeviceKind.GPU)
    params = Params(
        model=model, called="mine", engine="vllm", context=8192, concurrent=32, split=2, port=8123
    )
    serve(job, params)
    (call,) = job.called
    assert call["argv"] == (
        "vllm",
        "serve",
        model,
        "--host=127.0.0.1",
        "--port=8123",
        "--max-num-seqs=32",
        "--tensor-parallel-size=2",
        "--max-model-len=8192",
        "--served-model-name=mine",
    )
    assert (call["env"], call["port"], call["health"]) == ("vllm", 8123, "/health")
    assert call["variables"]["VLLM_NO_USAGE_STATS"] == "1"
    assert call["variables"]["DO_NOT_TRACK"] == "1"
    serve(job, params.model_copy(update={"adapter": "/a", "quantization": "fp8"}))
    more = job.called[1]["argv"]
    assert "--lora-modules=mine=/a" in more and "--quantization=fp8" in more


class TestBroken:
    """Folders that cannot be served, each refused before anybody is answered."""

    def load(self, place: str, **more: Any) -> Refusal:
        from tenfold.science.serving.loading import load

        with pytest.raises(Refusal) as refused:
            load(place, **more)
        return refused.value

    def test_no_folder(self, tmp_path: Path) -> None:
        assert "no such folder" in self.load(str(tmp_path / "x")).why
        (tmp_path / "y").mkdir()
        assert "no config.json" in self.load(str(tmp_path / "y")).why

    def test_a_hub_name_that_is_not_here(self, monkeypatch: pytest.MonkeyPatch) -> None:
        refused = self.load("someone/not-here")
        assert refused.code == "serve.not_here" and "hf download" in refused.next

    def test_broken_files(self, tmp_path: Path, made_folder: Path) -> None:
        import shutil

        for file, content in (("model.safetensors", b"\x08" * 99), ("config.json", b"{")):
            folder = tmp_path / file
            shutil.copytree(made_folder, folder)
            (folder / file).write_bytes(content)
            assert self.load(str(folder)).code == "serve.broken"

    def test_a_context_longer_than_the_models(self, made_folder: Path) -> None:
        refused = self.load(str(made_folder), context=100_000)
        assert refused.code == "serve.context_long" and "--context 256" in refused.next

    def test_a_tokenizer_of_another_model(self, tmp_path: Path, made_folder: Path) -> None:
        import shutil

        shutil.copytree(made_folder, tmp_path / "m")
        path = tmp_path / "m" / "tokenizer.json"
        told = json.loads(path.read_text())
        told["added_tokens"] += [
            {**told["added_tokens"][0], "id": 5000 + n, "content": f"<|{n}|>"} for n in range(600)
        ]
        path.write_text(json.dumps(told))
        assert self.load(str(tmp_path / "m")).code == "serve.tokenizer"

    @pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # peft asks
    def test_an_adapter_for_another_base(self, tmp_path: Path, made_folder: Path) -> None:
        assert "adapter_config.json" in self.load(str(made_folder), adapter=str(tmp_path)).why
        peft = pytest.importorskip("peft")
        from transformers import AutoConfig, AutoModelForCausalLM

        config = AutoConfig.from_pretrained(made_folder)
        config.hidden_size, config.intermediate_size = 128, 256
        other = peft.get_peft_model(
            AutoModelForCausalLM.from_config(config),
            peft.LoraConfig(r=2, target_modules=["q_proj"]),
        )
        other.save_pretrained(tmp_path / "lora")
        refused = self.load(str(made_folder), adapter=str(tmp_path / "lora"))
        assert refused.code == "serve.adapter_base"


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # peft asks
def test_an_adapter_is_merged(tmp_path: Path, made_folder: Path) -> None:
    """The model answers as base and adapter together do, and not as the base."""
    import peft

    from tenfold.science.serving.loading import load

    notes: list[str] = []
    base = load(str(made_folder)).model
    tokens = torch.tensor([[9, 10, 11]])
    torch.manual_seed(1)
    plain = base(tokens).logits.detach().clone()
    both = peft.get_peft_model(
        base, peft.LoraConfig(r=2, target_modules=["down_proj"], init_lora_weights=False)
    )
    both.save_pretrained(tmp_path / "lora")
    wanted = both.eval()(tokens).logits
    merged = load(str(made_folder), adapter=str(tmp_path / "lora"), note=notes.append).model
    assert torch.allclose(merged(tokens).logits, wanted, atol=1e-6)
    assert (plain - wanted).abs().max() > 1e-4
    assert "merged" in notes[0]


@pytest.fixture(scope="module")
def made_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the small model of its own, but never trained."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    from tenfold.science.transformer.chat import SPECIAL_TOKENS
    from tenfold.science.transformer.hf_folder import write_folder
    from tenfold.science.transformer.model import Llama
    from tenfold.science.transformer.recipe import shape_at

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(special_tokens=list(SPECIAL_TOKENS), initial_alphabet=alphabet)
    tokenizer.train_from_iterator(["a word or two"], trainer)
    folder = tmp_path_factory.mktemp("served") / "model"
    write_folder(folder, Llama(shape_at(1, tokenizer.get_vocab_size(), 256)), tokenizer.to_str())
    return folder
