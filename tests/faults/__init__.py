"""Faults to plant, and the drivers that plant them; for the tests and the benchmarks.

C shims, loaded with LD_PRELOAD and built by `shims`:
  netguard.c   refuses and notes every way out to a network beyond this machine
  powercut.c   notes every change of the files below one folder, in order
  diskfull.c   fails writes below one folder with "no space left", while a flag file stands
Drivers: `powercut` rebuilds what a disk could hold after a power cut, `crash` kills processes of a
daemon under load, `daemon` starts a private one and talks to it, `loads` is what they run on it.
"""
