"""Simulations: a box of your own to put nature in."""
