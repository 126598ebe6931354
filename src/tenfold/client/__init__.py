"""The Python client: what a script or notebook holds in its hand. Speaks HTTP to the daemon.

`box` has `connect` and the box, `job` the handle of one job; below them `call` (one HTTP call),
`follow` (watch a job, across a daemon's restart), `start` (bring a daemon up) and `home` (where
everything lives). The command line stands on the same files.
"""
