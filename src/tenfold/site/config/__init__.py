"""The owner's file: `config.read(path)` gives the settings; the other files read its sections."""
