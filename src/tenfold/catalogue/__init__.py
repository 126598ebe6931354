"""Finds workloads and says what they are; belongs to the work half.

`listing` lists them without importing one, `contract` is what a workload file has and what `job`
gives it, `loading` imports one, `describe` answers what a person wants to know before a run.
"""
