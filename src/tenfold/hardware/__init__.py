"""What is there and what it does now: `detect.box(text)` gives a Box, `detect.Meter` its Readings.

Behind them: `cpu` (the host), `nvml` (the GPUs of this machine), `declared` (boxes by name or TOML
file), `models` (card data with sources). `report` tells what is seen in a process of its own.
"""
