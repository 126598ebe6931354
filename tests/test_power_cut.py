"""The power fails: nothing that was promised is lost. And: the test itself can tell."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from faults import blackout, diskfull, writers
from faults.disk import Disk
from faults.loads.count import save
from faults.powercut import choose_stops, compare, cuts
from faults.promises import Promises, judge
from faults.trace import Op, environment, notes_until, records

from tenfold.ledger.ledger import Ledger
from tenfold.runner.checkpoint import Checkpoints
from tenfold.terms.job import JobSpec

TESTS = Path(__file__).parent


def _trace(kind: str, folder: Path) -> tuple[Path, Path]:
    """Runs a writer under the tracer; the root it wrote to, and the trace."""
    root, trace = folder / "root", folder / "trace"
    root.mkdir()
    variables = {**os.environ, "PYTHONPATH": str(TESTS)}
    environment(variables, root, trace)
    command = [sys.executable, "-m", "faults.writers", kind, str(root), str(trace)]
    subprocess.run(command, env=variables, check=True, timeout=60)
    return root, trace


def _broken_cuts(kind: str, folder: Path, count: int) -> tuple[int, list[str]]:
    """How many of `count` cuts broke a promise, and the states of the last broken tree."""
    root, trace = _trace(kind, folder)
    played = records(trace)
    assert compare(played, root, lambda name: name.endswith("-shm")) == []
    chance = random.Random(7)
    found: list[list[int]] = []
    empty: list[str] = []

    def at(disk: Disk, stop: int) -> None:
        tree = folder / "tree"
        disk.build(tree, chance)
        promised = list(notes_until(played, stop))
        if promised:
            found.append(writers.broken(kind, tree, promised))
            if found[-1]:
                empty.extend(p.name for p in tree.iterdir() if p.stat().st_size == 0)
        shutil.rmtree(tree)

    cuts(played, root, choose_stops(played, count, chance), at)
    return sum(1 for lost in found if lost), empty


@pytest.mark.parametrize("kind", writers.GOOD)
def test_a_careful_writer_loses_nothing(kind: str, tmp_path: Path) -> None:
    assert _broken_cuts(kind, tmp_path, 200)[0] == 0


@pytest.mark.parametrize("kind", writers.BAD)
def test_a_careless_writer_is_caught(kind: str, tmp_path: Path) -> None:
    """The planted faults: each leaves out one sync."""
    broken, empty = _broken_cuts(kind, tmp_path, 60)
    assert broken >= 5
    if kind == "no-file-sync":
        assert empty, "a renamed file without its data must be found"


def _build(out: Path, chance: random.Random, disk: Disk, stop: int) -> None:
    disk.build(out, chance)


def test_a_cut_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    root, trace = _trace("no-file-sync", tmp_path)
    played = records(trace)
    trees = []
    for turn in range(2):
        out = tmp_path / f"tree{turn}"
        cuts(played, root, [len(played) // 2], partial(_build, out, random.Random(11)))
        trees.append({p.name: p.read_bytes() for p in out.iterdir()})
    assert trees[0] == trees[1]


def test_the_tracer_follows_descriptors_children_and_folders(tmp_path: Path) -> None:
    """Duplicates, forks, a shell, relative names, moved and removed folders: all are seen."""
    root, trace = tmp_path / "root", tmp_path / "trace"
    root.mkdir()
    variables = dict(os.environ)
    environment(variables, root, trace)
    code = """
import os, shutil, subprocess, sys
from pathlib import Path
os.chdir(sys.argv[1])
os.makedirs('a/b')
with open('a/b/one', 'w') as f:
    f.write('parent '); f.flush()
    if os.fork() == 0:
        os.write(os.dup(f.fileno()), b'child ')
        os._exit(0)
    os.wait()
    subprocess.run([sys.executable, '-c', 'import os; os.write(1, b"grandchild")'], stdout=f)
fd = os.open('two', os.O_RDWR | os.O_CREAT); os.pwrite(fd, b'x' * 2000, 100)
os.ftruncate(fd, 1500); os.posix_fallocate(fd, 0, 3000)
subprocess.run(['sh', '-c', 'mkdir c; cp two c/three; mv a d; ln c/three c/four'], check=True)
shutil.copyfile('two', 'c/five')
os.makedirs('gone/deep'); Path('gone/deep/f').write_text('f'); shutil.rmtree('gone')
os.rename('c/five', 'd/b/five')
os.symlink('two', 'six')
os.rename('d/b', 'd/e')
Path('d/e/five').write_text('short')
"""
    subprocess.run([sys.executable, "-c", code, str(root)], env=variables, check=True, timeout=60)
    played = records(trace)
    assert compare(played, root, lambda name: False) == []
    assert (root / "d/e/one").read_text() == "parent child grandchild"
    assert {Op.RENAMED, Op.LINKED, Op.SYMLINKED, Op.REMOVED, Op.ALLOCATED} <= {r.op for r in played}


@pytest.mark.parametrize("seed", [1, 2])
def test_the_daemon_keeps_its_promises(seed: int, tmp_path: Path) -> None:
    """250 cuts of a real run each; on two of them a real daemon goes on to the end."""

    def now_and_then(home: Path, promises: Promises, number: int) -> list[str]:
        return blackout.go_on(home, promises, number) if number in (100, 180) else []

    recording = blackout.record(tmp_path / f"power-{seed}", seed)
    wrong = blackout.cut_and_judge(recording, 250, seed, also=now_and_then)
    assert not wrong, "\n".join(wrong)


def test_the_judge_sees_a_lost_job_and_a_damaged_checkpoint(tmp_path: Path) -> None:
    """The planted faults of the judge: a home that holds less than was promised."""
    promises = Promises(submitted={"1": "load.count"}, ended={"1": "succeeded"}, steps={"1": 3})
    home = tmp_path / "home"
    home.mkdir()
    (home / "ledger.sqlite").write_bytes(b"not a database, though it has bytes" * 100)
    assert "does not open" in judge(home, promises)[0]
    (home / "ledger.sqlite").unlink()
    ledger = Ledger(home / "ledger.sqlite")
    assert judge(home, promises)[:2] == [
        "job 1 is lost",
        "job 1 had succeeded and is now None",
    ]
    ledger.write(lambda t: t.submit(JobSpec("load.count"), 0.0))
    ledger.close()
    wrong = judge(home, promises)
    assert wrong[0] == "job 1 had succeeded and is now queued"
    assert "newest whole one is None" in wrong[1]
    checkpoints = Checkpoints(home / "jobs/1/checkpoints")
    checkpoints.folder.mkdir(parents=True)
    kept = checkpoints.write(lambda folder: save(folder, 3, "wrong chain", 1), 3)
    assert "reads wrong" in judge(home, promises)[1]
    (kept.folder / "ballast").write_bytes(b"torn")
    assert "newest whole one is None" in judge(home, promises)[1]


def test_a_full_disk_refuses_writes_until_something_is_removed(tmp_path: Path) -> None:
    """The shim that other tests fill the disk with: what it refuses, and what it lets pass."""
    root, flag = tmp_path / "root", tmp_path / "full"
    root.mkdir()
    variables = dict(os.environ)
    diskfull.environment(variables, root, flag)
    code = f"""
import errno, os
from pathlib import Path
root, flag = Path({str(root)!r}), Path({str(flag)!r})
def refused(act):
    try:
        act()
    except OSError as error:
        return error.errno == errno.ENOSPC
    return False
(root / "reserve").write_bytes(bytes(65536))
descriptor = os.open(root / "open", os.O_RDWR | os.O_CREAT)
flag.touch()
assert refused(lambda: (root / "new").write_bytes(b"x"))
assert (root / "new").exists(), "the name finds room, its content does not"
assert refused(lambda: os.write(descriptor, b"x"))
assert refused(lambda: os.pwrite(descriptor, b"x", 9))
assert refused(lambda: os.writev(descriptor, [b"x", b"y"]))
assert refused(lambda: os.posix_fallocate(descriptor, 0, 10))
Path({str(tmp_path)!r}, "elsewhere").write_bytes(b"another disk")
(root / "new").unlink()
assert refused(lambda: os.write(descriptor, b"x")), "an empty file frees nothing"
(root / "reserve").unlink()
assert os.write(descriptor, bytes(65000)) == 65000
assert refused(lambda: os.write(descriptor, bytes(1000))), "the reserve is used up"
flag.unlink()
assert os.write(descriptor, bytes(1000)) == 1000
print("as a disk does")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "as a disk does\n", done.stderr
