"""run: commands and workloads, followed to their end."""

import json
import os
import signal
import sys


def told(process, words):
    """The next line on stderr that has `words`."""
    return next(line for line in process.stderr if words in line)


def test_a_commands_words_come_to_stdout_and_nothing_else(tenfold):
    told = tenfold("run", "--", "sh", "-c", "echo one; echo two")
    assert told.out == "one\ntwo\n"


def test_a_command_runs_where_the_caller_stands(tenfold, tmp_path):
    assert tenfold("run", "--", "pwd", cwd=tmp_path).out == f"{tmp_path}\n"


def test_a_failed_commands_exit_status_is_ours(tenfold):
    told = tenfold("run", "--", "sh", "-c", "exit 7", status=7)
    assert "exit status 7" in told.err


def test_only_what_is_set_reaches_the_environment(tenfold):
    words = ("sh", "-c", "echo ${MINE-none} ${SAID-none}")
    told = tenfold("run", "--set", "SAID=yes", "--", *words, env={"MINE": "no"})
    assert told.out == "none yes\n"


def test_the_callers_environment_is_used_and_said(tenfold, tmp_path):
    mine = tmp_path / "venv"
    (mine / "bin").mkdir(parents=True)
    (mine / "bin" / "python").symlink_to(sys.executable)
    words = ("run", "--json", "--", "true")
    told = tenfold(*words, env={"VIRTUAL_ENV": str(mine)})
    assert told.json["job"]["spec"]["params"]["env"] == str(mine)
    assert f"your environment {mine}" in told.err


def test_detached_it_returns_the_id_and_logs_follow_it(tenfold):
    job = tenfold("run", "--detach", "--", "sh", "-c", "sleep 0.4; echo late").out.strip()
    assert tenfold("logs", "-f", job).out == "late\n"
    assert tenfold("logs", job).out == "late\n"


def test_what_is_asked_arrives(tenfold):
    first = tenfold("run", "--detach", "--", "true").out.strip()
    words = [
        "--cores",
        "1",
        "--memory",
        "0.25",
        "--time",
        "1h30m",
        "--priority",
        "2",
        "--retry",
        "1",
        "--yields",
        "--name",
        "N",
    ]
    view = tenfold("run", *words, "--after", first, "--detach", "--json", "--", "true").json["job"]
    spec = view["spec"]
    assert (spec["needs"]["memory_gib"], spec["needs"]["time_s"]) == (0.25, 5400)
    assert (spec["priority"], spec["retry"], spec["resumes"], spec["after"]) == (
        2,
        1,
        True,
        [first],
    )
    assert view["name"] == "N"


def test_a_workload_shows_result_verdict_and_files(tenfold):
    told = tenfold("run", "mine.small", "--size", "smoke")
    assert "It counted to 2." in told.out and "holds: It counted to less than five." in told.out
    path = next(word for word in told.out.split() if word.endswith("count.txt"))
    with open(path) as file:
        assert file.read() == "2"


def test_a_verdict_that_does_not_hold_is_exit_status_one(tenfold):
    told = tenfold("run", "mine.small", "--count", "9", status=1)
    assert "does not hold" in told.out


def test_a_file_of_the_callers_is_named_from_the_root(tenfold, tmp_path):
    told = tenfold("run", "mine.small", "--file", "x.stl", "--json", cwd=tmp_path)
    assert told.json["job"]["outcome"]["result"]["figures"]["file"] == str(tmp_path / "x.stl")


def test_wrong_params_are_refused_before_anything_runs(tenfold):
    def code(*words):
        return tenfold("run", "mine.small", *words, "--json", status=2).json["refusal"]

    assert "--count" in code("--cuont", "2")["why"]
    assert code("--count", "99")["code"] == "workload.param"
    assert code("--count", "two")["code"] == "workload.param"
    assert code("--size", "vast")["code"] == "workload.size"
    near = tenfold("run", "mine.smal", "--json", status=2).json["refusal"]
    assert near["code"] == "workload.unknown" and "mine.small" in near["why"]


def test_help_of_a_workload_with_and_without_a_daemon(tenfold, bare):
    (bare.home / "workloads").mkdir(parents=True)
    (bare.home / "workloads" / "mine").symlink_to(tenfold.home / "workloads" / "mine")
    for program in (tenfold, bare):
        told = program("run", "mine.small", "--help").out
        assert "How far it counts. [from 1 to 50 steps; default 3]" in told
        assert "--loud, --no-loud" in told and "smoke  count 2" in told
        assert "count" in program("workloads", "mine.small").out


def test_interrupted_it_leaves_the_job_running(tenfold):
    process = tenfold.start("run", "--", "sleep", "30", start_new_session=True)
    job = told(process, "running on").split()[0]
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert f"tenfold logs -f {job}" in err and f"tenfold cancel {job}" in err
    assert "Traceback" not in err
    assert tenfold("explain", job, "--json").json["job"]["state"] == "running"
    tenfold("cancel", job)
    tenfold.until_state(job, "cancelled")


def test_a_cancelled_job_ends_the_watch(tenfold):
    process = tenfold.start("run", "--", "sleep", "30")
    job = process.stderr.readline().split()[0]
    tenfold("cancel", job)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 1 and "cancelled" in err and out == ""


def test_without_a_daemon_one_is_started_and_outlived(bare, kill):
    """The watch survives the daemon's kill -9 and its return."""
    words = ("sh", "-c", "echo first; until [ -e go ]; do sleep 0.05; done; echo last")
    bare.home.mkdir()
    process = bare.start("run", "--", *words, cwd=bare.home)
    assert process.stdout.readline() == "first\n"
    kill(bare.daemon_pid())
    assert process.stderr.readline().startswith("Started the daemon for ")
    told(process, "The daemon went away")
    bare("up")
    (bare.home / "go").touch()
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "last\n")
    assert "The daemon is back." in err


def test_json_is_one_value_on_stdout(tenfold):
    told = tenfold("run", "--json", "--", "echo", "words")
    assert json.loads(told.out)["job"]["outcome"]["exit_code"] == 0
