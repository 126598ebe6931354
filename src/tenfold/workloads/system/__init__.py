"""Workloads that start something of the owner's: a command, a notebook."""
