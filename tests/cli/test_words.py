"""Durations, amounts, slots and progress as a person reads and writes them."""

from datetime import datetime

import pytest

from tenfold.cli.words import (
    amount,
    duration,
    moment,
    needs_words,
    progress_words,
    seconds,
    slot_words,
)
from tenfold.terms.refusal import Refusal


@pytest.mark.parametrize(
    ("text", "wanted_s"),
    [("90", 90), ("30s", 30), ("2h", 7200), ("1h30m", 5400), ("1.5h", 5400), ("1d", 86400)],
)
def test_durations_are_read(text, wanted_s):
    assert seconds(text) == wanted_s


@pytest.mark.parametrize("text", ["", "h", "3x", "-5", "1h30", "nan", "1e3"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(Refusal) as raised:
        seconds(text)
    assert raised.value.code == "cli.duration"


@pytest.mark.parametrize(
    ("spent_s", "text"),
    [
        (0.04, "0.0 s"),
        (9.96, "10 s"),
        (59.7, "1 min 00 s"),
        (3599.6, "1 h 00 min"),
        (90061, "1 d 1 h"),
        (None, "n/a"),
    ],
)
def test_durations_are_written(spent_s, text):
    assert duration(spent_s) == text


def test_what_is_missing_is_not_nought():
    assert amount({"why": "no sensor"}, "W") == "n/a"
    assert amount(None, "W") == "n/a"
    assert amount(float("inf"), "W") == "n/a"
    assert amount(0.0, "W") == "0 W"
    assert amount(4321.4, "W") == "4 321 W"


def test_slots_and_needs():
    cpu = {"kind": "cpu", "cores": 1, "devices": ["cpu"]}
    gpu = {"kind": "gpu", "cores": 4, "devices": ["GPU-1234abcd-ffff", "gpu1"]}
    assert slot_words(cpu) == "1 core"
    assert slot_words(gpu) == "GPU-1234abcd, gpu1"
    assert slot_words(None) == ""
    needs = {"gpus": 2, "slice": None, "cores": 1, "memory_gib": 40.0}
    assert needs_words(needs) == "2 GPUs, 40 GiB"


def test_progress_with_and_without_an_end():
    known = {"done": 1200, "total": 5000, "unit": "step", "rate": 31.25, "eta_s": 121.6}
    assert progress_words(known) == "1200 of 5000 steps, 31.2 steps/s, 2 min 02 s left"
    assert progress_words({"done": 3, "total": None, "unit": "file"}) == "3 files"


NOW = datetime(2026, 11, 25, 18, 0)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("+2h", datetime(2026, 11, 25, 20, 0)),
        ("18:30", datetime(2026, 11, 25, 18, 30)),
        ("18:00", datetime(2026, 11, 26, 18, 0)),
        ("Wed 19:00", datetime(2026, 11, 25, 19, 0)),
        ("wednesday 07:00", datetime(2026, 12, 2, 7, 0)),
        ("Fri 07:00", datetime(2026, 11, 27, 7, 0)),
        ("2026-12-24T18:00", datetime(2026, 12, 24, 18, 0)),
    ],
)
def test_moments_are_read(text, wanted):
    assert datetime.fromtimestamp(moment(text, NOW.timestamp())) == wanted


@pytest.mark.parametrize("text", ["", "soon", "25:00", "18:61", "Foo 07:00", "2026-13-01", "+x"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(Refusal) as raised:
        moment(text, NOW.timestamp())
    assert raised.value.code in ("cli.moment", "cli.duration")
