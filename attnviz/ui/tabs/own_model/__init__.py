"""The gates of a visitor's own network."""
