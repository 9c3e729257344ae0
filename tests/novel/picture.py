"""Gates with a weight per element as one sentence beside a map."""

from attnviz.render.colour import GATE_SCALE
from attnviz.render.svg.step_pictures import plane_url


def picture(view, settings):
    mean = view.record.values[0].mean(0)
    return f'<p>{mean.mean():.3f}</p><img src="{plane_url(mean, GATE_SCALE)}" alt="mean over channels">'
