"""Gates with a weight per element as a profile."""

from attnviz.render.drawings import Drawn


def draw(values):
    """The mean of each channel."""
    return Drawn("profile", values[0].reshape(len(values[0]), -1).mean(1), str(values.shape[1]))
