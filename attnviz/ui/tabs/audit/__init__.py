"""Audit: does the attention do anything? Audits that are there to be read, and one of a visitor's own."""
