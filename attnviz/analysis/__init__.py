"""One photograph through one network."""
