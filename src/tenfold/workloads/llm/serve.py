"""Serve a language model: any OpenAI client talks to a model of your own.

Chat, completions, embeddings and models on 127.0.0.1, behind Tenfold's proxy: streaming, stop
strings, seeds, logprobs, JSON that a schema allows. With an index of `llm.index` it also answers to
the model name `notes`: from your documents, with sources, or "I don't know". Greedy text over HTTP
is the text of `model.generate`. Without a model it pretrains a tiny one, to try the rest with.

    tenfold run llm.serve --model ~/models/mine --name mine --detach
    tenfold run llm.serve --model ~/models/mine --notes ~/my-index --detach

What it does not do: tools, pictures, several answers to a request. The engine `vllm` is for large
models on GPUs, in an environment of its own (`tenfold env build vllm`); it was not run here.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from tenfold.catalogue.contract import Job, WorkloadParams
from tenfold.science.roofline import bandwidth_gb_s
from tenfold.science.serving import memory, vllm
from tenfold.science.serving.fitting import Load
from tenfold.science.serving.memory import Said, ceiling
from tenfold.terms.box import Device, DeviceKind
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result
from tenfold.terms.refusal import Refusal, refusal

SIZES: dict[str, dict[str, Any]] = {
    "smoke": {"own_tokens": 60_000, "concurrent": 4},
    "desk": {"own_depth": 2, "own_tokens": 1_000_000},
    "full": {"own_depth": 4, "own_tokens": 20_000_000, "concurrent": 32, "waiting": 256},
}
REQUIRES = ("llm", "serve")
RESUMES = True  # a restart loses nothing but the answers under way
LAUNCHES = True  # vLLM starts its own processes on all GPUs of the slot

OWN = Said(200_000, 100_000, 1, 1, 1, 64, 256)  # the small one, whatever its dial says
ENOUGH = 1 / 7  # of a GPU's compute: writing is bound by memory, not by arithmetic
LOG_S = 10.0
LOOK_S = 0.2


class Params(WorkloadParams):
    model: str = Field(
        "",
        description="A model folder, or a hub name that was fetched; empty for a small one made"
        " here.",
        json_schema_extra={"unit": "path"},
    )
    called: str = Field(
        "",
        description="The model name it answers to; empty for the job's, or else the folder's.",
        max_length=200,
        json_schema_extra={"unit": "text"},
    )
    adapter: str = Field(
        "",
        description="Folder of a LoRA adapter for this model.",
        json_schema_extra={"unit": "path"},
    )
    notes: str = Field(
        "",
        description="Folder that llm.index wrote; adds the assistant as the model `notes`.",
        json_schema_extra={"unit": "path"},
    )
    engine: Literal["transformers", "vllm"] = Field(
        "transformers",
        description="What computes: `transformers` here, or `vllm` from its own environment.",
        json_schema_extra={"unit": "name"},
    )
    context: int = Field(
        0,
        description="Tokens of prompt and answer together; 0 for the model's own, 8192 at most.",
        ge=0,
        le=1 << 21,
        json_schema_extra={"unit": "tokens"},
    )
    concurrent: int = Field(
        8,
        description="Requests answered at once; memory for each is taken at the start.",
        ge=1,
        le=512,
        json_schema_extra={"unit": "requests"},
    )
    waiting: int = Field(
        128,
        description="Requests that may wait; more are refused with status 429.",
        ge=0,
        le=10_000,
        json_schema_extra={"unit": "requests"},
    )
    quantization: Literal["", "fp8", "bitsandbytes"] = Field(
        "",
        description="Smaller weights, made as they are loaded (`bitsandbytes`: 4 bits); vllm only.",
        json_schema_extra={"unit": "name"},
    )
    split: int = Field(
        1,
        description="GPUs that share each matrix; has to divide the heads; vllm only.",
        ge=1,
        le=64,
        json_schema_extra={"unit": "GPUs"},
    )
    port: int = Field(
        0,
        description="Where it listens on 127.0.0.1; 0 takes a free port.",
        ge=0,
        le=65535,
        json_schema_extra={"unit": "port"},
    )
    own_depth: int = Field(
        1,
        description="Layers of the small model, where none is given.",
        ge=1,
        le=12,
        json_schema_extra={"unit": "layers"},
    )
    own_tokens: int = Field(
        60_000,
        description="Tokens that the small model learns from.",
        ge=10_000,
        le=1_000_000_000,
        json_schema_extra={"unit": "tokens"},
    )

    @field_validator("adapter", "notes")
    @classmethod
    def _whole_path(cls, value: str) -> str:
        if value and not value.startswith(("/", "~")):
            raise ValueError("give the full path: a job runs in a folder of its own")
        return value


def needs(params: Params, device: Device) -> Needs:
    """Weights, keys and values of all places, and the rate that memory allows. Raises a Refusal
    for a model that no device of this kind holds, with what would fit."""
    _checked(params, device.kind)
    gpu = device.kind is DeviceKind.GPU
    said = memory.read(params.model) if params.model else OWN
    if said is None:
        return Needs(
            gpus=params.split if gpu else 0,
            memory_gib=device.memory_gib if gpu else min(4.0, device.memory_gib),
            load="decode",
            basis=f"{params.model} is not on this machine, so its size is not known",
        )
    load = _load(params, said, device.kind)
    if load.gib > device.memory_gib:
        raise load.too_big(device.memory_gib)
    words = load.words
    bandwidth = bandwidth_gb_s(device)
    if bandwidth and not said.experts:
        rate = ceiling(said, 1, 1024, bandwidth * params.split, load.bytes_a_weight)
        words += f"; at most {rate:,.0f} tokens/s for one reader (bandwidth)"
    return Needs(
        gpus=params.split if gpu else 0,
        cores=1,
        memory_gib=load.gib,
        share=ENOUGH if gpu and params.split == 1 else None,
        load="decode",
        basis=words,
    )


def serve(job: Job, params: Params) -> Result:
    _checked(params, job.slot.kind)
    os.environ.update(vllm.VARIABLES)  # before anything that could ask the hub is imported
    began_s = time.monotonic()
    name = params.called or job.spec.name or Path(params.model).name or "tenfold"
    said = memory.read(params.model) if params.model else None
    if said is not None and (load := _load(params, said, job.slot.kind)).gib > job.slot.memory_gib:
        raise load.too_big(job.slot.memory_gib)
    port = job.serves(params.port)
    if params.engine == "vllm":
        _with_vllm(job, params, name, port)
        figures: dict[str, Any] = {}
    else:
        figures = _with_transformers(job, params, name, port)
    seconds = time.monotonic() - began_s
    return Result(
        f"{name} was served for {seconds / 60:.0f} min.",
        {"seconds": seconds, "model": name} | figures,
    )


def _with_transformers(job: Job, params: Params, name: str, port: int) -> dict[str, Any]:
    from tenfold.science.serving.own import own_model
    from tenfold.science.serving.server import Served, Server

    model = params.model
    if not model:
        folder = job.folder / "own"
        model = str(own_model(folder, params.own_depth, params.own_tokens, job.device, job.note))
    elif model.startswith("~"):
        model = str(Path(model).expanduser())
    server = Server(
        Served(
            model=model,
            name=name,
            port=port,
            device=job.device,
            adapter=params.adapter,
            context=params.context,
            rows=params.concurrent,
            waiting=params.waiting,
            notes=params.notes,
        ),
        job.note,
    )
    server.ready()
    cache_gib = server.engine.cache_bytes / 2**30
    job.note(
        f"{name}: {server.loaded.parameters / 1e6:.3g} M parameters, context"
        f" {server.loaded.context}, {params.concurrent} at once ({cache_gib:.2g} GiB of cache)."
    )
    job.note(f"OpenAI's API: http://127.0.0.1:{port}/v1 (model {name})")
    job.health(True, "answers")
    began_s = logged_s = time.monotonic()
    while not job.stop_asked:
        time.sleep(LOOK_S)
        if not server.alive:
            job.health(False, "its engine has ended")
            raise RuntimeError("the engine has ended; the log tells why")
        if time.monotonic() - logged_s >= LOG_S:
            logged_s = time.monotonic()
            job.log(round(logged_s - began_s), **server.figures())
    done = server.engine.load
    server.close()
    return {"requests": done.requests, "tokens": done.tokens}


def _with_vllm(job: Job, params: Params, name: str, port: int) -> None:
    said = memory.read(params.model)
    call = vllm.Call(
        model=str(memory.folder_of(params.model) or params.model),
        name=name,
        port=port,
        context=params.context or (said.usual_context if said else 0),
        rows=params.concurrent,
        split=params.split,
        quantization=params.quantization,
        adapter=str(Path(params.adapter).expanduser()) if params.adapter else "",
    )
    status = job.process(
        vllm.argv(call),
        env=vllm.ENVIRONMENT,
        variables=vllm.VARIABLES,
        port=port,
        health=vllm.HEALTH,
        ready=f"OpenAI's API: http://127.0.0.1:{port}/v1 (model {name})",
    )
    if status != 0:
        raise refusal("command.exit", status=status, id=job.id)


def _checked(params: Params, kind: DeviceKind) -> None:
    """What does not go together."""
    if params.engine == "vllm":
        if kind is DeviceKind.CPU:
            raise _no("vLLM needs a GPU.", "Its packages are built for CUDA.", "transformers")
        if not params.model:
            raise _no("vLLM is given a model.", "The small one is not for it.", "transformers")
        if params.notes:
            raise _no("vLLM does not know notes.", "Retrieval is in our engine.", "transformers")
    elif params.split > 1 or params.quantization:
        why = "The engine transformers serves whole weights from one device."
        raise _no("--split and --quantization are for vllm.", why, "vllm")


def _no(what: str, why: str, engine: str) -> Refusal:
    return Refusal("serve.engine", what, why, f"give --engine {engine}")


def _load(params: Params, said: Said, kind: DeviceKind) -> Load:
    return Load(
        said,
        kind,
        rows=params.concurrent,
        context=params.context or said.usual_context,
        split=params.split,
        quantization=params.quantization,
    )
