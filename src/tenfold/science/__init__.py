"""Heavy numerics that workloads share and a person can import as a library.

    lattice_boltzmann   a fluid on a lattice: kernels, the lid-driven cavity, what is read off it
    cavity_tables       reference velocities of the lid-driven cavity
    cavity_picture      its speed, streamlines and centre lines in one picture
    transformer         a small language model from scratch: text, tokens, training, HF folder
    roofline            how fast a device's memory and its bf16 arithmetic are, for estimates

Nothing here knows jobs, queues or files of Tenfold; it imports only `tenfold.terms`. This package
itself imports nothing heavy: each module imports what it computes with.
"""
