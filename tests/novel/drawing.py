"""Gates with a weight per element as a profile, and no map."""

from attnviz.render.drawings import Drawing, View

DRAWING = Drawing(lambda values: View("profile", values[0].reshape(len(values[0]), -1).mean(1), str(values.shape[1])))
