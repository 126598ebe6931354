"""The training itself: TRL's SFTTrainer, PEFT's LoRA, and a watcher that can stop and resume it.

    plan = Plan(method="lora", steps=200, sequences=16, micro=16, rate=2e-4, ...)
    tuning = Tuning(opened, plan, rows, "cpu", folder, watch)
    tuning.train(checkpoint_or_none); tuning.save(folder); tuning.model

float32 on a CPU, bf16 on a GPU (full: float32 weights under autocast). Rows come in the given order
and nothing is drawn while it trains, so a resumed run sees what an unbroken one sees; on a CPU with
one thread it ends with the same weights to the bit. No reports, no telemetry, no model card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, final

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import PrinterCallback, TrainerCallback
from trl import SFTConfig, SFTTrainer

from tenfold.science.finetune.opening import Opened
from tenfold.science.finetune.rows import Row

# LoRA on all linear layers wants ten times the rate of full fine-tuning and does as well (TRL,
# docs/source/lora_without_regret.md, after Schulman et al., "LoRA Without Regret"); its scale is
# alpha / rank with a fixed alpha, so that the best rate does not depend on the rank.
LORA_ALPHA = 32
LORA_TIMES = 10.0
# 2e-5 at a width of 4096, as is usual for 7 B; narrower models want more, as Adam's rates do.
FULL_RATE_TIMES_WIDTH = 0.08
WARMUP = 0.05


@dataclass(frozen=True)
class Plan:
    """All that a run is decided by, but its rows; kept beside the result."""

    method: str  # lora, qlora, full
    rank: int
    length: int  # tokens of a row, at most
    sequences: int  # rows a step
    micro: int  # rows at once; the rest is accumulated
    steps: int
    rate: float
    seed: int
    packing: bool = False  # rows of a micro-batch in one, without padding
    checkpointing: bool = False

    def lines(self) -> tuple[str, ...]:
        how = {"lora": f"LoRA of rank {self.rank}", "qlora": f"4-bit LoRA of rank {self.rank}"}
        times = (
            ""
            if self.micro == self.sequences
            else f" ({self.sequences // self.micro} x {self.micro})"
        )
        return (
            f"Method: {how.get(self.method, 'all weights')}, learning rate {self.rate:.3g}.",
            f"{self.steps} steps of {self.sequences}{times} sequences of at most {self.length}"
            f" tokens{', packed' if self.packing else ''}.",
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def good_rate(method: str, width: int) -> float:
    return FULL_RATE_TIMES_WIDTH / width * (1.0 if method == "full" else LORA_TIMES)


class Watch(Protocol):
    """Called around each step: `done` may save and may leave by an exception."""

    def begun(self) -> None: ...
    def done(self, step: int, metrics: dict[str, float]) -> None: ...


@final
class _Watcher(TrainerCallback):
    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._trainer: Any = None

    def on_step_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self._watch.begun()

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        # The loss of this step is only logged after this call, so a step reports the one before.
        last = state.log_history[-1] if state.log_history else {}
        self._watch.done(state.global_step, {k: v for k, v in last.items() if k == "loss"})


@final
class Tuning:
    """Wraps `opened.model`, which trains in place. `rows` are `plan.steps * plan.sequences`."""

    def __init__(
        self,
        opened: Opened,
        plan: Plan,
        rows: Sequence[Row],
        device: str,
        folder: Path,
        watch: Watch,
    ) -> None:
        self.plan = plan
        columns = {name: [row[name] for row in rows] for name in ("input_ids", "labels")}
        self._trainer = SFTTrainer(
            model=opened.model,
            args=_settings(plan, device, folder),
            train_dataset=Dataset.from_dict(columns),
            processing_class=opened.tokenizer,
            peft_config=None if plan.method == "full" else lora(plan.rank),
            callbacks=[_Watcher(watch)],
        )
        self._trainer.remove_callback(PrinterCallback)
        self._trainer.create_model_card = lambda **_: None
        if self.trainable == 0:
            raise AssertionError("nothing would be trained")

    @property
    def model(self) -> Any:
        return self._trainer.model

    @property
    def trainable(self) -> int:
        return sum(p.numel() for p in self.model.parameters() if p.requires_grad)

    @property
    def losses(self) -> list[tuple[int, float]]:
        """(step, nats a learned token)."""
        history = self._trainer.state.log_history
        return [(entry["step"], entry["loss"]) for entry in history if "loss" in entry]

    def train(self, checkpoint: Path | None) -> None:
        found = None if checkpoint is None else next(checkpoint.glob("checkpoint-*"))
        self._trainer.train(resume_from_checkpoint=None if found is None else str(found))
        self.model.eval()

    def save(self, folder: Path) -> None:
        """Weights (of LoRA the adapter), optimizer, schedule, random state, step."""
        was, self._trainer.args.output_dir = self._trainer.args.output_dir, str(folder)
        self._trainer._save_checkpoint(self._trainer.model, trial=None)
        self._trainer.args.output_dir = was


def lora(rank: int) -> LoraConfig:
    return LoraConfig(
        r=rank,
        lora_alpha=LORA_ALPHA,
        target_modules="all-linear",
        lora_dropout=0.0,
        bias="none",
        task_type="CAUSAL_LM",
    )


def _settings(plan: Plan, device: str, folder: Path) -> SFTConfig:
    gpu = device.startswith("cuda")
    return SFTConfig(
        output_dir=str(folder),
        max_steps=plan.steps,
        per_device_train_batch_size=plan.micro,
        gradient_accumulation_steps=plan.sequences // plan.micro,
        learning_rate=plan.rate,
        lr_scheduler_type="linear",
        warmup_steps=max(round(WARMUP * plan.steps), 1),
        weight_decay=0.0,
        adam_beta2=0.95,
        max_grad_norm=1.0,
        bf16=gpu,
        use_cpu=not gpu,
        activation_checkpointing=plan.checkpointing,
        padding_free=plan.packing,
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        train_sampling_strategy="sequential",
        dataloader_pin_memory=gpu,
        logging_strategy="steps",
        logging_steps=max(plan.steps // 100, 1),
        save_strategy="no",
        eval_strategy="no",
        report_to="none",
        disable_tqdm=True,
        seed=plan.seed,
        data_seed=plan.seed,
    )


def precision(device: str, method: str) -> Any:
    """Of the weights: float32 on a CPU and for what is trained whole, bf16 of a frozen base."""
    return torch.float32 if not device.startswith("cuda") or method == "full" else torch.bfloat16
