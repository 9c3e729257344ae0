"""Finding, reading and editing gates; nothing else hooks a model to get at them."""
