"""Lattice Boltzmann in NVIDIA Warp: one source for the CPU and CUDA.

d2q9        the kernel: stream, bounce back and collide in one pass (two relaxation times)
flow        CavityFlow: a lid-driven square cavity on a device
march       SteadyMarch: several Reynolds numbers to their steady states, with save and restore
profiles    centre lines, stream function, main vortex of a velocity field
scaling     relaxation times, steps, memory and traffic in plain arithmetic; imports nothing
"""
