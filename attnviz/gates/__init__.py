"""Finding and reading gates: the only code that hooks a model."""
