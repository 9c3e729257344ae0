"""Channels of noise, and the gate that shuts them out."""
