"""plan: the real program, its summary, its pictures and its refusals."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "owner-week.toml"
SMALL = 'days = 1\n[[job]]\nname = "one"\ngpus = 4\ntime = "2h"\nby = "+3h"\n'


@pytest.fixture
def week(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


def test_the_example_is_planned_and_drawn(tenfold, tmp_path):
    told = tenfold("plan", EXAMPLE, "--box", "10xH100-PCIe", cwd=tmp_path)
    assert told.out.startswith("owner-week on 10xH100-PCIe  modelled\n")
    for word in ("jobs", "makespan", "cards", "waiting", "energy", "draws", "gpu9"):
        assert f"  {word} " in told.out
    assert told.out.endswith("pictures  plan-owner-week/plan.html and plan.png\n")
    page = (tmp_path / "plan-owner-week" / "plan.html").read_text()
    assert "<svg" in page and "modelled" in page
    assert (tmp_path / "plan-owner-week" / "plan.png").read_bytes()[:4] == b"\x89PNG"


def test_json_is_the_answer_and_draws_only_if_asked(tenfold, week, tmp_path):
    told = tenfold("plan", week, "--box", "10xH100-PCIe", "--json", cwd=tmp_path)
    assert told.json["figures"]["done"] == 1 and told.json["modelled"] is True
    assert not (tmp_path / "plan-small").exists()
    out = tmp_path / "deep" / "down"
    tenfold("plan", week, "--box", "10xH100-PCIe", "--json", "--out", out)
    assert sorted(file.name for file in out.iterdir()) == ["plan.html", "plan.png"]


def test_a_site_file_limits_and_prices(tenfold, week, tmp_path):
    site = tmp_path / "site.toml"
    site.write_text("[site]\nwatts = 4500\nprice_kwh = 0.5\n")
    told = tenfold("plan", week, "--box", "10xH100-PCIe", "--site", site, cwd=tmp_path)
    assert "the site allows 4 500 W" in told.out
    assert "kWh, costs 3" in told.out


def test_who_never_runs_or_is_late_ends_with_1(tenfold, week, tmp_path):
    site = tmp_path / "site.toml"
    site.write_text("[site]\nwatts = 3000\n")
    words = ("plan", week, "--box", "10xH100-PCIe", "--site", site)
    told = tenfold(*words, cwd=tmp_path, status=1)
    assert "1 late, 1 never done" in told.out
    assert "one  never ran: " in told.out
    week.write_text(SMALL.replace("+3h", "+1h"))
    told = tenfold("plan", week, "--box", "10xH100-PCIe", cwd=tmp_path, status=1)
    assert "one  done 1 h 00 min after Mon 01:00" in told.out


def test_a_box_file_is_found_from_here(tenfold, week, tmp_path):
    (tmp_path / "attic.toml").write_text('[[node]]\ncards = "4xL40S"\n')
    told = tenfold("plan", week, "--box", "attic.toml", "--json", cwd=tmp_path)
    assert told.json["box"] == "attic"


def test_without_matplotlib_it_says_so(tenfold, week, tmp_path):
    hidden = tmp_path / "hidden" / "matplotlib"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError('hidden')\n")
    env = {"PYTHONPATH": str(hidden.parent)}
    told = tenfold("plan", week, "--box", "10xH100-PCIe", cwd=tmp_path, env=env)
    assert "No plan.png: matplotlib is not installed" in told.err
    assert told.out.endswith("plan-small/plan.html\n")
    assert [file.name for file in (tmp_path / "plan-small").iterdir()] == ["plan.html"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no [[job]]"),
        (SMALL.replace("gpus", "gpu"), "small.toml, line 4"),
        (SMALL.replace("gpus = 4", 'workload = "simulate.cavty"'), "simulate.cavity"),
        (SMALL.replace("gpus = 4", "gpus = 12"), "10 GPUs"),
        (SMALL.replace("+3h", "Mon 00:00"), "asked for only at Mon 00:00"),
        (SMALL + 'after = "one"\n', "one → one"),
    ],
)
def test_a_bad_week_is_refused(tenfold, week, text, words):
    week.write_text(text)
    told = tenfold("plan", week, "--box", "10xH100-PCIe", status=2)
    assert words in told.err and "next" in told.err and not told.out


def test_files_that_cannot_be_read_or_written(tenfold, week, tmp_path):
    assert "No such file" in tenfold("plan", tmp_path / "none.toml", status=2).err
    assert "directory" in tenfold("plan", tmp_path, status=2).err
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"\n')
    assert "UTF-8" in tenfold("plan", tmp_path / "latin.toml", status=2).err
    site = ("--site", tmp_path / "none.toml")
    assert "No such file" in tenfold("plan", week, *site, status=2).err
    (tmp_path / "file").write_text("")
    out = ("--out", tmp_path / "file")
    told = tenfold("plan", week, "--box", "10xH100-PCIe", *out, status=2)
    assert "cannot be written" in told.err


def test_rich_and_matplotlib_are_not_imported_for_help(tenfold):
    code = (
        "import sys; from tenfold.cli.__main__ import main; main(['plan', '--help']);"
        "print([m for m in ('rich', 'matplotlib') if m in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "week file" in ended.stdout and ended.stderr.strip() == "[]"
