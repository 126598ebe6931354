"""A stand-in for NVIDIA's library, in C, so that the real clients run on a machine without a GPU.

`standin.StandIn` writes its state and gives the environment that finds it. The state is read anew
at each call, so a test changes it while a daemon runs. `NVML_STANDIN_CALLS` names a file that gets
a line for each call.
"""
