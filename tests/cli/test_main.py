"""The program's face: help, version, what is imported, and how a Refusal is shown."""

import json
import os
import subprocess
import sys

import pytest

from tenfold.cli.__main__ import COMMANDS, REFUSED, main


def loaded(*words):
    """Modules that `tenfold WORDS` has imported by its end."""
    code = (
        "import sys\nfrom tenfold.cli.__main__ import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "print('\\n'.join(sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
    )
    return set(ended.stdout.split())


def refused(capsys, *words):
    assert main([*words, "--json"]) == REFUSED
    out = capsys.readouterr()
    assert out.err == ""
    return json.loads(out.out)["refusal"]


def test_the_version_imports_next_to_nothing():
    assert not {"argparse", "json", "http.client", "rich", "pydantic"} & loaded("--version")


def test_the_catalogue_imports_no_drawing_and_no_validation():
    heavy = {"rich", "pydantic", "numpy", "torch", "httpx", "importlib.metadata"}
    assert not heavy & loaded("workloads")


def test_importing_tenfold_is_cheap_and_its_names_are_there():
    code = (
        "import sys, tenfold\nassert 'tenfold.client' not in sys.modules\n"
        "assert tenfold.__version__ and tenfold.connect and issubclass(tenfold.Refusal, Exception)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_command_has_help(capsys):
    for name in COMMANDS:
        assert main([name, "--help"]) == 0
        assert f"usage: tenfold {name}" in capsys.readouterr().out
    assert main([]) == 0
    overview = capsys.readouterr().out
    assert all(f"  {name} " in overview for name in COMMANDS)


def test_an_unknown_command_names_the_nearest(capsys):
    assert "'status'" in refused(capsys, "statsu")["why"]


def test_wrong_words_are_a_refusal(capsys):
    assert refused(capsys, "jobs", "--al")["code"] == "cli.usage"
    assert refused(capsys, "logs")["next"] == "tenfold logs --help"


def test_without_a_daemon_three_lines_and_status_two(capsys):
    assert main(["status"]) == REFUSED
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("No daemon answers for ")
    assert lines[1].startswith("  why   ") and lines[2] == "  next  tenfold up"


@pytest.mark.parametrize(
    "words",
    [["jobs"], ["logs", "1"], ["explain", "1"], ["cancel", "1"], ["top"], ["status"]],
)
def test_each_says_that_no_daemon_is_up(capsys, words):
    assert refused(capsys, *words)["code"] == "daemon.absent"


def test_a_command_without_dashes_is_told_of_them(capsys):
    told = refused(capsys, "run", "sleep", "3")
    assert told["code"] == "cli.command-dashes"
    assert told["next"].startswith("tenfold run -- sleep 3")


def test_a_json_of_the_command_itself_is_not_ours(capsys):
    assert main(["run", "--gpus", "many", "--", "x", "--json"]) == REFUSED
    out, err = capsys.readouterr()
    assert out == "" and "invalid int value" in err


def test_a_reader_that_has_seen_enough_is_no_error():
    for words in (["run"], ["workloads"]):
        reader, writer = os.pipe()
        os.close(reader)
        ended = subprocess.run(
            [sys.executable, "-m", "tenfold", *words], stdout=writer, stderr=subprocess.PIPE
        )
        os.close(writer)
        assert (ended.returncode, ended.stderr) == (1, b"")
