"""The proxy: every service under one URL, http://127.0.0.1:PORT/NAME/.

A process of its own, started by the daemon and not ended with it: while no daemon is up it goes on
sending requests to the services that run. It follows `routes.json` and tells what it saw in
`seen.json` (see `folder.proxy`); it knows the folder and terms, and no more of Tenfold.

`door` decides who may come in and what is passed on of a head; `table` holds the routes, lets
requests wait for a service, and counts them; `wire` speaks HTTP/1.1 with one peer; `exchange`
carries one request and its answer; `__main__` is the process.

What it does not do: TLS, HTTP/2, caching, balancing, and addresses other than 127.0.0.1.
"""
