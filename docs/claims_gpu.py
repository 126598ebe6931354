"""The claims that only a GPU can back: a row for each part of a `make gpu-check`, card by card."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from claim import RESULTS, Claim, digits

# One pass a card; before there is any, the rows stand with no figure.
GPU_FILES = sorted(path.name for path in RESULTS.glob("gpu-check-*.json")) or [
    "gpu-check-h200.json"
]


def gpu_claims(file: str) -> tuple[Claim, ...]:
    """The rows of one card's pass."""
    mfu = "of 6 N' + 6 L h T operations a token, dense bf16 peak"
    return (
        Claim(
            f"Training of a 51 M model of `llm.pretrain` on a GPU, MFU {mfu}",
            "40 % MFU",
            "make gpu-check",
            file,
            _part("pretrain_50m", _training),
            _reached("pretrain_50m", lambda found: (found["mfu"] or 1) >= 0.4),
        ),
        Claim(
            "The same, 123 M",
            "40 % MFU",
            "make gpu-check",
            file,
            _part("pretrain_120m", _training),
            _reached("pretrain_120m", lambda found: (found["mfu"] or 1) >= 0.4),
        ),
        Claim(
            "`simulate.cavity` on a GPU: speed, share of the data sheet's bandwidth, error in lid"
            " speeds",
            "60 %; 0.005",
            "make gpu-check",
            file,
            _part("cavity", _gpu_cavity),
            _reached("cavity", lambda found: found.get("share_of_data_sheet", 1) >= 0.6),
        ),
        Claim(
            "The fork server with a CUDA build of torch: nothing opened before the fork, CUDA works"
            " after it",
            "yes",
            "make gpu-check",
            file,
            _part(
                "fork_server",
                lambda found: (
                    f"yes; first product after {digits(found['fork_to_first_product_ms'])} ms, cold"
                    f" {digits(found['cold_to_first_product_ms'])} ms"
                ),
            ),
            _reached("fork_server", lambda found: True),
        ),
        Claim(
            "A job on a GPU through the whole daemon, submit to its first product",
            "",
            "make gpu-check",
            file,
            _part("daemon_job", lambda found: f"{digits(found['submit_to_product_ms'])} ms"),
        ),
        Claim(
            "A gang over nccl adds up right, and its bus bandwidth",
            "yes",
            "make gpu-check",
            file,
            _part(
                "gang",
                lambda found: f"yes; {digits(found['bus_gb_s'])} GB/s on {found['world']} GPUs",
            ),
            _reached("gang", lambda found: True),
        ),
    )


def _part(name: str, words: Callable[[dict[str, Any]], str]) -> Callable[[dict[str, Any]], str]:
    """Words of one part of a GPU pass, after the card's name; why, where it has no figure."""

    def said(content: dict[str, Any]) -> str:
        part = content["parts"].get(name, {"status": "skipped", "why": "not asked for"})
        card = content["machine"].get("gpu", "no GPU")
        told = words(part["figures"]) if part["status"] == "ran" else None
        return f"{card}: {told or part['status'] + ', ' + part['why']}"

    return said


def _reached(name: str, enough: Callable[[dict[str, Any]], bool]) -> Callable[..., bool]:
    """Whether that part did what it should; one that was skipped says nothing against it."""

    def judged(content: dict[str, Any]) -> bool:
        part = content["parts"].get(name, {"status": "skipped"})
        return part["status"] == "skipped" or (part["status"] == "ran" and enough(part["figures"]))

    return judged


def _training(found: dict[str, Any]) -> str:
    share = "MFU n/a" if found["mfu"] is None else f"{found['mfu']:.0%} MFU"
    return (
        f"{share}, {found['tokens_a_second']:,.0f} tokens/s; loss {digits(found['first_loss'])} to"
        f" {digits(found['last_loss'])}"
    )


def _gpu_cavity(found: dict[str, Any]) -> str:
    share = found.get("share_of_data_sheet")
    told = f", {share:.0%} of the memory's speed" if share else ""
    return f"{found['mlups']:,.0f} million cells/s{told}; error {found['largest_error']:.4f}"
