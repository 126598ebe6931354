"""Runs one attempt inside its slot: a job folder in, an outcome out. Belongs to the work half.

`python -m tenfold.runner JOBFOLDER ATTEMPT` needs nothing but the folder. In order:

    claim       the record lock, current.json names this attempt, attempts/N/ is new: nobody else
                runs it, now or later
    attempt     log, stop signal, slot's environment; loads the workload and calls it inside the
                outermost frame; records the outcome
    context     what the workload is given as `job`: checkpoint, progress, children, process
    ranks       a job on several devices: one rank process each
    forkserver  starts runners in milliseconds; `describe` and `build` are processes of their own

It knows no queue and never talks to the daemon: it reads the folder and writes into it.
"""
