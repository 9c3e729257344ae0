"""Finding, reading and editing gates: the only code that hooks a model."""
