"""Who sits where, when, and why not.

`decide.decide(box, budget, jobs, now)` is the one question: pure, the same answer for any order of
the jobs. `fits.fits(box, needs)` tells at submit whether a job can ever have a place. Behind them:
`slots` (what is free), `reserve` (backfill that delays nobody), `power` (watts and caps) and
`explain` (the words of a Wait).
"""
