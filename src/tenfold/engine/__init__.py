"""Makes it so: the only room that changes the machine.

Start reading at `tick`: the one function where hardware, site, placement and ledger meet. What an
engine is stands in `sighting`; `local` runs processes here, `modelled` advances jobs by estimate on
a declared box. `reconcile` says what stands of an attempt, after a crash as in every tick;
`settle` turns what was seen into changes of the ledger; `orders` is what an owner may ask for;
`services` is the life of services, and `desk` the daemon's side of their proxy;
`house` holds the parts together and runs the loop.
"""
