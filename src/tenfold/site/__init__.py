"""What the place allows: `config` reads the owner's settings, `budget.budget(...)` gives the steps
of watts and price that follow from them, a reading and the clock; `verdict` judges the place."""
