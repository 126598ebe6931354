"""The proxy: every service under one URL, http://127.0.0.1:PORT/NAME/.

A process of its own, started by the daemon and not ended with it: while no daemon is up it goes on
sending requests to the services that run. It follows `routes.json` and tells what it saw in
`seen.json` (see `folder.proxy`); it knows the folder and terms, and no more of Tenfold.

`door` decides who may come in and what is passed on of a head; `table` holds the routes, lets
requests wait for a service, and counts them; `wire` speaks HTTP/1.1 with one peer; `exchange`
carries one request and its answer; `client` is one connection, `answers` what is said here itself,
`__main__` the process.

`gateway` is OpenAI's own paths, `/v1/...`: `models` knows which service has which model, `offer`
asks it, `body` reads a request, `line` lets so many to a service at a time, and `events` ends in
words a stream that broke off.

What it does not do: TLS, HTTP/2, caching, balancing, and addresses other than 127.0.0.1.
"""
