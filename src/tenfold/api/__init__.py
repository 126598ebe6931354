"""How programs ask: REST on 127.0.0.1, server-sent events, and the daemon process itself.

`daemon` puts the house together and serves it; `door` decides who may come in; `jobs`, `box`,
`workloads`, `events`, `metrics` and `pages` are the routes by noun; `views` is what they show.
"""
