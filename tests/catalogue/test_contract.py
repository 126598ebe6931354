"""The runner's context is the `Job` that a workload is promised."""

from __future__ import annotations

import inspect

from tenfold.catalogue.contract import Job
from tenfold.runner.context import JobContext


def test_every_call_has_the_same_signature() -> None:
    for name, promised in vars(Job).items():
        if name.startswith("_") or not inspect.isfunction(promised):
            continue
        kept = getattr(JobContext, name)
        assert inspect.signature(kept) == inspect.signature(promised), name


def test_every_attribute_is_there() -> None:
    source = inspect.getsource(JobContext)
    for name in Job.__annotations__:
        assert f"self.{name}" in source, name
    assert isinstance(JobContext.stop_asked, property)
