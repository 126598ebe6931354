"""The GPUs of this machine, through NVIDIA's own library (NVML); nothing here changes them.

`find()` gives the cards as devices and what may not be used of them; `GpuMeter` reads them in every
tick. Behind them: `library` (one session, errors in words), `card`, `links`, `slices`, `users`.
Power limits, clocks and MIG are read and never set.
"""
