"""`tenfold doctor` as a program, on this machine, without a daemon and with one."""

import json
import os
import shlex
import subprocess
import sys

import pytest


def of(seen, name):
    return [finding for finding in seen["findings"] if finding["name"] == name]


def read_only(bare, *words):
    """`tenfold WORDS` where the home is mounted read-only, for that process alone."""
    argv = shlex.join([sys.executable, "-m", "tenfold.cli", *words])
    home = shlex.quote(str(bare.home))
    mounts = f"mount --bind {home} {home} && mount -o remount,bind,ro {home} && exec {argv}"
    alone = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-r", "-m"]
    return subprocess.run(
        [*alone, "sh", "-c", mounts], env=bare.variables, capture_output=True, text=True, timeout=60
    )


def ready(bare, **more):
    """Its JSON; the exit status is what it says."""
    with bare.start("doctor", "--json", **more) as process:
        out, err = process.communicate(timeout=60)
    seen = json.loads(out)
    assert process.returncode == (0 if seen["ready"] else 1), (out, err)
    troubled = [f for f in seen["findings"] if f["state"] == "trouble"]
    assert bool(troubled) != seen["ready"]
    return seen


def test_it_needs_no_daemon_and_leaves_nothing(bare):
    seen = ready(bare)
    assert {f["group"] for f in seen["findings"]} == {
        "software",
        "cards",
        "disk",
        "system",
        "daemon",
    }
    assert all(
        set(f) == {"group", "name", "state", "found", "why", "fix"} for f in seen["findings"]
    )
    assert not bare.home.exists()


def test_trouble_is_said_last_and_in_the_exit_status(bare):
    """A home that nobody can write, root neither."""
    done = bare("doctor", status=1, env={"TENFOLD_HOME": "/proc/tenfold"})
    lines = done.out.splitlines()
    head = lines.index("Trouble")
    assert "Software" in lines[:head] and lines[-1].startswith("Not ready: ")
    told = "\n".join(lines[head:])
    assert "/proc/tenfold cannot be written" in told
    assert "TENFOLD_HOME=/a/folder/of/yours tenfold up" in told


def test_extras_that_are_missing(bare, tmp_path):
    """A finder that knows no torch, put before everything else."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\nreal = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'torch' else real(name, *rest)\n"
    )
    seen = ready(bare, env={"PYTHONPATH": str(tmp_path)})
    assert any(f["fix"].endswith("[gang]'") for f in of(seen, "extras"))
    assert of(seen, "torch") == []


def test_the_daemon_is_seen_and_a_killed_one(bare, kill):
    bare("up")
    up = ready(bare)
    assert "is up" in of(up, "daemon")[0]["found"] and of(up, "port") == []
    kill(bare.daemon_pid())
    bare.until(lambda: "was killed" in of(ready(bare), "daemon")[0]["found"])
    bare("up")


WRITES = [("up",), ("run", "simulate.cavity"), ("run", "--", "true")]


@pytest.mark.parametrize("words", WRITES, ids=" ".join)
def test_a_home_that_nobody_can_make_is_refused(bare, words):
    """/proc refuses root as well."""
    done = bare(*words, status=2, env={"TENFOLD_HOME": "/proc/tenfold"})
    assert "The home /proc/tenfold cannot be written." in done.err
    assert "TENFOLD_HOME=/a/folder/of/yours" in done.err


@pytest.mark.parametrize("words", WRITES, ids=" ".join)
def test_a_home_on_a_read_only_disk_is_refused(bare, words):
    """One that was in use already, as when a disk's error made its file system read-only."""
    bare("up")
    bare("down")
    done = read_only(bare, *words)
    assert done.returncode == 2, done.stderr
    assert f"The home {bare.home} cannot be written." in done.stderr
    assert "Read-only file system" in done.stderr


def test_the_doctor_sees_a_read_only_disk(bare):
    bare.home.mkdir()
    done = read_only(bare, "doctor", "--json")
    assert done.returncode == 1, done.stderr
    assert "read-only file system" in of(json.loads(done.stdout), "home")[0]["found"]
