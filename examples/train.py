"""A training script as you may have one: it knows nothing of Tenfold, and prints how far it is.

A network of 48 hidden cells learns to tell two interlocked crescents apart. Plain Python, one core,
the same numbers in every run. Exit status 1 if it gets more than one point in twenty wrong.

    python examples/train.py --epochs 150
"""

from __future__ import annotations

import argparse
import math
import random
import sys

POINTS = 4000
HIDDEN = 48
RATE = 0.02
GATE = 0.95  # share that has to be right; always saying the same gives one half

Point = tuple[float, float, float]  # x, y, and which crescent: 0 or 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=150)
    epochs = parser.parse_args().epochs
    chance = random.Random(7)
    seen, unseen = crescents(chance), crescents(chance)
    weights = [[chance.gauss(0, 1) for _ in range(4)] for _ in range(HIDDEN)]
    right = 0.0
    for epoch in range(1, epochs + 1):
        chance.shuffle(seen)
        loss = sum(learn(weights, point) for point in seen) / len(seen)
        right = sum((guess(weights, p) > 0.5) == (p[2] > 0.5) for p in unseen) / len(unseen)
        print(f"epoch {epoch} of {epochs}: loss {loss:.4f}, {right:.1%} right", flush=True)
    return 0 if right >= GATE else 1


def crescents(chance: random.Random) -> list[Point]:
    points = []
    for number in range(POINTS):
        kind, angle = number % 2, math.pi * chance.random()
        x, y = math.cos(angle), math.sin(angle)
        if kind:
            x, y = 1 - x, 0.5 - y
        points.append((x + chance.gauss(0, 0.15), y + chance.gauss(0, 0.15), float(kind)))
    return points


def guess(weights: list[list[float]], point: Point) -> float:
    """The chance that `point` is of the second crescent."""
    x, y, _ = point
    total = sum(out * math.tanh(wx * x + wy * y + bias) for wx, wy, bias, out in weights)
    return 1 / (1 + math.exp(-total))


def learn(weights: list[list[float]], point: Point) -> float:
    """One step of gradient descent; the cross entropy before it."""
    x, y, kind = point
    found = guess(weights, point)
    slope = RATE * (kind - found)
    for cell in weights:
        wx, wy, bias, out = cell
        level = math.tanh(wx * x + wy * y + bias)
        inner = slope * out * (1 - level * level)
        cell[:] = wx + inner * x, wy + inner * y, bias + inner, out + slope * level
    return -math.log(max(found if kind else 1 - found, 1e-12))


if __name__ == "__main__":
    sys.exit(main())
