"""`tenfold plan WEEK`: what a box would do with a week, on the virtual clock, with its picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tenfold.cli.daemon import ensure_daemon
from tenfold.cli.gantt import Scene, scene
from tenfold.cli.parser import Parser, with_json
from tenfold.cli.plan_page import page
from tenfold.cli.plan_words import late_words, money, peak_words, share, strips, waiting_words
from tenfold.cli.show import BOLD, DIM, RED, note, rows, say, say_json, tint
from tenfold.cli.words import amount, clock, duration, one_line
from tenfold.client.call import Api
from tenfold.client.home import home_path
from tenfold.folder.durable import write_bytes
from tenfold.terms.refusal import refusal

LIMIT_S = 300.0  # for an answer: describers, then the play
SHOWN = 5  # jobs that waited longest

_ABOUT = """\
What a box would do with a week of jobs: who sits where and when, waiting, kWh, cost, watts.
Everything is modelled, on a clock that jumps from event to event; nothing runs.

  tenfold plan examples/owner-week.toml --box 10xH100-PCIe

Exit status 1 if a job never ends or misses its deadline."""


def plan(argv: list[str]) -> int:
    parser = with_json(Parser("plan", _ABOUT))
    add = parser.add_argument
    add("week", metavar="WEEK", help="a week file (TOML); docs/plan-before-you-buy.md")
    add("--box", metavar="BOX", help="a declared box such as 10xH100-PCIe, or a file (this one)")
    add("--site", metavar="FILE", help="what the place allows: [site] with watts and price_kwh")
    add("--out", metavar="FOLDER", help="where plan.html and plan.png go (./plan-WEEK)")
    asked = parser.parse_args(argv)
    home = home_path()
    body = request(Path(asked.week), asked.box, Path(asked.site) if asked.site else None)
    ensure_daemon(home)
    answer = Api(home, LIMIT_S).post("/api/plan", body)
    if asked.json:
        say_json(answer)
    else:
        _show(answer)
    if asked.out or not asked.json:
        folder = Path(asked.out or f"plan-{answer['name']}")
        made = _pictures(folder, answer)
        if not asked.json:
            say(rows([("pictures", f"{made[0]}{' and ' + made[1].name if made[1:] else ''}")]))
    figures = answer["figures"]
    return 1 if figures["never"] or figures["late"] else 0


def request(week: Path, box: str | None = None, site: Path | None = None) -> dict[str, Any]:
    """The body of POST /api/plan for these files."""
    body: dict[str, Any] = {"week": _text(week), "file": week.name}
    if box:  # a file is named from the root, since the daemon works elsewhere
        body["box"] = str(Path(box).absolute()) if Path(box).is_file() else box
    if site:
        body |= {"site": _text(site), "site_file": str(site.absolute())}
    return body


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = "It is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise refusal("plan.file", path=path, why=f"{why}.") from error


def _show(answer: dict[str, Any]) -> None:
    figures = answer["figures"]
    label = tint("modelled", DIM)
    say(f"{tint(answer['name'], BOLD)} on {tint(answer['box'], BOLD)}  {label}")
    told = [
        ("jobs", _jobs_words(figures)),
        ("makespan", duration(figures["makespan_s"])),
        ("cards", f"{share(figures['utilisation'])} of their compute is given to jobs"),
        ("waiting", waiting_words(figures)),
        ("energy", f"{amount(figures['kwh'], 'kWh')}{money(figures)}"),
        ("draws", f"{peak_words(figures)}{_limit_words(answer)}"),
    ]
    say(rows(told))
    say()
    for name, strip in strips(answer):
        say(f"  {tint(name.ljust(6), DIM)} {strip}")
    say()
    _show_some("late, or never", late_words(answer))
    waits = sorted(answer["rows"], key=lambda row: -(row["waited_s"] or 0.0))
    longest = [row for row in waits[:SHOWN] if (row["waited_s"] or 0.0) >= 60.0]
    _show_some(
        "waited longest",
        [
            (row["name"], f"{duration(row['waited_s'])} from {clock(row['ready_s'])}")
            for row in longest
        ],
    )


def _show_some(title: str, told: list[tuple[str, str]]) -> None:
    if told:
        say(f"  {tint(title, RED if 'late' in title else DIM)}")
        say(rows([(one_line(name), one_line(text)) for name, text in told], indent="    "))
        say()


def _jobs_words(figures: dict[str, Any]) -> str:
    parts = [f"{figures['done']} done"]
    if figures["serve"]:
        parts.append(f"{figures['serve']} to the end of the plan")
    if figures["late"]:
        parts.append(tint(f"{figures['late']} late", RED))
    if figures["never"]:
        parts.append(tint(f"{figures['never']} never done", RED))
    return f"{figures['jobs']}: {', '.join(parts)}"


def _limit_words(answer: dict[str, Any]) -> str:
    limits = [watts for _, watts in answer["limits"] if watts is not None]
    return f"; the site allows {amount(min(limits), 'W')}" if limits else ""


def _pictures(folder: Path, answer: dict[str, Any]) -> list[Path]:
    """plan.html, and plan.png where matplotlib is there."""
    drawn = scene(answer)
    made = [folder / "plan.html"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(made[0], page(answer).encode())
        if _png(folder / "plan.png", drawn):
            made.append(folder / "plan.png")
    except OSError as error:
        raise refusal("plan.out", folder=folder, why=f"{error.strerror or error}.") from error
    return made


def _png(path: Path, drawn: Scene) -> bool:
    try:
        from tenfold.cli.gantt_png import draw
    except ImportError:
        note("No plan.png: matplotlib is not installed (pip install 'tenfold[simulate]').")
        return False
    draw(path, drawn)
    return True
