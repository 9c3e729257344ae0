"""See every gate of one photograph."""
