"""A package, so that its one browser is closed before tests elsewhere use a loop of their own."""
