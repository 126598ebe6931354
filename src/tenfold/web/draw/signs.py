"""A drawn sign per heading of the catalogue, where a workload makes no picture of its own."""

from __future__ import annotations

# Lines in a field of 64 by 36.
_SIGNS = {
    "llm": "M12 9h40M12 15h32M12 21h36M12 27h20M36 27h2",
    "vision": "M10 18c8-11 36-11 44 0c-8 11-36 11-44 0zM32 12.5a5.5 5.5 0 1 0 .01 0z",
    "language": "M12 8h26v14H24l-6 6v-6h-6zM44 14h8v12h-4v5l-6-5h-8",
    "agents": "M32 7v6M20 13h24v16H20zM26 20h.01M38 20h.01M27 25h10M14 19v6M50 19v6",
    "simulate": "".join(f"M8 {y}c8-6 16 6 24 0s16-6 24 0" for y in (12, 19, 26)),
    "data": "M12 29V7M12 29h42M20 29v-8M28 29V15M36 29v-5M44 29V11",
    "create": "M14 29l12-14 9 10 6-6 10 10zM42 8a3 3 0 1 0 .01 0z",
    "system": "M14 8h36v20H14zM19 14l5 4-5 4M28 22h9",
}
_OTHER = "M32 6l12 7v12l-12 6-12-6V13z"


def sign_svg(group: str) -> str:
    return (
        '<svg class="sign-picture" viewBox="0 0 64 36" aria-hidden="true" fill="none"'
        ' stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round">'
        f'<path d="{_SIGNS.get(group, _OTHER)}"/></svg>'
    )
