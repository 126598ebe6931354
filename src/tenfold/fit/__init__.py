"""What this box is good for and what it is not: a table, and a way to ask it. Knows no box."""
