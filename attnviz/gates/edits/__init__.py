"""Lists of edits: made step by step, checked, applied to a model, kept as JSON and replayed."""
