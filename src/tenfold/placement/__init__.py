"""Who sits where, when, and why not.

`decide.decide(box, budget, jobs, now)` is the one question: pure, the same answer for any order of
the jobs. `fits.fits(box, needs)` tells at submit whether a job can ever have a place, and
`simulate.simulate` plays decide() on a virtual clock. Behind them:

    queue     who is looked at first, and what a job waits for before it is
    slots     what is free; `packing` where on a card, `links` which cards together
    reserve   backfill that delays nobody
    power     watts and caps
    mold      jobs that run on slices of several sizes: the layout of a card for all of them
    room      who yields so that another starts sooner
    carve     instances to destroy and to create
    explain   the words of a Wait
"""
