"""What is there and what it does now: `detect.box(text)` gives a Box, `detect.Meter` its Readings.

Behind them: `cpu` (the host), `declared` (boxes by name or TOML file), `models` (card data with
sources). GPUs of this machine are not looked for yet.
"""
