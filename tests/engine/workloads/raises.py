"""Raises: a workload with an error of its own."""

from tenfold.catalogue.contract import WorkloadParams
from tenfold.terms.needs import Needs

RESUMES = True
SIZES = {}
REQUIRES = ()


class Params(WorkloadParams):
    pass


def needs(params, device):
    return Needs(memory_gib=0.05)


def run(job, params):
    return {}["the missing key"]
