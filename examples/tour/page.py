"""`tour.html`: what the tour did, as one page that needs no other file and no network."""

from __future__ import annotations

import base64
import sys
import time
from dataclasses import dataclass
from html import escape
from pathlib import Path

from charts import curve_chart, timeline
from crash import Crash
from jobs import CURVES, Act
from week import Week

from tenfold.cli.words import duration
from tenfold.client.job import ArtifactFile
from tenfold.folder.durable import write_bytes
from tenfold.terms.outcome import Verdict

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs"))

from claims import CLAIMS  # noqa: E402

TEXT_CHARS = 1200  # of a text that a job made
PICTURES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".webp": "webp"}


@dataclass(frozen=True)
class Tour:
    """All that the page tells. `began_s`: seconds since the epoch; `watts`: as read."""

    began_s: float
    acts: list[Act]
    crash: Crash | None
    lost: Verdict  # whether the crash cost anything
    explained: str
    watts: list[float]
    machine: str
    week: Week

    @property
    def holds(self) -> bool:
        return self.lost.holds and all(act.holds for act in self.acts)


def write_page(path: Path, tour: Tour) -> Path:
    """The page of `tour` at `path`."""
    style = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    parts = [_head(tour), *(_job(act, tour) for act in tour.acts), _crash(tour), _explained(tour)]
    parts += [_week(tour.week), _proof(), _next()]
    text = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Tenfold: the tour</title><style>{style}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )
    write_bytes(path, text.encode())
    return path


def _head(tour: Tour) -> str:
    when = time.strftime("%d %B %Y, %H:%M", time.localtime(tour.began_s))
    took_s = time.time() - tour.began_s
    drawn = f"{sum(tour.watts) / len(tour.watts):.0f} W" if tour.watts else "n/a here"
    held = sum(act.holds for act in tour.acts) + tour.lost.holds
    facts = (
        ("verdicts that hold", f"{held} of {len(tour.acts) + 1}"),
        ("time", duration(took_s)),
        ("drawn, on average", drawn),
        ("in this machine", tour.machine),
    )
    ending = "nothing lost" if tour.holds else "not all is well"
    tiles = "".join(f"<div><b>{escape(v)}</b><span>{escape(k)}</span></div>" for k, v in facts)
    return (
        f"<header><p class=eyebrow>Tenfold, the tour &middot; {escape(when)}</p>"
        f"<h1>Three jobs, one crash, {ending}</h1>"
        "<p class=lead>Tenfold makes a box of GPUs, or this machine without one, a personal"
        " supercomputer: one queue that loses nothing, and a catalogue of workloads that judge"
        " themselves. This page shows what it just did here.</p>"
        f"<div class=tiles>{tiles}</div></header>"
        f"<section><h2>What ran when</h2>{timeline(tour.acts, tour.crash)}"
        "<p class=note>Pale: the job waited for a core. The band: there was no daemon.</p>"
        "</section>"
    )


def _job(act: Act, tour: Tour) -> str:
    pictures = [file for file in act.files if file.path.suffix.lower() in PICTURES]
    texts = [file for file in act.files if file.kind == "text" and _is_small_text(file)]
    curve = "" if pictures else _curve(act, tour.crash)
    printed = "\n".join(act.printed[-6:]) if not act.files else ""
    made = "".join(
        f"<li><code>{escape(str(file.path))}</code> {escape(file.title)}</li>" for file in act.files
    )
    files = f"<details><summary>{len(act.files)} files</summary><ul>{made}</ul></details>"
    return (
        f"<section><h2>{escape(act.name)} {_badge(act.holds)}</h2>"
        f"<p>{escape(act.sentence)}</p>"
        f"<pre class=command>{escape(act.command)}</pre>"
        + "".join(_picture(file) for file in pictures)
        + curve
        + (f"<div class=texts>{''.join(_text(file) for file in texts)}</div>" if texts else "")
        + (f"<pre>{escape(printed)}</pre>" if printed else "")
        + (files if act.files else "")
        + "</section>"
    )


def _curve(act: Act, crash: Crash | None) -> str:
    name = next((name for name in CURVES if len(act.curves.get(name, ())) > 1), None)
    return curve_chart(act.curves[name], name, crash) if name else ""


def _crash(tour: Tour) -> str:
    told, curves = "", ""
    if tour.crash:
        hit = [act for act in tour.acts if act.job.id in tour.crash.before]
        curves = "".join(_curve(act, tour.crash) for act in hit)
        told = (
            f"Half way the tour ran <code>kill -9 {tour.crash.killed}</code> on its own daemon."
            " The jobs are processes of their own and went on;"
            f" {tour.crash.back_s - tour.crash.killed_s:.1f} s later a new daemon, process"
            f" {tour.crash.started}, found them by a lock that the kernel keeps and read what they"
            " had written meanwhile. "
        )
    return (
        f"<section><h2>The daemon was killed {_badge(tour.lost.holds)}</h2>"
        f"<p>{told}{escape(tour.lost.sentence)}</p>{curves}</section>"
    )


def _explained(tour: Tour) -> str:
    if not tour.explained:
        return ""
    return (
        "<section><h2>Why a job waits</h2><p>Waiting is never silent. This is what the queue said"
        f" of one job when it was asked:</p><pre>{escape(tour.explained)}</pre></section>"
    )


def _week(week: Week) -> str:
    return (
        "<section><h2>Ten cards that are not here <span class=modelled>modelled</span></h2>"
        "<p>The same scheduler on a virtual clock: who would sit where, on whole cards and MIG"
        f" slices, before anything is bought. {escape(week.sentence)}</p>"
        f"<pre class=command>{escape(week.command)}</pre>"
        "<p>Many a wall does not give that much. Told of the circuit, Tenfold caps each card where"
        " its work loses least, and waits where that is not enough."
        f" {escape(week.circuit_sentence)}</p>"
        f"<pre class=command>{escape(week.circuit_command)}</pre>{week.picture}</section>"
    )


def _proof() -> str:
    rows = "".join(
        f"<tr><td>{_marked(claim.what)}</td><td>{escape(claim.words())}</td>"
        f"<td><code>{escape(claim.command)}</code></td></tr>"
        for claim in CLAIMS
    )
    return (
        "<section><h2>Why trust it</h2><p>Each figure below is printed by one command and kept"
        " with its date, versions and machine; what was not measured says so."
        " <code>docs/evidence.md</code> has the whole table.</p>"
        "<div class=wide><table><thead><tr><th>checked</th><th>figure</th><th>command</th></tr>"
        f"</thead><tbody>{rows}</tbody></table></div></section>"
    )


def _next() -> str:
    lines = (
        ("source .venv/bin/activate", "then `tenfold` is a command"),
        ("tenfold up", "your own daemon, on 127.0.0.1 only"),
        ("tenfold workloads", "what it can do"),
        ("tenfold run llm.pretrain --text ~/notes", "a small language model of your own words"),
        ("tenfold run -- python your_script.py", "any program of yours, in the same queue"),
        ("tenfold doctor", "what is missing on this machine"),
    )
    width = max(len(command) for command, _ in lines)
    text = "\n".join(f"{command:<{width}}  # {about}" for command, about in lines)
    return f"<section><h2>Now yours</h2><pre class=command>{escape(text)}</pre></section>"


def _picture(file: ArtifactFile) -> str:
    data = base64.b64encode(file.path.read_bytes()).decode()
    kind = PICTURES[file.path.suffix.lower()]
    return (
        f'<figure><img src="data:image/{kind};base64,{data}" alt="{escape(file.title)}">'
        f"<figcaption>{escape(file.title)}</figcaption></figure>"
    )


def _text(file: ArtifactFile) -> str:
    text = file.path.read_text(encoding="utf-8", errors="replace")
    cut = text if len(text) <= TEXT_CHARS else f"{text[:TEXT_CHARS]} ..."
    return f"<div><h3>{escape(file.title)}</h3><pre>{escape(cut)}</pre></div>"


def _is_small_text(file: ArtifactFile) -> bool:
    return file.path.is_file() and file.path.suffix in (".txt", ".md")


def _badge(holds: bool) -> str:
    return "<span class=good>holds</span>" if holds else "<span class=bad>does not hold</span>"


def _marked(text: str) -> str:
    """Escaped, with `code` marked as in the README."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(pieces))
