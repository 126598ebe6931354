"""The job folder: the one place where the machine half and the work half meet.

`paths` names its files, `durable` writes them so that a power cut leaves the old or the new one,
`lock` is the record lock that tells whether an attempt lives. Knows only `terms`.

    JOB/
      job.json            what was asked (id, spec); written by the daemon, can be written again
      current.json        the attempt that may run now: number, token, slot, children's outcomes
      lock                record lock; held by the runner as long as it lives
      stop.json           "stop, and what for" of the current attempt; SIGTERM says to look
      wants.jsonl         children asked for, one line each, fsynced
      work/               the working folder of a plain command
      checkpoints/        step-000000120/ ... each whole or absent
      artifacts/          what the workload wants to show
      attempts/N/         made by the runner (so nobody runs it twice); events.jsonl, log.txt,
                          outcome.json
"""
