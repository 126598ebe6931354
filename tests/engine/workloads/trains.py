"""Trains: steps of torch until its folder has a file `go`, then says how far the loss fell."""

import time
from pathlib import Path

from tenfold.catalogue.contract import WorkloadParams
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result, Verdict

SIZES = {}
REQUIRES = ("gang",)


class Params(WorkloadParams):
    pass


def needs(params, device):
    return Needs(memory_gib=0.05)


def run(job, params):
    import torch

    torch.manual_seed(1)
    inputs = torch.randn(64, 8)
    model = torch.nn.Linear(8, 1)
    wanted = inputs @ torch.arange(8.0).unsqueeze(1)
    steps = torch.optim.SGD(model.parameters(), lr=0.05)
    losses = []
    while len(losses) < 200 or not (job.folder / "go").exists():
        loss = torch.nn.functional.mse_loss(model(inputs), wanted)
        steps.zero_grad()
        loss.backward()
        steps.step()
        losses.append(loss.item())
        job.log(len(losses), loss=losses[-1])
        time.sleep(0.001)
    forked = b"forkserver" in Path("/proc/self/cmdline").read_bytes()
    return Result("It learned.", {"first": losses[0], "last": losses[-1], "forked": forked})


def check(params, result):
    return Verdict(result.figures["last"] < result.figures["first"] / 100, "The loss fell.")
