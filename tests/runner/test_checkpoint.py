"""Checkpoints are whole or absent."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tenfold.runner.checkpoint import MANIFEST, Checkpoints, is_whole


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path)


def saves(text: str):
    def save(folder: Path) -> None:
        (folder / "deep").mkdir()
        (folder / "deep" / "state").write_text(text)
        (folder / "more").write_bytes(b"\0" * 3000)

    return save


def test_none_at_first(checkpoints: Checkpoints) -> None:
    assert checkpoints.newest() is None


def test_the_newest_is_offered_and_two_are_kept(checkpoints: Checkpoints) -> None:
    for step in (9, 10, 11):
        checkpoints.write(saves(f"at {step}"), step)
    newest = checkpoints.newest()
    assert newest is not None and newest.step == 11
    assert (newest.folder / "deep" / "state").read_text() == "at 11"
    assert sorted(os.listdir(checkpoints.folder)) == ["step-000000010", "step-000000011"]


@pytest.mark.parametrize("damage", ["flip", "shorten", "remove", "add", "manifest", "no manifest"])
def test_a_damaged_one_leaves_the_one_before(checkpoints: Checkpoints, damage: str) -> None:
    checkpoints.write(saves("first"), 1)
    folder = checkpoints.write(saves("second"), 2).folder
    more = folder / "more"
    match damage:
        case "flip":
            more.write_bytes(b"\0" * 2999 + b"\1")
        case "shorten":
            more.write_bytes(b"\0" * 2999)
        case "remove":
            more.unlink()
        case "add":
            (folder / "late").touch()
        case "manifest":
            (folder / MANIFEST).write_text('{"step": 2, "fil')
        case "no manifest":
            (folder / MANIFEST).unlink()
    newest = checkpoints.newest()
    assert newest is not None and newest.step == 1
    assert not is_whole(folder)
    # The attempt that goes on from step 1 comes to step 2 again.
    checkpoints.write(saves("again"), 2)
    newest = checkpoints.newest()
    assert newest is not None
    assert (newest.folder / "deep" / "state").read_text() == "again"


def test_a_save_that_fails_leaves_nothing_and_the_one_before(checkpoints: Checkpoints) -> None:
    checkpoints.write(saves("first"), 1)

    def full(folder: Path) -> None:
        (folder / "half").write_text("ha")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        checkpoints.write(full, 2)
    assert os.listdir(checkpoints.folder) == ["step-000000001"]
    newest = checkpoints.newest()
    assert newest is not None and newest.step == 1


def test_what_a_killed_attempt_left_is_removed(checkpoints: Checkpoints) -> None:
    checkpoints.write(saves("first"), 1)
    half = checkpoints.folder / ".step-000000002.half"
    half.mkdir()
    (half / "state").write_text("ha")
    newest = checkpoints.newest()
    assert newest is not None and newest.step == 1
    checkpoints.tidy()
    assert os.listdir(checkpoints.folder) == ["step-000000001"]
