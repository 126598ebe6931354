"""Heavy numerics that workloads share and a person can import as a library.

    lattice_boltzmann   a fluid on a lattice: kernels, the lid-driven cavity, what is read off it
    cavity_tables       reference velocities of the lid-driven cavity
    cavity_picture      its speed, streamlines and centre lines in one picture
    roofline            how fast a device's memory is, for estimates before a run

Nothing here knows jobs, queues or files of Tenfold; it imports only `tenfold.terms`. This package
itself imports nothing heavy: each module imports what it computes with.
"""
