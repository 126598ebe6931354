"""What needs root: `helper` is the one file that has it, `unit` installs it, `ask` talks to it.

The helper is copied to a place that only root can write and imports nothing of ours: what runs as
root must not be something that the owner's account could have changed.
"""
