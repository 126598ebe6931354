"""Language models: from your own text to a model of your own."""
