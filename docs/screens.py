"""The README's two pictures of the dashboard: `python docs/screens.py [box] [job]`.

The box is a declared one, so it says modelled; its jobs are made up. The job is a real
`simulate.cavity` at `desk` on this machine's CPU. Needs what `make test-system` installs.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tomlkit
from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
TENFOLD = Path(sys.executable).parent / "tenfold"
SIZE = {"width": 1400, "height": 860}
COLOURS = 128
PORT = "7611"

# options of `tenfold run`, how many
JOBS = (
    (["--slice", "1g.10gb", "--time", "3h", "--name", "scan"], 7),
    (["--gpus", "4", "--time", "5h", "--name", "drone wake"], 1),
    (["--gpus", "1", "--time", "2h", "--name", "tomato leaves"], 1),
    (["--slice", "3g.40gb", "--time", "4h", "--name", "fold"], 3),
    (["--slice", "2g.20gb", "--time", "3h", "--name", "ocean"], 2),
    (["--slice", "4g.40gb", "--time", "6h", "--name", "film"], 1),
    (["--gpus", "8", "--time", "5h", "--name", "climate"], 1),
)


def main(wanted: list[str]) -> None:
    for name in wanted or ["box", "job"]:
        with tempfile.TemporaryDirectory() as home:
            {"box": box, "job": job}[name](Path(home))


def box(home: Path) -> None:
    site = tomlkit.parse((ROOT / "examples" / "site.toml").read_text(encoding="utf-8"))
    del site["quiet"]  # else most of these would wait, by the hour at which this is run
    (home / "site.toml").write_text(tomlkit.dumps(site), encoding="utf-8")
    up(home, "--box", "10xH100-PCIe", "--speed", "60")
    for options, count in JOBS:
        for number in range(1, count + 1):
            named = [*options[:-1], f"{options[-1]} {number}" if count > 1 else options[-1]]
            run(home, "run", "--detach", *named, "--", "true")
    time.sleep(75)  # more than an hour on its clock, so that the day has something behind it
    picture(home, "/", ROOT / "docs" / "dashboard-box.png")


def job(home: Path) -> None:
    up(home)
    run(home, "run", "simulate.cavity", "--size", "desk")
    picture(home, "/job/1", ROOT / "docs" / "dashboard-job.png")


def up(home: Path, *options: str) -> None:
    run(home, "up", "--port", PORT, *options)


def run(home: Path, *argv: str) -> str:
    seen = {**os.environ, "TENFOLD_HOME": str(home)}
    done = subprocess.run([TENFOLD, *argv], env=seen, check=True, capture_output=True, text=True)
    return done.stdout


def picture(home: Path, path: str, to: Path) -> None:
    link = json.loads(run(home, "up", "--json"))["link"]
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport=SIZE, locale="en-US", color_scheme="light")
            page.goto(link)
            page.goto(link.partition("/enter")[0] + path)
            page.wait_for_timeout(3000)
            kept(page, to)
            browser.close()
    finally:
        run(home, "down")


def kept(page: Page, to: Path) -> None:
    shown = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    shown.quantize(COLOURS, dither=Image.Dither.NONE).save(to, optimize=True)
    sys.stdout.write(f"{to.relative_to(ROOT)} {to.stat().st_size / 1024:.0f} KiB\n")


if __name__ == "__main__":
    main(sys.argv[1:])
