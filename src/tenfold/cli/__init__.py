"""The command line, one file per noun. Start at `__main__`, which imports only what it must."""
