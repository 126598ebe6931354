"""Is this machine ready? What is looked at, how it is judged, and what to paste where it is not.

Works without a daemon, changes nothing, and imports no driver: what the cards say is asked of a
process of its own.
"""
