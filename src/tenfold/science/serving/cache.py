"""Keys and values of many texts at once, for any model of transformers that attends to all it saw.

Row i belongs to the i-th text under way; live rows stand side by side from 0 on, so a step reads
one view and copies nothing. Room for `rows` texts of `context` tokens is taken when a layer first
writes, and never grows: what a service needs is known before it answers anybody.

    cache.read(row, start)       # then model.forward writes a stretch of one prompt
    cache.write(at)              # then model.forward adds one token to each of the first len(at)
    cache.move(3, 1)             # row 3 takes the place of row 1
"""

from __future__ import annotations

from typing import Any, final

import torch
from torch import Tensor
from transformers.cache_utils import Cache


@final
class RowCache(Cache):
    def __init__(self, rows: int, context: int) -> None:
        super().__init__(layers=[])
        self.rows, self.context = rows, context
        self._held: dict[int, tuple[Tensor, Tensor]] = {}
        self._row: int | None = None
        self._start = 0
        self._at = torch.zeros(0, dtype=torch.long)
        self._longest = 0

    def read(self, row: int, start: int) -> None:
        self._row, self._start = row, start

    def write(self, at: Tensor, longest: int) -> None:
        """`at`: how many tokens each row holds, which is where the new one goes; `longest` is
        their largest plus one (given, so that a GPU need not be asked)."""
        self._row, self._at, self._longest = None, at, longest
        self._which = torch.arange(len(at), device=at.device)

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *args: Any, **more: Any
    ) -> tuple[Tensor, Tensor]:
        keys, values = self._layer(layer_idx, key_states, value_states)
        if self._row is not None:
            here = slice(self._row, self._row + 1)
            end = self._start + key_states.shape[2]
            keys[here, :, self._start : end] = key_states
            values[here, :, self._start : end] = value_states
            return keys[here, :, :end], values[here, :, :end]
        count = len(self._at)
        keys[self._which, :, self._at] = key_states[:, :, 0]
        values[self._which, :, self._at] = value_states[:, :, 0]
        return keys[:count, :, : self._longest], values[:count, :, : self._longest]

    def move(self, source: int, target: int) -> None:
        for keys, values in self._held.values():
            keys[target] = keys[source]
            values[target] = values[source]

    @property
    def bytes(self) -> int:
        return sum(t.numel() * t.element_size() for pair in self._held.values() for t in pair)

    def get_seq_length(self, layer_idx: int = 0) -> int:
        return self._start if self._row is not None else max(self._longest - 1, 0)

    def _layer(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values may have heads of different size."""
        if layer not in self._held:
            heads, room = key.shape[1], (self.rows, self.context)
            self._held[layer] = (
                key.new_zeros(room[0], heads, room[1], key.shape[-1]),
                value.new_zeros(room[0], value.shape[1], room[1], value.shape[-1]),
            )
        return self._held[layer]


def prompt_mask(start: int, count: int, window: int, like: Tensor) -> Tensor:
    """What each of `count` tokens from place `start` on sees: (1, 1, count, start + count), added
    to the scores. `window` 0 sees all that came before."""
    places = torch.arange(start + count, device=like.device)
    here = places[start:, None]
    return _added(_seen(places, here, window), like)[None, None]


def step_mask(at: Tensor, longest: int, window: int, like: Tensor) -> Tensor:
    """The same for one new token a row, at its own place: (rows, 1, 1, longest)."""
    places = torch.arange(longest, device=at.device)
    return _added(_seen(places, at[:, None], window), like)[:, None, None]


def _seen(places: Tensor, here: Tensor, window: int) -> Tensor:
    seen = places <= here
    return seen & (places > here - window) if window else seen


def _added(seen: Tensor, like: Tensor) -> Tensor:
    mask = torch.zeros(seen.shape, dtype=like.dtype, device=seen.device)
    return mask.masked_fill_(~seen, torch.finfo(like.dtype).min)
