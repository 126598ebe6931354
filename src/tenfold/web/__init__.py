"""The dashboard: what a person sees of the box in a browser, in Python alone (NiceGUI).

`mount` brings it into the daemon's own server; `asking` and `transport` are how it asks the API,
like anybody else and without a socket; `feed` keeps what every open page shows; `frame` is what
all pages have around them; `pages/` has one file a page, `draw/` what is drawn as HTML or SVG,
`parts/` what several pages show. It knows `terms` and the API's addresses, and no room beside.
"""
