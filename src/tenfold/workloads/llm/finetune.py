"""Fine-tuning: a language model learns your facts, your answers or your style.

Any causal model as a Hugging Face folder or hub id; chat JSONL, a table of questions and answers,
or a folder of notes and mails. LoRA, QLoRA or all weights, through TRL and PEFT; of a conversation
only the answers are learned, their end included. Half of each batch is old text, so that little is
forgotten, and a gauge says how much was: bits a byte of old text that is never trained on. Adapter
and merged model are written as folders, and judged: greedy text has to be the same from the trainer
and from both folders read anew. Without data it teaches made-up facts; without a model it pretrains
a small base first, on Python's own sources.

    tenfold run llm.finetune --size desk
    tenfold run llm.finetune --model ~/models/small-8b --data ~/notes

What it does not do: more than one GPU, preference training, pictures. QLoRA and everything else on
a GPU has not been run by the project yet.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, final

from pydantic import Field, field_validator

from tenfold.catalogue.contract import Checkpoint, Job, WorkloadParams
from tenfold.science.finetune.memory import flops_a_token, peak_bytes
from tenfold.science.finetune.sizing import PROCESS_GIB, body_named, check_room
from tenfold.science.roofline import bf16_tflops
from tenfold.terms.box import Device, DeviceKind
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result, Verdict
from tenfold.terms.refusal import refusal

SIZES: dict[str, dict[str, Any]] = {
    "smoke": {"base_tokens": 100_000, "facts": 6, "passes": 34.0, "sequences": 12},
    "desk": {"base_tokens": 1_000_000, "facts": 20, "passes": 50.0},
    "full": {"base_tokens": 0, "facts": 20, "passes": 3.0, "rank": 32},
}
REQUIRES = ("llm", "finetune")
RESUMES = True

# Bits a byte of old text that may be forgotten with replay on. A base of a few core-seconds is
# still learning that text, and its gauge is read on little of it, so `smoke` only looks for harm.
GATE_FORGOTTEN, GATE_FORGOTTEN_SMOKE = 0.05, 0.25
GATE_EXACT, GATE_EXACT_SMOKE = 1.0, 0.5
PROOF_TOKENS = 1_000_000  # of its own base, from which the full proof is asked
GATE_REREAD_CPU, GATE_REREAD_GPU = 1e-3, 0.03  # bits a byte; bf16 rounds what is merged

# Of one core: through TRL, in small steps (a desk run reached 26e9), and in science/transformer's
# own loop (55e9).
CPU_FLOPS, BASE_CPU_FLOPS = 25e9, 50e9
MFU, UNKNOWN_GPU_TFLOPS = 0.3, 50.0
START_S, HAND_OVER_S = 9.0, 4.0
GUESSED_ROWS, GUESSED_LENGTH = 400, 512  # of data that is not read for an estimate
JUDGED_TOKENS = {"cpu": 6_000, "cuda": 100_000}
GAUGES = 6  # while it trains


class Params(WorkloadParams):
    model: str = Field(
        "",
        description="Folder of a causal model (full path) or its hub id; empty makes a small one.",
        json_schema_extra={"unit": "path or id"},
    )
    data: str = Field(
        "",
        description="Chat .jsonl, .csv of questions and answers, or a folder of notes and mails"
        " (full path); empty for made-up facts.",
        json_schema_extra={"unit": "path"},
    )
    method: Literal["lora", "qlora", "full"] = Field(
        "lora",
        description="lora: small adapters; qlora: the same on 4-bit weights, GPU only; full.",
        json_schema_extra={"unit": "1"},
    )
    replay: float = Field(
        0.5,
        description="Share of each batch that is old text, so that it is not forgotten.",
        ge=0.0,
        le=0.9,
        json_schema_extra={"unit": "1"},
    )
    replay_text: str = Field(
        "",
        description="Folder with general text to replay; empty for what the base was trained on,"
        " or, where that is not known, what the base writes by itself.",
        json_schema_extra={"unit": "path"},
    )
    passes: float = Field(
        3.0,
        description="How often your data is read.",
        gt=0.0,
        le=1000.0,
        json_schema_extra={"unit": "passes"},
    )
    sequences: int = Field(
        16,
        description="Sequences a step, replayed ones included.",
        ge=1,
        le=4096,
        json_schema_extra={"unit": "sequences"},
    )
    context: int = Field(
        0,
        description="Longest sequence; 0 for the model's own, at most 1024.",
        ge=0,
        le=1 << 20,
        json_schema_extra={"unit": "tokens"},
    )
    rank: int = Field(
        16,
        description="LoRA rank: how much an adapter can hold.",
        ge=1,
        le=1024,
        json_schema_extra={"unit": "1"},
    )
    rate: float = Field(
        1.0,
        description="Multiplies the derived learning rate.",
        gt=0.0,
        le=100.0,
        json_schema_extra={"unit": "1"},
    )
    packing: bool = Field(
        False,
        description="Sequences one after another in one row, without padding; for GPUs with"
        " FlashAttention.",
        json_schema_extra={"unit": "yes or no"},
    )
    facts: int = Field(
        20,
        description="How many made-up facts it is taught where no data is given.",
        ge=2,
        le=500,
        json_schema_extra={"unit": "facts"},
    )
    base_tokens: int = Field(
        1_500_000,
        description="Where no model is given: how much its own small base reads first; 0 for none.",
        ge=0,
        le=10**10,
        json_schema_extra={"unit": "tokens"},
    )
    seed: int = Field(
        1,
        description="Another seed, another order and other facts.",
        ge=0,
        le=2**31,
        json_schema_extra={"unit": "1"},
    )

    @field_validator("data", "replay_text")
    @classmethod
    def _whole_path(cls, value: str) -> str:
        if value and not value.startswith(("/", "~")):
            raise ValueError("give the full path: a job runs in a folder of its own")
        return value


def needs(params: Params, device: Device) -> Needs:
    """Memory by method and shape (science/finetune/memory), time by FLOPs. Data is not read: it is
    taken for 400 sequences of 512 tokens, or for the made-up facts."""
    body, said = body_named(params.model, params.base_tokens)
    gpu = device.kind is DeviceKind.GPU
    rows, length = (5.5 * params.facts, 32) if not params.data else (GUESSED_ROWS, GUESSED_LENGTH)
    length = min(params.context or length, body.context)
    tokens = rows * params.passes / (1 - params.replay) * length
    flops = tokens * flops_a_token(params.method, body, length, gpu)
    base_flops = 6.0 * body.multiplied * (params.base_tokens if not params.model else 0)
    micro = 1 if gpu else max(4096 // length, 1)
    peak = peak_bytes(params.method, body, micro, length, params.rank, gpu, gpu=gpu, logits=not gpu)
    counted = (
        f"{said}, {params.method}, {tokens / 1e6:.3g} M tokens: {flops + base_flops:.2g} FLOPs"
    )
    memory_gib = PROCESS_GIB + 1.08 * peak / 2**30
    if not gpu:
        return Needs(
            cores=1,
            memory_gib=memory_gib,
            time_s=START_S + HAND_OVER_S + flops / CPU_FLOPS + base_flops / BASE_CPU_FLOPS,
            basis=f"{counted} at {CPU_FLOPS / 1e9:g} GFLOP/s on one core",
        )
    tflops = bf16_tflops(device) or UNKNOWN_GPU_TFLOPS
    return Needs(
        gpus=1,
        memory_gib=memory_gib,
        time_s=START_S
        + 30.0
        + 2.0 * body.parameters * 3 / 2e9
        + (flops + base_flops) / (MFU * tflops * 1e12),
        basis=f"{counted} at {MFU:.0%} of {tflops:g} TFLOP/s; never run on a GPU by the project",
    )


def run(job: Job, params: Params) -> Result:
    if job.world > 1:
        raise refusal("finetune.world", world=job.world)
    from tenfold.science.finetune.opening import check_method, open_base, quiet

    check_method(params.method, job.device)
    if not params.model and not params.base_tokens:
        raise refusal("finetune.base")
    quiet()
    gpu = job.slot.kind is DeviceKind.GPU
    check_room(
        params.model, params.base_tokens, params.method, params.context, params.rank,
        job.slot.memory_gib, gpu,
    )  # fmt: skip
    from tenfold.science.finetune.session import Session
    from tenfold.science.finetune.training import precision

    material, facts = _material(params)
    found = job.resume()
    base, before = _own_base(job, params, found, len(material.train))
    dtype = precision(job.device, params.method)
    where = params.model or str(job.artifacts / "base")
    opened = open_base(where, job.device, dtype, params.method == "qlora")
    room = job.slot.memory_gib * 2**30
    session = Session(opened, material, _asked(params), job.device, room, facts)
    tuned = found is not None and (found.folder / "session.json").exists()
    if tuned and found is not None:
        session.restore(found.folder)
    for line in (*session.notes, *session.plan.lines()):
        job.note(line)
    general = _general(job, params, session, base)
    job.note(f"Replayed: {general.words if params.replay else 'nothing'}.")
    watch = _Watch(job, session, before, found.step - before if tuned and found else 0)
    session.begin(job.folder / "trainer", general, watch)
    session.train()
    figures = session.finish(job.artifacts, job.note)
    _show(job, session, figures)
    return Result(_summary(figures), figures)


def check(params: Params, result: Result) -> Verdict:
    """Fails for folders that say something else than the trainer did, for old text that is
    forgotten in spite of replay, and for facts or own text that were not learned."""
    figures = result.figures
    proof = bool(params.model) or params.base_tokens >= PROOF_TOKENS
    kept = {name: figures[name] for name in ("same_text", "reloaded_apart", "forgotten_bits")}
    reread = GATE_REREAD_GPU if figures["on_gpu"] else GATE_REREAD_CPU
    if figures["same_text"] < 1.0 and not figures["on_gpu"]:
        said = f"Only {figures['same_text']:.0%} of the greedy texts are the same from the folders"
        return Verdict(False, f"{said} read anew; all have to be.", kept)
    if not figures["reloaded_apart"] <= reread:
        said = f"The merged folder is {figures['reloaded_apart']:.2g} bits a byte off the trainer's"
        return Verdict(False, f"{said} model; {reread:g} is allowed.", kept)
    forgotten, allowed = figures["forgotten_bits"], GATE_FORGOTTEN
    if not proof:
        allowed = GATE_FORGOTTEN_SMOKE
    if params.replay >= 0.25 and not forgotten <= allowed:
        said = f"{forgotten:+.3f} bits a byte of old text were forgotten in spite of replay"
        return Verdict(False, f"{said}; {allowed:g} is allowed.", kept)
    if figures["exact"] is not None:
        return _facts_verdict(figures, kept, GATE_EXACT if proof else GATE_EXACT_SMOKE, proof)
    before, after = figures["own_bits_before"], figures["own_bits_after"]
    if before is None or not after < before:
        return Verdict(False, f"Own text: {before} bits a byte before, {after} after.", kept)
    held = "held out" if figures["own_is_held_out"] else "not held out"
    sentence = (
        f"Own text ({held}) from {before:.3f} to {after:.3f} bits a byte, old text"
        f" {forgotten:+.3f}; the folders say the same as the trainer."
    )
    return Verdict(True, sentence, kept | {"own_bits_after": after})


def _facts_verdict(
    figures: dict[str, Any], kept: dict[str, float], wanted: float, proof: bool
) -> Verdict:
    exact, unseen = figures["exact"], figures["exact_unseen"]
    found = kept | {"exact": exact, "exact_unseen": unseen}
    said = f"{exact:.0%} of {figures['facts']} made-up facts to the letter, {unseen:.0%} in a"
    said += (
        f" wording never trained for them; old text {figures['forgotten_bits']:+.3f} bits a byte"
    )
    if exact < wanted or (proof and unseen < wanted):
        asked = f"{wanted:.0%}" + ("" if proof else " in trained wordings")
        return Verdict(False, f"{said}; the gate is {asked}.", found)
    return Verdict(True, f"{said}; the folders say the same as the trainer.", found)


def _material(params: Params) -> tuple[Any, list[Any]]:
    from tenfold.science.finetune.facts import lessons, made_up
    from tenfold.science.finetune.material import Material, open_material

    if params.data:
        return open_material(Path(params.data).expanduser()), []
    facts = made_up(params.facts, params.seed)
    note = f"{params.facts} made-up facts; one wording of every second is never trained."
    return Material("chat", lessons(facts), [], [note]), facts


def _asked(params: Params) -> Any:
    from tenfold.science.finetune.session import Asked

    return Asked(
        method=params.method,
        rank=params.rank,
        context=params.context,
        sequences=params.sequences,
        share=params.replay,
        passes=params.passes,
        rate=params.rate,
        packing=params.packing,
        seed=params.seed,
    )


def _own_base(job: Job, params: Params, found: Checkpoint | None, lessons: int) -> tuple[Any, int]:
    """Pretrain it where no model is given; (its data and recipe, or None; its steps)."""
    if params.model:
        return None, 0
    from tenfold.science.finetune import own_base

    work, recipe = own_base.begin(
        job.folder / "tokens", params.base_tokens, params.seed, job.device, job.note
    )
    whole = job.folder / "base.whole"
    if whole.exists():
        return work, recipe.steps
    if found is not None:
        work.restore(found.folder)
    total = recipe.steps + round(lessons * params.passes / (1 - params.replay) / params.sequences)
    job.note(f"No model is given: a base of {recipe.shape.parameters / 1e6:.2g} M is made first.")
    for step in job.progress(range(work.done, recipe.steps), total=total):
        work.step()
        if step % 20 == 0 or step + 1 == recipe.steps:
            job.log(step + 1, base_loss=work.metrics()["loss"])
        job.checkpoint(work.save, step + 1)
    own_base.write(work, job.artifacts / "base")
    whole.touch()
    return work, recipe.steps


def _general(job: Job, params: Params, session: Any, base: Any) -> Any:
    from tenfold.science.finetune import replay

    rows = max(session.replayed_rows, 1)
    judged = JUDGED_TOKENS[job.device.partition(":")[0]]
    tokenizer, model = session.opened.tokenizer, session.opened.model
    if params.replay_text:
        folder = Path(params.replay_text).expanduser()
        return replay.from_folder(tokenizer, folder, session.replayed_length, rows, judged)
    if base is not None:
        data = base.data
        return replay.from_tokens(
            data.train, data.held_out, data.bytes_of, session.replayed_length, rows, judged,
            params.seed,
        )  # fmt: skip
    return replay.written_by(
        model, tokenizer, session.replayed_length, min(rows, 512), judged, params.seed
    )


@final
class _Watch:
    """Tells the job of each step of the trainer; a stop leaves through `job.checkpoint`."""

    def __init__(self, job: Job, session: Any, before: int, done: int) -> None:
        self._job, self._session, self._before = job, session, before
        total = before + session.plan.steps
        self._bar = iter(job.progress(range(before + done, total), total=total))
        self._every = max(session.plan.steps // GAUGES, 1)

    def begun(self) -> None:
        next(self._bar, None)

    def done(self, step: int, metrics: dict[str, float]) -> None:
        if step % self._every == 0 or step == self._session.plan.steps:
            metrics = metrics | self._session.gauge(step)
        if metrics:
            self._job.log(self._before + step, **metrics)
        self._job.checkpoint(self._session.save, self._before + step)


def _show(job: Job, session: Any, figures: dict[str, Any]) -> None:
    from tenfold.science.finetune.picture import draw

    draw(job.artifacts / "learned.png", session.curve | {"loss": session.losses}, figures)
    job.artifact("learned.png", "image", "What it learned, and what it forgot")
    said = {"plan": session.plan.as_json(), "texts": session.samples, "notes": session.notes}
    text = json.dumps(said, indent=1, ensure_ascii=False) + "\n"
    (job.artifacts / "answers.json").write_text(text, encoding="utf-8")
    job.artifact("answers.json", "data", "The resolved run, and what each folder answers")
    if (job.artifacts / "adapter").exists():
        job.artifact("adapter", "data", "The adapter: a PEFT folder")
    if (job.artifacts / "base").exists():
        job.artifact("base", "data", "The small base that it started from")
    job.artifact("merged", "data", "The model with what it learned: a Hugging Face folder")


def _summary(figures: dict[str, Any]) -> str:
    if figures["exact"] is not None:
        learned = f"{figures['exact']:.0%} of {figures['facts']} facts"
        learned += f" ({figures['exact_unseen']:.0%} in an unseen wording)"
    elif figures["own_bits_before"] is not None:
        learned = f"own text {figures['own_bits_before']:.3f} to {figures['own_bits_after']:.3f}"
    else:
        learned = "own text not judged"
    return (
        f"{figures['method_words']}: {learned}; old text {figures['general_bits_before']:.3f} to"
        f" {figures['general_bits_after']:.3f} bits a byte; folders"
        f" {'agree' if figures['same_text'] == 1.0 else 'differ'}."
    )
