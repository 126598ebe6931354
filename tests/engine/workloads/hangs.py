"""Hangs: importing it never ends."""

import time

time.sleep(3600)
