"""What was promised and what happened: one SQLite file, durable by group commit.

`schema` opens it and brings it up to date, `writer` is the one thread that writes, `transaction`
is what one piece of work may do, `ledger` ties them together and keeps the open jobs at hand,
`read` answers questions on connections of its own. Knows only `terms`.

An acknowledged write is fsynced: WAL with synchronous=FULL syncs the log at every commit, and a
commit carries everything that waited while the last one was on its way to the disk.
"""
