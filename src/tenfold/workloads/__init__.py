"""The catalogue: one file a workload, in the folder of its group; `catalogue` lists them.

A workload imports `science`, `catalogue.contract` and `terms`, and never another workload.
"""
