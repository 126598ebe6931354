"""`job.cap`: a workload asks for a power limit of its cards."""

from __future__ import annotations

import pytest

from tenfold.terms.outcome import Ending

from .conftest import Lab


def test_what_is_asked_is_told(lab: Lab) -> None:
    asks = lab.workload(
        "asks",
        """
        def run(job, params):
            for watts in (250.0, 203, None):
                job.cap(watts)
            refused = []
            for watts in (0, -1.0, float("nan"), float("inf")):
                try:
                    job.cap(watts)
                except ValueError as error:
                    refused.append(str(error))
            return Result("It asked.", {"refused": refused})
        """,
    )
    folder = lab.job(asks)
    outcome = lab.run(folder)
    assert outcome.ending is Ending.SUCCEEDED
    assert [line["watts"] for line in lab.events(folder, "cap")] == [250.0, 203, None]
    assert outcome.result is not None
    assert len(outcome.result.figures["refused"]) == 4
    assert "positive number of watts" in outcome.result.figures["refused"][0]


def test_only_the_first_rank_asks(lab: Lab) -> None:
    pytest.importorskip("torch", reason="a gang needs the extra `gang`")
    asks = lab.workload(
        "together",
        """
        def run(job, params):
            job.cap(200.0 + job.rank)
            return Result("It asked.")
        """,
    )
    folder = lab.job(asks, ranks=2, cores=2)
    assert lab.run(folder).ending is Ending.SUCCEEDED
    assert [line["watts"] for line in lab.events(folder, "cap")] == [200.0]
