"""The README and docs say what is so: links, commands, calls, figures, and the examples run."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from faults.daemon import PrivateDaemon, kill_marked, variables

from tenfold.api import box, events, jobs, metrics, pages, workloads
from tenfold.catalogue.listing import listing
from tenfold.cli.__main__ import COMMANDS
from tenfold.folder.paths import CurrentFile, JobFile, JobFolder
from tenfold.terms.box import DeviceKind, Slot
from tenfold.terms.job import JobSpec
from tenfold.terms.outcome import Outcome

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))

import chinese  # noqa: E402
import generate  # noqa: E402
from claim import RESULTS  # noqa: E402
from claims import CLAIMS  # noqa: E402

PAGES = [*generate.pages(), ROOT / "CHANGELOG.md", *sorted((ROOT / "decisions").glob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
# Numbers with a unit of measurement; limits in the generated tables are not prose.
MEASURED = re.compile(
    r"(?<![\w.])\d[\d.,]*\s?"
    r"((ms|s|min|minutes|seconds|W|kWh|kW|[KMG]i?B|times|tokens/s|MFU)\b|%|毫秒|秒|分鐘|小時|瓦|倍|度)"
)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def fenced(language: str, page: Path) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text_of(page), re.DOTALL | re.MULTILINE)


def shell_lines() -> Iterator[tuple[str, list[str]]]:
    """(page, words) of every command line in a `sh` block, comments taken off."""
    for page in generate.pages():
        for block in fenced("sh", page):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                    words = words[1:]
                if words:
                    yield page.name, words


TENFOLD_LINES = [(page, words[1:]) for page, words in shell_lines() if words[0] == "tenfold"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the workload of the docs in it."""
    folder: Path = tmp_path_factory.mktemp("docs") / "home"
    (folder / "workloads" / "mine").mkdir(parents=True)
    (folder / "workloads" / "mine" / "darts.py").write_text(example(), encoding="utf-8")
    return folder


def example() -> str:
    (code,) = fenced("python", ROOT / "docs" / "add-a-workload.md")
    return code


# --- pages


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_resolve(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", text_of(page)):
        file, _, anchor = target.partition("#")
        place = page if not file else (page.parent / file).resolve()
        assert place.exists(), f"{page.name}: {target}"
        if anchor:
            heads = re.findall(r"^#+ (.*)$", text_of(place), re.MULTILINE)
            assert anchor in [head.lower().replace(" ", "-") for head in heads], target


def test_first_command_by_line_40() -> None:
    before = text_of(ROOT / "README.md").split("```sh\n")[0]
    assert before.count("\n") < 40


@pytest.mark.parametrize("page", generate.pages(), ids=lambda page: str(page.name))
def test_generated_parts_are_fresh(page: Path) -> None:
    text = text_of(page)
    assert generate.refreshed(text) == text, "stale: run .venv/bin/python docs/generate.py"


def test_every_part_is_used() -> None:
    together = "".join(text_of(page) for page in generate.pages())
    for name in generate.PARTS:
        assert together.count(f"<!-- {name} -->") == together.count(f"<!-- /{name} -->") >= 1


@pytest.mark.parametrize("page", generate.pages(), ids=lambda page: str(page.name))
def test_no_figure_is_typed_by_hand(page: Path) -> None:
    """Measurements and limits stand in generated tables; words about them have no numbers."""
    text = text_of(page)
    for name in generate.PARTS:
        text = re.sub(rf"<!-- {name} -->.*?<!-- /{name} -->", "", text, flags=re.DOTALL)
    prose = re.sub(r"^```.*?^```$|`[^`]*`", "", text, flags=re.DOTALL | re.MULTILINE)
    found = [match[0] for match in MEASURED.finditer(prose)]
    assert not found, f"{page.name}: {found}"


def test_figures_are_those_of_the_kept_files() -> None:
    shown = text_of(ROOT / "README.md")
    for claim in CLAIMS:
        assert claim.words() in shown
        if not (RESULTS / claim.file).exists():
            assert claim.words() == "not run"


# --- the README in Chinese


def commands(page: Path) -> list[list[str]]:
    """The lines of all `sh` blocks, without their comments."""
    lines = (line for block in fenced("sh", page) for line in block.splitlines())
    return [shlex.split(line, comments=True) for line in lines]


def links(page: Path) -> list[str]:
    found = re.findall(r"\]\(([^)#]+)\)", prose(page))
    return sorted(target for target in found if "README" not in target)


def code_words(page: Path) -> list[str]:
    return sorted(re.findall(r"`[^`]+`", prose(page)))


@pytest.mark.parametrize(
    "part",
    [
        commands,
        links,
        code_words,
        lambda page: fenced("python", page),
        lambda page: [mark for mark, _ in heads(page)],
        lambda page: prose(page).count("\n| "),
        lambda page: re.findall(r"<!-- (\w+)", text_of(page)),
    ],
    ids=["commands", "links", "code", "python", "headings", "table rows", "generated"],
)
def test_chinese_readme_is_in_step(part: Any) -> None:
    """The same commands, links, code words, headings and tables as in English."""
    assert part(ROOT / "README.md") == part(ROOT / "README.zh-Hant.md")


def prose(page: Path) -> str:
    """Without fenced blocks and generated parts."""
    text = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"<!-- (\S.*?) -->.*?<!-- /\1 -->", "", text, flags=re.DOTALL)


def heads(page: Path) -> list[tuple[str, str]]:
    return re.findall(r"^(#+) (.*)$", prose(page), re.MULTILINE)


def test_chinese_has_every_translation_and_no_other() -> None:
    packaged = {entry.name for entry in listing(Path("/nonexistent"))}
    assert set(chinese.WORKLOADS) == packaged
    assert set(chinese.CLAIMS) == {claim.what for claim in CLAIMS}
    said = [*chinese.WORKLOADS.values(), *chinese.CLAIMS.values()]
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in said)


# --- commands


@pytest.mark.parametrize(
    "page,words", TENFOLD_LINES, ids=[" ".join(words)[:60] for _, words in TENFOLD_LINES]
)
def test_tenfold_lines(page: str, words: list[str], home: Path) -> None:
    command, rest = words[0], words[1:]
    assert command in COMMANDS
    ours = rest[: rest.index("--")] if "--" in rest else rest
    name = ours[0] if ours and command in ("run", "workloads", "estimate") else ""
    if name and not name.startswith("-"):
        assert name in [entry.name for entry in listing(home)]
    said = help_of(command, name if command == "run" and "--" not in rest else "", home)
    if command == "estimate" and name:
        said += help_of("estimate", name, home)
    for option in (word.split("=")[0] for word in ours if re.match(r"--?[a-z]", word)):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", said), f"{page}: {command} {option}"


@cache
def help_of(command: str, name: str, home: Path) -> str:
    argv = [sys.executable, "-m", "tenfold", command, *([name] if name else []), "--help"]
    environment = {**os.environ, "TENFOLD_HOME": str(home), "COLUMNS": "200"}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_commands_that_are_named_in_passing() -> None:
    for page in generate.pages():
        for command in re.findall(r"`tenfold ([a-z]+)", text_of(page)):
            assert command in COMMANDS, f"{page.name}: tenfold {command}"


def test_make_targets() -> None:
    makefile = text_of(ROOT / "Makefile")
    for page in generate.pages():
        for target in re.findall(r"(?:`|^)make ([a-z-]+)", text_of(page), re.MULTILINE):
            bench = target.removeprefix("bench-").replace("-", "_")
            script = target.startswith("bench-") and (ROOT / "benchmarks" / f"{bench}.py").exists()
            assert script or re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_addresses_of_the_api() -> None:
    routes = [
        route
        for noun in (box, events, jobs, metrics, pages, workloads)
        for route in noun.routes.routes
    ]
    page = ROOT / "docs" / "ask-from-python-or-http.md"
    asked = re.findall(r"http://127\.0\.0\.1:7410(/[\w/.-]*)", text_of(page))
    listed = re.findall(r"`(?:GET|POST|GET` and `POST) (/[\w/.]+)", text_of(page))
    assert len(asked) >= 5 and len(listed) >= 8
    for path in [*asked, *listed, *(f"/api/jobs/1/{p}" for p in ("explain", "metrics", "log"))]:
        matching = [route for route in routes if route.path_regex.match(path)]
        assert matching or path == "/openapi.json", path  # that one FastAPI adds itself


# --- examples


def test_example_workload_runs_and_is_judged(home: Path) -> None:
    outcome = ran(home, "1")
    assert outcome.ending == "succeeded", outcome.error
    assert outcome.verdict is not None and outcome.verdict.holds
    assert outcome.verdict.figures["off"] > 0


def test_example_workload_can_fail(home: Path) -> None:
    """Its gate sees a wrong pi: the same file, with darts that miss less."""
    wrong = example().replace("chance.random()) < 1", "chance.random()) < 1.02")
    assert wrong != example()
    (home / "workloads" / "mine" / "wrong.py").write_text(wrong, encoding="utf-8")
    verdict = ran(home, "2", "mine.wrong").verdict
    assert verdict is not None and not verdict.holds


def ran(home: Path, id: str, workload: str = "mine.darts") -> Outcome:
    """One attempt from its folder alone, as docs/how-a-job-travels.md says."""
    folder = JobFolder(home / "jobs" / id)
    folder.write_job(JobFile(id, JobSpec(workload, size="smoke")))
    slot = Slot("here", ("cpu",), DeviceKind.CPU, 1, 1.0)
    folder.write_current(CurrentFile(1, secrets.token_hex(16), slot))
    argv = [sys.executable, "-m", "tenfold.runner", str(folder.path), "1"]
    subprocess.run(argv, env={**os.environ, "TENFOLD_HOME": str(home)}, check=True, timeout=60)
    outcome = folder.read_outcome(1)
    assert outcome is not None
    return outcome


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDaemon]:
    folder = tmp_path_factory.mktemp("docs-daemon")
    private = PrivateDaemon(folder, variables(folder))
    private.start()
    yield private
    private.end()
    kill_marked(str(folder))


@pytest.mark.parametrize("page", ["README.md", "docs/ask-from-python-or-http.md"])
def test_python_of_the_client_runs(
    page: str,
    daemon: PrivateDaemon,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TENFOLD_HOME", str(daemon.home))
    (code,) = fenced("python", ROOT / page)
    names: dict[str, Any] = {}
    exec(compile(code, page, "exec"), names)
    said = capsys.readouterr().out
    assert "Largest error on the centre lines" in said
    assert "cavity.png" in said
    if "second" in names:
        assert names["first"].log() == "42\n" and names["second"].state == "succeeded"


def test_training_script_of_the_demo_learns() -> None:
    script = ROOT / "examples" / "train.py"
    done = subprocess.run(
        [sys.executable, str(script), "--epochs", "2"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"epoch 2 of 2: loss 0\.\d{4}, \d\d\.\d% right", done.stdout.split("\n")[1])


def test_every_make_target_does_something() -> None:
    """A phony target without a recipe of its own is "nothing to be done", with exit status 0."""
    targets = _phony()
    assert {"bench-cli", "bench-power-cut", "demo"} <= set(targets)
    for target in targets:
        ran = subprocess.run(
            ["make", "--always-make", "-n", target], cwd=ROOT, capture_output=True, text=True
        )
        assert ran.returncode == 0, f"make {target}: {ran.stderr}"
        assert "Nothing to be done" not in ran.stdout, f"make {target} does nothing"


def test_every_make_target_that_a_page_names_is_there() -> None:
    named = {word for page in PAGES for word in re.findall(r"`make ([a-z-]+)`", page.read_text())}
    assert {"bench-crash", "demo", "test"} <= named
    assert named <= set(_phony())


def _phony() -> list[str]:
    """The targets that a person names, those of the list of benchmarks among them."""
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    benches = re.search(r"^BENCHES := (.*)$", makefile, re.MULTILINE)
    named = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert benches and named
    return named[1].replace("$(BENCHES)", benches[1]).split()
