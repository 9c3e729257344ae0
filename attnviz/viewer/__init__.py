"""The interactive view: one document, one script, a host for each place where it is shown."""
