"""Draws the small pictures of the catalogue anew, from each workload's own `desk` run.

    .venv/bin/python docs/pictures.py                     all that make a picture
    .venv/bin/python docs/pictures.py simulate.cavity     only these

It runs them on the box of the home in TENFOLD_HOME, one after the other, and keeps of each a cut of
its first picture as src/tenfold/web/pictures/NAME.webp.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageOps

import tenfold
from tenfold.catalogue.listing import PACKAGED, listing
from tenfold.catalogue.loading import load

FOLDER = Path(__file__).resolve().parent.parent / "src/tenfold/web/pictures"
SIZE = (640, 360)
MOST_BYTES = 60_000
# What of the picture is shown, where not all of it can be: left, top, right, bottom, as shares.
CUTS = {
    "simulate.cavity": (0.0, 0.683, 0.68, 1.0),
    "llm.pretrain": (0.0, 0.145, 0.545, 1.0),
}


def main(names: list[str]) -> None:
    box = tenfold.connect(start=True)
    for name in names or [entry.name for entry in listing(PACKAGED)]:
        if "desk" not in load(name, PACKAGED).sizes:
            continue
        job = box.run(name, size="desk")
        sys.stdout.write(f"{name}: job {job.id}, {job.wait()}\n")
        images = [artifact.path for artifact in job.artifacts if artifact.kind == "image"]
        if images:
            sys.stdout.write(f"  {keep(name, images[0])}\n")


def keep(name: str, image: Path) -> Path:
    """At most MOST_BYTES, on white where its shape is another one."""
    with Image.open(image) as opened:
        picture = opened.convert("RGB")
    left, top, right, bottom = CUTS.get(name, (0.0, 0.0, 1.0, 1.0))
    wide, high = picture.size
    cut = picture.crop((int(left * wide), int(top * high), int(right * wide), int(bottom * high)))
    small = ImageOps.pad(cut, SIZE, Image.Resampling.LANCZOS, "white")
    path = FOLDER / f"{name}.webp"
    for quality in range(88, 20, -8):
        small.save(path, quality=quality, method=6)
        if path.stat().st_size <= MOST_BYTES:
            break
    return path


if __name__ == "__main__":
    main(sys.argv[1:])
