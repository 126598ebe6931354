"""One fine-tune from its material to its folders: prepared, trained, judged, handed over.

    session = Session(opened, material, asked, "cpu", room_bytes, facts)
    session.restore(checkpoint)               # where there is one
    session.begin(folder, general, watch)
    session.train(); figures = session.finish(artifacts)

The forgetting gauge is bits a byte of old text that is never trained on, before and after; what was
learned is the same figure of the person's own held-out text. The hand-over gate compares greedy
text of the trainer's model, of base and adapter loaded anew, and of the merged folder loaded anew.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import torch

from tenfold.science.finetune import exam, folders
from tenfold.science.finetune.conversations import pair
from tenfold.science.finetune.facts import Fact
from tenfold.science.finetune.facts import exam as questions_of
from tenfold.science.finetune.gauge import Judged, bits_per_byte, of_answers, of_documents
from tenfold.science.finetune.material import Material
from tenfold.science.finetune.memory import Body, body_of, peak_bytes
from tenfold.science.finetune.opening import Opened
from tenfold.science.finetune.replay import General
from tenfold.science.finetune.rows import (
    Row,
    chat_rows,
    mixed,
    replayed_a_batch,
    settle_stop,
    steps_of,
    text_rows,
    typical_length,
)
from tenfold.science.finetune.training import Plan, Tuning, Watch, good_rate
from tenfold.terms.refusal import refusal

STATE = "session.json"
OWN_TOKENS = 20_000  # judged at most
TEXT_LENGTH, JUDGED_LENGTH = 1024, 256
CPU_MICRO_TOKENS = 4096
ROOM = 0.92  # of the memory; the rest is fragmentation
MOST_REPLAYED = 5000  # rows of old text kept; more come again


@dataclass(frozen=True)
class Asked:
    """What a person decides; the rest is derived."""

    method: str
    rank: int
    context: int  # 0: derived
    sequences: int
    share: float  # of replayed text in a batch
    passes: float
    rate: float  # multiplies the derived learning rate
    packing: bool
    seed: int


@final
class Session:
    """Raises Refusals for a context beyond the model's and for material that does not fit in it."""

    def __init__(
        self,
        opened: Opened,
        material: Material,
        asked: Asked,
        device: str,
        room_bytes: float,
        facts: list[Fact] | None = None,
    ) -> None:
        self.opened, self.material, self.asked = opened, material, asked
        self.device, self.facts = device, facts or []
        self.body = body_of(opened.model.config.to_dict())
        self.notes = [*opened.notes, *material.notes]
        self.length = self._length()
        self.own = self._own_rows()
        self.plan = self._plan(room_bytes)
        self.judged_own, self.own_is_held_out = self._judged_own()
        self.general: General | None = None
        self.curve: dict[str, list[tuple[int, float]]] = {"own": [], "general": []}
        self.train_s = self.core_s = 0.0
        self._tuning: Tuning | None = None
        self._checkpoint: Path | None = None
        self.exact_before = math.nan

    # --- before

    @property
    def replayed_rows(self) -> int:
        """How many rows of old text the run asks for, at most."""
        a_batch = replayed_a_batch(self.asked.sequences, self.asked.share)
        return min(self.plan.steps * a_batch, MOST_REPLAYED)

    @property
    def replayed_length(self) -> int:
        return min(typical_length(self.own), self.length)

    @property
    def judged_length(self) -> int:
        return min(self.body.context - 1, JUDGED_LENGTH)

    def begin(self, folder: Path, general: General, watch: Watch) -> None:
        """The trainer; judges the base first, unless `restore` has told how it was."""
        self.general = general
        if not self.curve["general"]:
            self.gauge(0)
            self.exact_before = self.exact()[0] if self.facts else math.nan
        share = self.asked.share if self.replayed_rows else 0.0
        rows = mixed(
            self.own,
            general.rows if share else [],
            self.asked.sequences,
            share,
            self.asked.passes,
            self.asked.seed,
        )
        assert len(rows) == self.plan.steps * self.plan.sequences
        self._tuning = Tuning(self.opened, self.plan, rows, self.device, folder, watch)

    def restore(self, checkpoint: Path) -> None:
        """Call it before `begin`."""
        kept = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
        self.curve = {name: [(s, b) for s, b in kept["curve"][name]] for name in self.curve}
        self.train_s, self.core_s = kept["train_s"], kept["core_s"]
        self.exact_before = kept["exact_before"]
        self._checkpoint = checkpoint

    def save(self, folder: Path) -> None:
        self.tuning.save(folder)
        kept = {
            "curve": self.curve,
            "train_s": self.train_s,
            "core_s": self.core_s,
            "exact_before": self.exact_before,
            "plan": self.plan.as_json(),
        }
        (folder / STATE).write_text(json.dumps(kept), encoding="utf-8")

    # --- while it trains

    @property
    def tuning(self) -> Tuning:
        assert self._tuning is not None
        return self._tuning

    def train(self) -> None:
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        self.tuning.train(self._checkpoint)
        self.train_s += time.perf_counter() - began_s
        self.core_s += time.process_time() - began_cpu_s

    def gauge(self, step: int) -> dict[str, float]:
        """Bits a byte of both texts, now; kept for the curve."""
        assert self.general is not None
        model = self._tuning.model if self._tuning is not None else self.opened.model
        found = {
            "own": bits_per_byte(model, self.judged_own),
            "general": bits_per_byte(model, self.general.judged),
        }
        for name, bits in found.items():
            self.curve[name].append((step, bits))
        return {f"{name}_bits_per_byte": bits for name, bits in found.items()}

    def exact(self) -> tuple[float, float]:
        """Shares of the facts that are told to the letter: trained wordings, unseen ones."""
        model = self._tuning.model if self._tuning is not None else self.opened.model
        known, unseen = questions_of(self.facts)
        tokenizer = self.opened.tokenizer
        return exam.exact(model, tokenizer, known), exam.exact(model, tokenizer, unseen)

    # --- after

    def finish(self, artifacts: Path, note: Callable[[str], None] = print) -> dict[str, Any]:
        """Judge, write the folders, hold the hand-over to the same text. The run's figures."""
        if self.curve["general"][-1][0] != self.plan.steps:
            self.gauge(self.plan.steps)
        figures = self._learned()
        texts = exam.greedy(self.tuning.model, self.opened.tokenizer, self._prompts())
        bits = bits_per_byte(self.tuning.model, self._reread())
        trained, losses = self.tuning.trainable, self.tuning.losses
        self._write(artifacts)
        if self.device != "cpu":  # room for the models that are read anew
            self.opened.model = None
            self._tuning = None
            torch.cuda.empty_cache()
        figures |= self._handed_over(artifacts, texts, bits)
        tokens = sum(len(row["input_ids"]) for row in self.own) / len(self.own)
        seen = self.plan.steps * self.plan.sequences * tokens
        self.losses = losses
        return figures | {
            "method": self.plan.method,
            "method_words": _method_words(self.plan),
            "parameters": self.body.parameters,
            "trainable": trained,
            "steps": self.plan.steps,
            "rate": self.plan.rate,
            "loss": losses[-1][1] if losses else None,
            "train_s": self.train_s,
            "core_s": self.core_s,
            "tokens_per_s": seen / max(self.train_s, 1e-9),
            "on_gpu": self.device != "cpu",
        }

    def _learned(self) -> dict[str, Any]:
        own, general = self.curve["own"], self.curve["general"]
        exact, unseen = self.exact() if self.facts else (None, None)
        assert self.general is not None
        return {
            "own_bits_before": _or_none(own[0][1]),
            "own_bits_after": _or_none(own[-1][1]),
            "own_is_held_out": self.own_is_held_out,
            "general_bits_before": general[0][1],
            "general_bits_after": general[-1][1],
            "forgotten_bits": general[-1][1] - general[0][1],
            "replay": self.asked.share,
            "replayed": self.general.words if self.asked.share else "nothing",
            "judged_by": self.general.words,
            "facts": len(self.facts),
            "exact_before": _or_none(self.exact_before),
            "exact": exact,
            "exact_unseen": unseen,
        }

    def _write(self, artifacts: Path) -> None:
        model, tokenizer, where = self.tuning.model, self.opened.tokenizer, self.opened.where
        generation = self.opened.model.generation_config
        if self.plan.method == "full":
            dtype = torch.float32 if self.device == "cpu" else torch.bfloat16
            folders.write_whole(artifacts / "merged", model, tokenizer, dtype)
            return
        folders.write_adapter(artifacts / "adapter", model, tokenizer, where)
        folders.write_merged(
            artifacts / "merged", artifacts / "adapter", where, tokenizer, generation
        )

    def _handed_over(self, artifacts: Path, texts: list[str], bits: float) -> dict[str, Any]:
        """Greedy text of the folders read anew, beside the trainer's, and bits a byte of both."""
        from transformers import AutoTokenizer

        dtype = torch.float32 if self.device == "cpu" else torch.bfloat16
        tokenizer = AutoTokenizer.from_pretrained(artifacts / "merged", local_files_only=True)
        merged = folders.load(str(artifacts / "merged"), dtype).to(self.device)
        said = {"merged": exam.greedy(merged, tokenizer, self._prompts())}
        apart = abs(bits_per_byte(merged, self._reread()) - bits)
        del merged
        if self.plan.method != "full":
            adapter = artifacts / "adapter"
            tokenizer = AutoTokenizer.from_pretrained(adapter, local_files_only=True)
            model = folders.on_base(adapter, self.opened.where, dtype).to(self.device)
            said["adapter"] = exam.greedy(model, tokenizer, self._prompts())
        self.samples = [
            {"prompt": prompt[-1]["content"], "trainer": text}
            | {name: found[number] for name, found in said.items()}
            for number, (prompt, text) in enumerate(zip(self._prompts(), texts, strict=True))
        ]
        same = [found[i] == text for found in said.values() for i, text in enumerate(texts)]
        return {"same_text": sum(same) / len(same), "reloaded_apart": apart}

    def _reread(self) -> Judged:
        """What trained model and merged folder are both judged by; a little suffices."""
        assert self.general is not None
        judged = self.judged_own if self.judged_own.rows else self.general.judged
        return Judged(judged.rows[:16], 1 if not judged.bytes else judged.bytes)

    def _prompts(self) -> list[Any]:
        if self.material.kind == "chat":
            return exam.prompts_of(self.material.train)
        starts = self.material.train[: exam.SAME_TEXT_PROMPTS]
        return [[{"role": "user", "content": text[:80]}] for text in starts]

    # --- what follows from what is asked

    def _length(self) -> int:
        limit = self.body.context
        if self.asked.context > limit:
            raise refusal("finetune.context", asked=self.asked.context, limit=limit)
        return self.asked.context or min(limit, TEXT_LENGTH)

    def _own_rows(self) -> list[Row]:
        tokenizer = self.opened.tokenizer
        if self.material.kind == "text":
            return text_rows(tokenizer, self.material.train, self.length)
        rows, notes = chat_rows(tokenizer, self.material.train, self.length)
        self.notes += notes
        self.notes += settle_stop(self.opened.model, tokenizer, rows[0])
        return rows

    def _judged_own(self) -> tuple[Judged, bool]:
        tokenizer, held_out = self.opened.tokenizer, self.material.held_out
        if self.facts:
            unseen = [pair(*one) for one in questions_of(self.facts)[1]]
            return of_answers(tokenizer, unseen, self.length), True
        if self.material.kind == "text":
            return of_documents(tokenizer, held_out, self.judged_length, OWN_TOKENS), True
        judged = held_out or self.material.train
        return of_answers(tokenizer, judged, self.length), bool(held_out)

    def _plan(self, room_bytes: float) -> Plan:
        asked, gpu = self.asked, self.device != "cpu"
        longest = max(len(row["input_ids"]) for row in self.own)
        micro, checkpointing = fitting(asked, self.body, longest, room_bytes, gpu)
        return Plan(
            method=asked.method,
            rank=asked.rank,
            length=longest,
            sequences=asked.sequences,
            micro=micro,
            steps=steps_of(len(self.own), asked.sequences, asked.share, asked.passes),
            rate=asked.rate * good_rate(asked.method, self.body.width),
            seed=asked.seed,
            packing=asked.packing,
            checkpointing=checkpointing,
        )


def fitting(
    asked: Asked, body: Body, length: int, room_bytes: float, gpu: bool
) -> tuple[int, bool]:
    """How many sequences at once, a divisor of the batch, and whether activations are computed
    again: the fastest that fits, and one at a time with checkpointing where nothing is sure to."""
    divisors = [n for n in range(asked.sequences, 0, -1) if asked.sequences % n == 0]
    if not gpu:
        return next((n for n in divisors if n * length <= CPU_MICRO_TOKENS), 1), False
    for checkpointing in (False, True):
        for micro in divisors:
            peak = peak_bytes(asked.method, body, micro, length, asked.rank, checkpointing)
            if peak <= ROOM * room_bytes:
                return micro, checkpointing
    return 1, True


def _method_words(plan: Plan) -> str:
    words = {"lora": "LoRA", "qlora": "QLoRA", "full": "Full fine-tuning"}[plan.method]
    return words if plan.method == "full" else f"{words} of rank {plan.rank}"


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
