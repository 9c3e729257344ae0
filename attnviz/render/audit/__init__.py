"""Figures and the report of an audit, from the plain values of its summary."""
