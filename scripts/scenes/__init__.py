"""Scenes of the sample pictures, each a module with ``render(width, height, samples)``."""
