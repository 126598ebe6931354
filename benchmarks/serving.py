"""`llm.serve` beside plain `generate` and beside `transformers serve`: tokens/s, first tokens.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/serving.py      about a minute on two cores

One Llama with random weights, float32, one torch thread each; prompts of about 64 tokens, 64 greedy
tokens an answer, 1, 8 and 32 clients that each ask for the next when one is done. The servers are
processes of their own and are asked by turns, from here, over HTTP with streams. `generate` gets as
many prompts as one batch, in this process, with no HTTP before it: it takes in no new text until
all are done. Every server's greedy text is compared with `generate`'s.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.kept import keep

CLIENTS = (1, 8, 32)
PROMPT, ANSWER, CONTEXT = 64, 64, 256
DEPTH, VOCABULARY = 4, 2048
ROUNDS = 3
ROWS = 32
BLOCKS = ("--cb-num-blocks=512", "--cb-max-batch-tokens=512")  # the default takes minutes on a CPU


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--serve", help="for the process of our server: the model folder")
    asked.add_argument("--port", type=int, default=0)
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    asked.add_argument("--out", type=Path, help="JSON file, instead of the kept one")
    given = asked.parse_args()
    if given.serve:
        serve(given.serve, given.port)
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "model"
        made(folder)
        found = measured(folder, given.rounds)
    keep("serving", found, given.out)


def serve(folder: str, port: int) -> None:
    from tenfold.science.serving.server import Served, Server

    server = Server(Served(folder, "model", port, rows=ROWS, waiting=64))
    server.ready()
    while True:
        time.sleep(60)


def made(folder: Path) -> None:
    """Random weights, large enough that the text does not repeat at once."""
    import torch

    from tenfold.science.transformer.hf_folder import write_folder
    from tenfold.science.transformer.model import Llama
    from tenfold.science.transformer.recipe import shape_at
    from tenfold.science.transformer.text import open_corpus
    from tenfold.science.transformer.tokens import learn

    tokenizer = learn(open_corpus(None, 2e6), VOCABULARY)
    model = Llama(shape_at(DEPTH, tokenizer.get_vocab_size(), CONTEXT))
    chance = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim == 2:
                scale = 1.0 if "embed" in name else weight.shape[1] ** -0.5
                weight.normal_(0.0, scale, generator=chance)
    write_folder(folder, model, tokenizer.to_str())
    # transformers serve takes temperature 0 for none given, and then draws as the folder says.
    path = folder / "generation_config.json"
    said = json.loads(path.read_text())
    ids = {name: value for name, value in said.items() if name.endswith("_id")}
    path.write_text(json.dumps(ids | {"do_sample": False}))


def measured(folder: Path, rounds: int) -> dict[str, Any]:
    import torch
    import transformers

    torch.set_num_threads(1)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    chance = torch.Generator().manual_seed(2)
    rows = torch.randint(300, VOCABULARY, (max(CLIENTS), PROMPT), generator=chance)
    prompts = [tokenizer.decode(row) for row in rows]
    ids = [tokenizer(prompt)["input_ids"] for prompt in prompts]
    wanted = [tokenizer.decode(plain(model, [one])[0], skip_special_tokens=True) for one in ids[:4]]
    servers = {"llm.serve": Server(folder, "ours"), "transformers serve": Server(folder, "theirs")}
    runs: dict[str, dict[int, list[dict[str, float]]]] = {}
    same: dict[str, int] = {}
    try:
        for name, server in servers.items():
            server.wait()
            answers = [asyncio.run(ask(server, prompt)) for prompt in prompts[:4]]
            same[name] = sum(one["text"] == text for one, text in zip(answers, wanted, strict=True))
        for _ in range(rounds):
            for clients in CLIENTS:
                for name, server in servers.items():
                    run = asyncio.run(crowd(server, prompts, clients))
                    runs.setdefault(name, {}).setdefault(clients, []).append(run)
                run = batch(model, ids[:clients])
                runs.setdefault("generate", {}).setdefault(clients, []).append(run)
    finally:
        for server in servers.values():
            server.end()
    return {
        "parameters": model.num_parameters(),
        "prompt_tokens": PROMPT,
        "answer_tokens": ANSWER,
        "rounds": rounds,
        "greedy_is_generate_of_4": same,
        "engines": {name: summary(found) for name, found in runs.items()},
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    }


class Server:
    """A process that listens; its output is in a file beside the model."""

    def __init__(self, folder: Path, whose: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        python = Path(sys.executable)
        self.model = "model" if whose == "ours" else str(folder)  # theirs is asked by its path
        call = [str(python), __file__, "--serve", str(folder), "--port", str(self.port)]
        if whose == "theirs":
            call = [str(python.parent / "transformers"), "serve", str(folder), "--device=cpu"]
            call += ["--dtype=float32", "--continuous-batching", f"--port={self.port}", *BLOCKS]
        cache = folder.parent / "cache" / "hub"  # /v1/models answers 500 where it does not exist
        cache.mkdir(parents=True, exist_ok=True)
        variables = {
            "HF_HOME": str(cache.parent),
            "HF_HUB_OFFLINE": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "DO_NOT_TRACK": "1",
            "OMP_NUM_THREADS": "1",
        }
        self.log = folder.parent / f"{whose}.log"
        with open(self.log, "w") as out:
            self._process = subprocess.Popen(
                call, stdout=out, stderr=out, env={**os.environ, **variables}
            )

    def wait(self) -> None:
        end_s = time.monotonic() + 120
        while time.monotonic() < end_s and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError(self.log.read_text()[-2000:])

    def core_s(self) -> float:
        """CPU seconds of the process so far, all its threads: what others share does not count."""
        times = psutil.Process(self._process.pid).cpu_times()
        return times.user + times.system

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


async def ask(server: Server, prompt: str) -> dict[str, Any]:
    """One answer as a stream, over a plain socket: the client costs next to nothing."""
    body = {
        "model": server.model,
        "prompt": prompt,
        "max_tokens": ANSWER,
        "temperature": 0.0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    sent = json.dumps(body).encode()
    head = (
        f"POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
    )
    began_s = time.perf_counter()
    reading, writing = await asyncio.open_connection("127.0.0.1", server.port, limit=1 << 20)
    writing.write(head.encode() + sent)
    first_s, text, tokens = 0.0, "", 0
    while line := await reading.readline():
        if not line.startswith(b"data: {"):
            continue
        told = json.loads(line[6:])
        if told.get("usage"):
            tokens = told["usage"]["completion_tokens"]
        for choice in told.get("choices", ()):
            if choice.get("text"):
                first_s = first_s or time.perf_counter() - began_s
                text += choice["text"]
    writing.close()
    return {"text": text, "first_s": first_s, "tokens": tokens}


async def crowd(server: Server, prompts: list[str], clients: int) -> dict[str, Any]:
    """Each client asks twice (eight times where it is alone)."""

    async def client(number: int) -> list[dict[str, Any]]:
        turns = range(8 if clients == 1 else 2)
        return [await ask(server, prompts[(number + turn) % len(prompts)]) for turn in turns]

    began_s, began_core_s = time.perf_counter(), server.core_s()
    answers = [one for many in await asyncio.gather(*map(client, range(clients))) for one in many]
    seconds, core_s = time.perf_counter() - began_s, server.core_s() - began_core_s
    tokens = sum(answer["tokens"] for answer in answers)
    first = [answer["first_s"] for answer in answers]
    rates = {"tokens_per_s": tokens / seconds, "tokens_per_core_s": tokens / core_s}
    return rates | {"tokens": tokens, "first_s": first}


def batch(model: Any, ids: list[list[int]]) -> dict[str, Any]:
    began_s, began_core_s = time.perf_counter(), time.process_time()
    written = [row for _ in range(2) for row in plain(model, ids)]
    seconds, core_s = time.perf_counter() - began_s, time.process_time() - began_core_s
    tokens = sum(len(row) for row in written)
    rates = {"tokens_per_s": tokens / seconds, "tokens_per_core_s": tokens / core_s}
    return rates | {"tokens": tokens, "first_s": []}


def plain(model: Any, ids: list[list[int]]) -> list[list[int]]:
    """transformers' generate on one batch, padded on the left."""
    import torch

    longest = max(map(len, ids))
    tokens = torch.tensor([[1] * (longest - len(row)) + row for row in ids])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in ids])
    out = model.generate(
        tokens,
        attention_mask=mask,
        max_new_tokens=ANSWER,
        do_sample=False,
        temperature=None,
        top_k=None,
        pad_token_id=1,
    )
    return [[id for id in row if id != 1] for row in out[:, longest:].tolist()]


def summary(found: dict[int, list[dict[str, Any]]]) -> dict[str, Any]:
    told = {}
    for clients, runs in found.items():
        first = sorted(one for run in runs for one in run["first_s"])
        told[str(clients)] = {
            "tokens_per_s": statistics.median(run["tokens_per_s"] for run in runs),
            "tokens_per_core_s": statistics.median(run["tokens_per_core_s"] for run in runs),
            "tokens_per_s_each_round": [round(run["tokens_per_s"], 1) for run in runs],
        }
        if first:
            told[str(clients)] |= {
                "first_token_p50_s": first[len(first) // 2],
                "first_token_p99_s": first[min(int(len(first) * 0.99), len(first) - 1)],
                "answers": len(first),
            }
    return told


if __name__ == "__main__":
    main()
