"""Writes the parts of README.md and docs/ that are taken from the code and from kept measurements.

    .venv/bin/python docs/generate.py

A part stands between `<!-- NAME -->` and `<!-- /NAME -->`. `tests/test_docs.py` fails when one is
stale. Figures come from benchmarks/results/*.json and nowhere else; a file that is not there is
named as not run.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path

import chinese
from better import BETTER
from claim import NOT_RUN, RESULTS, Claim, all_kept, full_on_gpu, kept
from claims import CLAIMS

from tenfold.catalogue.listing import PACKAGED, Entry, listing
from tenfold.catalogue.loading import load
from tenfold.client import follow
from tenfold.doctor.checks import CHECKS
from tenfold.engine import describe, ending, local, orders, services
from tenfold.folder.paths import TOKEN_VARIABLE
from tenfold.proxy import body, line, table
from tenfold.runner import checkpoint, claim, log, process
from tenfold.runner.context import JobContext
from tenfold.terms.job import StopFor
from tenfold.terms.states import TABLE

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"  # of workloads at `desk`, by name
NO_HOME = Path("/nonexistent")  # so that nobody's own workloads come into the table


def main() -> None:
    for page in pages():
        text = page.read_text(encoding="utf-8")
        fresh = refreshed(text)
        if fresh != text:
            page.write_text(fresh, encoding="utf-8")
            sys.stdout.write(f"written: {page.relative_to(ROOT)}\n")


def pages() -> list[Path]:
    return [ROOT / "README.md", ROOT / "README.zh-Hant.md", *sorted((ROOT / "docs").glob("*.md"))]


def refreshed(text: str) -> str:
    """`text` with every generated part made anew."""
    for name, part in PARTS.items():
        marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = marks.sub(lambda found, part=part: f"{found[1]}{part()}\n{found[2]}", text)
    return text


# --- the catalogue


def catalogue() -> str:
    return _table(
        ("workload", "what it is", "sizes", "small", "real path", "full"),
        (_entry_row(entry) for entry in _packaged()),
    )


def catalogue_in_chinese() -> str:
    rows = []
    for entry in _packaged():
        name, _, sizes, *levels = _entry_row(entry)
        said = (chinese.CELLS[level] for level in levels)
        rows.append((name, chinese.WORKLOADS[entry.name], sizes, *said))
    return _table(chinese.CATALOGUE_HEAD, rows)


def gallery() -> str:
    """The picture of each workload that has one, and how to make one's own."""
    shown = [entry for entry in _packaged() if (PICTURES / f"{entry.name}.png").exists()]
    return "\n\n".join(
        f"![{entry.title.partition(': ')[0]}](docs/pictures/{entry.name}.png)\n\n"
        f"*`tenfold run {entry.name} --size desk`*"
        for entry in shown
    )


def _packaged() -> list[Entry]:
    return [entry for entry in listing(NO_HOME) if entry.path.is_relative_to(PACKAGED)]


def _entry_row(entry: Entry) -> tuple[str, ...]:
    workload = load(entry.name, NO_HOME)
    sentence = entry.title.partition(": ")[2]
    sizes = ", ".join(workload.sizes)
    if workload.check is None:  # it runs what is the owner's: its exit status is all there is
        return (f"`{entry.name}`", sentence, "", "", "", "")
    kept = [content for content in all_kept() if content.get("workload") == entry.name]
    full = any(content.get("size") == "full" for content in kept) or entry.name in full_on_gpu()
    # No entry loads a published model yet; the first that does brings this column to life.
    return (
        f"`{entry.name}`",
        sentence,
        sizes,
        "yes" if "smoke" in workload.sizes else "no",
        "no model to load",
        "yes" if full else "not run on a GPU",
    )


# --- figures


def proof() -> str:
    rows = ((c.what, c.words(), c.aim_words(), f"`{c.command}`", _link(c.file)) for c in CLAIMS)
    return _table(("checked", "figure", "aim", "command", "kept in"), rows)


def proof_in_chinese() -> str:
    rows = (
        (chinese.CLAIMS[c.what], c.words(), c.aim_words(), f"`{c.command}`", _link(c.file))
        for c in CLAIMS
    )
    return _table(chinese.PROOF_HEAD, rows)


def evidence() -> str:
    head = ("checked", "figure", "kind", "command", "JSON", "date", "versions", "machine")
    return _table(head, (_evidence_row(claim) for claim in CLAIMS))


def _evidence_row(claim: Claim) -> tuple[str, ...]:
    content = kept(claim.file)
    link = f"[{claim.file}](../benchmarks/results/{claim.file})"
    if content is None:
        return (claim.what, NOT_RUN, "never run", f"`{claim.command}`", claim.file, "", "", "")
    known = ((name, version) for name, version in content["versions"].items() if version)
    versions = ", ".join(f"{name} {version}" for name, version in known)
    machine = content["machine"]
    processor = machine.get("gpu") or machine.get("cpu") or machine.get("processor") or ""
    cores = f"{machine['cores']} cores, " if "cores" in machine else ""
    return (
        claim.what,
        _figure(claim),
        "modelled" if claim.modelled else content.get("kind", "measured"),
        f"`{claim.command}`",
        link,
        content["date"][:10],
        versions,
        f"{cores}{processor}",
    )


def _figure(claim: Claim) -> str:
    missed = f"; misses its aim, {claim.aim}: {claim.missed}" if claim.missed else ""
    return claim.words() + missed


def better() -> str:
    """Where other tools are better."""
    rows = ((b.task, b.tool, b.why, b.words(), b.how, _source(b.source), b.when()) for b in BETTER)
    return _table(("for", "better", "why", "figure", "kind", "source", "date"), rows)


def _source(named: str) -> str:
    there = (RESULTS / named).exists()
    return f"[{named}](../benchmarks/results/{named})" if there else named


# --- facts of the code that a page needs


def limits() -> str:
    every_s = inspect.signature(JobContext.checkpoint).parameters["every_s"].default
    mib = 1 << 20
    rows = [
        ("A checkpoint is due", f"{every_s:g} s after the one before"),
        ("Checkpoints kept", f"the newest {checkpoint.KEPT}"),
        ("Crashes in a row, of a workload", f"{orders.WORKLOAD_RETRIES} are tried again"),
        ("Crashes in a row, of a service", "all are tried again, or N with `--retry N`"),
        ("Crashes in a row, of a command", "0 are tried again, or N with `--retry N`"),
        ("Attempts in a row that die before they begin", f"{ending.STARTS_TRIED}"),
        *((f"Time to save after a {s.value}", f"{local.GRACE_S[s]:g} s") for s in StopFor),
        (
            "Before a service is started again",
            f"{ending.FIRST_PAUSE_S:g} s, then twice as long each time, up to"
            f" {ending.LONGEST_PAUSE_S:g} s",
        ),
        ("A service that answered for so long counts afresh", f"{ending.STEADY_S:g} s"),
        ("A service that does not answer any more is restarted", f"after {services.DEAF_S:g} s"),
        ("A service may take to its first answer", f"{services.BEGIN_S:g} s"),
        *(
            (f"Requests under way may end before a {s.value}", f"{services.DRAIN_S[s]:g} s")
            for s in StopFor
        ),
        ("A request waits for its service", f"{table.WAIT_S:g} s"),
        ("The body of a request to the gateway", f"{body.MOST // mib} MiB"),
        ("All such bodies that no service has taken yet", f"{body.ALL // mib} MiB"),
        ("Requests for models that a service gets at a time", f"{line.AT_ONCE}"),
        ("Requests for models that wait for their turn", f"{line.MOST_WAITING}"),
        ("From SIGTERM to SIGKILL, for a command", f"{process.GRACE_S:g} s"),
        ("A log is cut beyond", f"{log.LIMIT_MIB:g} MiB"),
        ("Of a cut log there stay", f"{log.HEAD_BYTES // mib} MiB and {log.TAIL_BYTES // mib} MiB"),
        ("Room kept for the outcome on a full disk", f"{claim.RESERVE_BYTES // 1024} KiB"),
        ("Reading a workload file may take", f"{describe.TIMEOUT_S:g} s"),
        ("`tenfold run` waits for a daemon that went away", f"{follow.PATIENCE_S:g} s"),
        ("The token's variable in every process of an attempt", f"`{TOKEN_VARIABLE}`"),
    ]
    return _table(("limit", "value"), rows)


def states() -> str:
    ordered = groupby(TABLE.items(), key=lambda item: item[0][0])
    rows = (
        (f"`{state}`", ", ".join(f"{change} → `{after}`" for (_, change), after in rows))
        for state, rows in ordered
    )
    return _table(("a job that is", "may change so"), rows)


def doctor() -> str:
    rows = ((c.group, c.name, c.asks, c.matters) for c in CHECKS)
    return _table(("about", "check", "in order when, or what it tells", "why it matters"), rows)


# --- shapes


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _link(file: str) -> str:
    return f"[{file}](benchmarks/results/{file})" if (RESULTS / file).exists() else f"{file}"


PARTS: dict[str, Callable[[], str]] = {
    "catalogue": catalogue,
    "catalogue zh-Hant": catalogue_in_chinese,
    "gallery": gallery,
    "proof": proof,
    "proof zh-Hant": proof_in_chinese,
    "evidence": evidence,
    "better": better,
    "limits": limits,
    "states": states,
    "doctor": doctor,
}


if __name__ == "__main__":
    main()
