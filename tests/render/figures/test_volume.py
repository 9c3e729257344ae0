import numpy as np
import pytest
import torch

from attnviz.core.errors import UserError
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.models.spec import ModelSpec, build
from attnviz.render.colour import colourise
from attnviz.render.figures.style import to_png
from attnviz.render.figures.volume import slices_figure


def pictures(figure):
    return [
        axes.images[0].get_array() for axes in figure.axes if axes.images and axes.images[0].get_array().shape[0] != 256
    ]


@pytest.mark.parametrize("depth", [1, 4, 16, 40])
def test_one_tile_a_slice_in_order_on_one_scale(depth):
    mask = np.random.default_rng(0).random((depth, 6, 9)).astype(np.float32)
    figure = slices_figure(mask)
    drawn = pictures(figure)
    assert len(drawn) == depth
    for picture, values in zip(drawn, mask, strict=True):
        assert np.array_equal(picture, colourise(values, "fixed", "viridis"))
    assert to_png(figure).startswith(b"\x89PNG")


def test_a_stretched_scale_is_the_whole_volumes():
    mask = np.stack((np.full((2, 2), 0.4), np.full((2, 2), 0.6)))
    low, high = pictures(slices_figure(mask, scale="stretch"))
    assert low.tolist()[0][0] == colourise([[0.0]], "fixed").tolist()[0][0]
    assert high.tolist()[0][0] == colourise([[1.0]], "fixed").tolist()[0][0]


def test_texts_stay_on_the_page_and_name_every_slice():
    figure = slices_figure(np.random.default_rng(1).random((5, 8, 8)))
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    for text in figure.texts:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, text.get_text()
    assert sum(t.get_text().startswith("slice ") for t in figure.texts) == 5


def test_the_mask_of_a_3d_network_is_drawn():
    model = build(ModelSpec("compact-3d", "cbam", 3)).eval()
    x = torch.randn(1, next(model.parameters()).shape[1], 4, 16, 16)
    sites = [s for s in find_gates(model, x) if s.kind == "spatial"]
    with torch.inference_mode(), capture(model, sites) as tape:
        model(x)
    mask = tape[sites[0].name].values[0, 0].numpy()
    assert mask.ndim == 3 and len(pictures(slices_figure(mask))) == 4


@pytest.mark.parametrize(
    ("mask", "options"),
    [
        (np.zeros((8, 8)), {}),
        (np.zeros((257, 2, 2)), {}),
        (np.full((2, 2, 2), np.nan), {}),
        (np.zeros((2, 2, 2)), {"cmap": "jet"}),
        (np.zeros((2, 2, 2)), {"scale": "huge"}),
    ],
)
def test_what_is_refused(mask, options):
    with pytest.raises(UserError):
        slices_figure(mask, **options)
