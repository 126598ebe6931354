"""What the place allows: `config.read(path)` for the owner's settings, `budget.budget(...)` for the
steps of watts and price that follow from them, a reading and the clock."""
