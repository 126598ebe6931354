"""Answers: quotes that stand there, citations that exist, a service's words, and "I don't know"."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tenfold.science.retrieval.answering import ServiceModel, answer, open_model
from tenfold.science.retrieval.build import Build
from tenfold.science.retrieval.extract import DONT_KNOW
from tenfold.science.retrieval.index import Index
from tenfold.science.retrieval.made import write_corpus
from tenfold.science.retrieval.prompt import Message
from tenfold.science.retrieval.vectors import HashedGrams
from tenfold.terms.refusal import Refusal

QUESTION = "How hot did the winding of the Kestrel get?"


class Says:
    """A model that says what it was made to say."""

    name, context, answer_tokens = "says", 2000, 100

    def __init__(self, text: str) -> None:
        self.text = text
        self.told: list[Message] = []

    def count(self, text: str) -> int:
        return len(text.split())

    def write(self, messages: Sequence[Message]) -> tuple[str, int]:
        self.told = list(messages)
        return self.text, sum(self.count(one["content"]) for one in messages)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("made")
    write_corpus(folder / "documents", "en")
    build = Build(folder / "documents", folder / "index", HashedGrams(), None, 10, 1)
    build.begin(lambda text: None)
    for _ in build.update():
        pass
    build.close()
    with Index.open(folder / "index") as opened:
        yield opened


def test_an_extract_is_quoted_and_labelled(index: Index) -> None:
    found = answer(index, None, QUESTION, 5, "")
    assert found.text.startswith("From the documents, word for word:\n")
    assert '"Its winding reached 71 degrees;" [1]' in found.text
    assert found.sources[0].path == "bench/1.md" and found.cited and not found.wrong


def test_nothing_supports_it_and_no_model_is_asked(index: Index) -> None:
    model = Says("Ulaanbaatar [1]")
    found = answer(index, model, "What is the capital of Mongolia?", 5, "")
    assert (found.text, found.known, model.told) == (DONT_KNOW[False], False, [])
    assert answer(index, None, "蒙古的首都在哪裡？", 5, "").text == DONT_KNOW[True]


def test_a_profile_may_answer_where_no_document_does(index: Index) -> None:
    model = Says("Tailwind.")
    answer(index, model, "Where is my airfield?", 5, "I fly at Tailwind field.")
    assert "Tailwind field" in model.told[0]["content"]
    assert "hold nothing on this" in model.told[0]["content"]


@pytest.mark.parametrize("text,wrong", [("71 degrees [1].", ()), ("71 [1] [9]", ("[9]",))])
def test_invented_citations_are_seen(index: Index, text: str, wrong: tuple[str, ...]) -> None:
    found = answer(index, Says(text), QUESTION, 5, "")
    assert found.wrong == wrong and found.cited[0] == 1
    assert "of 2,000 tokens" in found.context


def test_what_does_not_fit_is_said(index: Index) -> None:
    model = Says("71 [1]")
    model.context = 240
    found = answer(index, model, "Kestrel motor bench bearing propeller degrees", 12, "")
    assert "Left out" in found.context and len(found.sources) < 12


class Service(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        seen: list[Any] = self.server.seen  # type: ignore[attr-defined]
        seen.append((self.path, self.headers["Authorization"], body))
        fine = body["model"] == "small"
        told: dict[str, Any] = {"error": {"message": "no such model"}}
        if fine:
            said = {"role": "assistant", "content": "71 degrees [1]."}
            told = {"choices": [{"message": said}], "usage": {"prompt_tokens": 123}}
        content = json.dumps(told).encode()
        self.send_response(200 if fine else 404)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def service() -> Iterator[tuple[str, list[Any]]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", server.seen  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_service_answers(index: Index, service: tuple[str, list[Any]]) -> None:
    url, seen = service
    model = open_model(f"{url}/v1/", "small", "k-1", 3000, 50, "cpu")
    found = answer(index, model, QUESTION, 5, "")
    path, key, body = seen[0]
    assert (path, key) == ("/v1/chat/completions", "Bearer k-1")
    assert body["temperature"] == 0 and body["max_tokens"] == 50
    assert "[1] Bench run of the Kestrel motor" in body["messages"][0]["content"]
    assert found.text == "71 degrees [1]." and found.context.startswith("123 of 3,000 tokens")


def test_a_service_that_does_not_is_refused(service: tuple[str, list[Any]]) -> None:
    url, _ = service
    with pytest.raises(Refusal, match="no such model"):
        ServiceModel(url, "large", "", 0, 50).write([{"role": "user", "content": "x"}])
    with pytest.raises(Refusal, match="did not answer"):
        ServiceModel("http://127.0.0.1:9", "x", "", 0, 50).write([])


def test_the_estimate_of_tokens_is_not_low() -> None:
    """Beside o200k-like rates: English about 4 characters a token, Chinese about 1 a character."""
    model = ServiceModel("http://x", "m", "", 0, 50)
    assert model.count("word " * 100) > 125 and model.count("馬達" * 100) >= 250


def test_no_model_in_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"no config\.json"):
        open_model(str(tmp_path), "", "", 0, 50, "cpu")


def small_chat_model(folder: Path) -> Path:
    """A Llama of random weights with our chat template; it writes words at random."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from tenfold.science.transformer.chat import CHAT_TEMPLATE, CHAT_TOKENS

    words = ["<|endoftext|>", *(one for one in CHAT_TOKENS if one != "<|endoftext|>")]
    words += ["[UNK]", "the", "motor", "degrees", "1"]
    core = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="[UNK]"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<|endoftext|>")
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    shape = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = LlamaConfig(
        vocab_size=len(words), intermediate_size=32, max_position_embeddings=512, **shape
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def test_a_model_folder_answers_within_its_context(index: Index, tmp_path: Path) -> None:
    model = open_model(str(small_chat_model(tmp_path)), "", "", 0, 12, "cpu")
    assert model is not None and (model.context, model.answer_tokens) == (512, 12)
    found = answer(index, model, QUESTION, 5, "")
    tokens = int(found.context.split(" of ")[0])
    assert 50 < tokens <= 500 and found.sources[0].path == "bench/1.md"
    assert found.text == answer(index, model, QUESTION, 5, "").text  # greedy
    (tmp_path / "chat_template.jinja").unlink()
    with pytest.raises(Refusal, match="no chat template"):
        open_model(str(tmp_path), "", "", 0, 12, "cpu")
    (tmp_path / "model.safetensors").write_bytes(b"rubbish")
    with pytest.raises(Refusal, match="not a model"):
        open_model(str(tmp_path), "", "", 0, 12, "cpu")
