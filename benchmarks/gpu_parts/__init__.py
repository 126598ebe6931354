"""The parts of `gpu_check.py`, one a file: `measure(device, seconds, rehearse, tell)`.

Each is a process of its own. It calls `tell(name=value, ...)` with every figure as soon as it has
it, raises `gpu_check.Skipped` where it cannot run, and anything else where what it found is wrong.
"""
