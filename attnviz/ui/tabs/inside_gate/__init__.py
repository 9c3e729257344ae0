"""One attention module, step by step."""
