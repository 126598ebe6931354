"""The call of vLLM, which is a server of its own: same routes, same names, other engine.

Its pins clash with everything, so it runs from `environments/vllm.txt` (`tenfold env build vllm`).
It needs an NVIDIA GPU; what is here was never run with it, only its arguments are tested.
"""

from __future__ import annotations

from dataclasses import dataclass

ENVIRONMENT = "vllm"
HEALTH = "/health"

# Nothing leaves the machine: no usage statistics, no look at the hub.
VARIABLES = {
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
}


@dataclass(frozen=True)
class Call:
    model: str
    name: str
    port: int
    context: int = 0  # 0: the model's own
    rows: int = 8
    split: int = 1  # GPUs that share each matrix
    quantization: str = ""
    adapter: str = ""


def argv(call: Call) -> tuple[str, ...]:
    """Flags of vLLM 0.33's `vllm serve` (its docs, CLI reference)."""
    words = [
        "vllm",
        "serve",
        call.model,
        "--host=127.0.0.1",
        f"--port={call.port}",
        f"--max-num-seqs={call.rows}",
        f"--tensor-parallel-size={call.split}",
    ]
    if call.context:
        words.append(f"--max-model-len={call.context}")
    if call.quantization:
        words.append(f"--quantization={call.quantization}")
    if call.adapter:
        # The name that is asked for is the adapter's; the base answers to another.
        words += ["--enable-lora", f"--lora-modules={call.name}={call.adapter}"]
        words.append(f"--served-model-name={call.name}-base")
    else:
        words.append(f"--served-model-name={call.name}")
    return tuple(words)
