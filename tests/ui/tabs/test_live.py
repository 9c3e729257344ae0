import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("gradio")

from attnviz.core.errors import UserError  # noqa: E402
from attnviz.images.decode import open_photograph  # noqa: E402
from attnviz.ui.server.limits import FRAME_BYTES  # noqa: E402
from attnviz.ui.tabs.explore.live import HEAD, Live, frame_bytes, looked_at  # noqa: E402
from tests.ui.calls import changed, document, given  # noqa: E402
from tests.viewer.reader import unpack  # noqa: E402

CHANNEL, SPATIAL = "stage1.0.attention.channel", "stage1.0.attention.spatial"


@pytest.fixture
def frame():
    buffer = io.BytesIO()
    Image.effect_noise((64, 48), 60).convert("RGB").save(buffer, "JPEG")
    return HEAD + base64.b64encode(buffer.getvalue()).decode()


@pytest.fixture
def live(explore):
    return Live(explore, explore.parts.live)


def answer(live, handler, event, model="cbam", selected="null"):
    parts, run = live.parts, getattr(live, handler)
    data = {parts.model: model, parts.selected: selected, parts.state: None}
    names = {getattr(parts, name): name for name in parts.__dataclass_fields__ if name != "titles"}
    return {names.get(part, part): value for part, value in run(data, **given(run, event)).items()}


def test_a_frame_is_analysed_as_the_library_does(live, frame):
    updates = answer(live, "on_frame", {"jpeg": frame, "turn": 7}, model="se")
    view = document(updates)
    assert view["live"] and changed(updates["live"], "answered") == 7
    with live.store.lease("se") as analyser:
        found = analyser.analyse(open_photograph(base64.b64decode(frame[len(HEAD) :])))
    assert len(found.gates) == 4
    for gate, record in zip(view["gates"], found.gates, strict=True):
        np.testing.assert_allclose(unpack(gate["scores"]), record.scores, atol=1e-6)
    assert set(updates) == {"view", "prediction", "live"}, "nothing of a frame is kept"


@pytest.mark.parametrize(
    ("own", "channel", "there"), [(True, 3, 3), (False, 3, None), (True, 10**6, None), (True, "x", None)]
)
def test_features_are_those_of_the_chosen_channel_else_of_the_one_that_is_kept_most(live, frame, own, channel, there):
    selected = json.dumps({"gate": CHANNEL, "channel": channel, "own": own})
    view = document(answer(live, "on_frame", {"jpeg": frame, "turn": 1}, selected=selected))
    index = next(i for i, gate in enumerate(view["gates"]) if gate["name"] == CHANNEL)
    top = int(unpack(view["gates"][index]["scores"]).argmax())
    assert (index, top if there is None else there) in [(f["gate"], f["channel"]) for f in view["features"]]


def test_what_is_chosen_elsewhere_or_nowhere_asks_for_nothing(explore):
    analysis = explore.opening.analysis
    assert looked_at(analysis, json.dumps({"gate": "not there", "own": True})) == (None, None)
    assert looked_at(analysis, "null") == looked_at(analysis, "[[[") == looked_at(analysis, 3) == (None, None)
    assert looked_at(analysis, json.dumps({"gate": SPATIAL, "channel": 2, "own": True})) == (SPATIAL, None)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (None, "begins as data:image/jpeg"),
        ({"path": "/etc/passwd"}, "begins as"),
        ("http://example.org/a.jpg", "begins as"),
        ("data:image/png;base64,AAAA", "begins as"),
        (HEAD + "%%%", "no base64"),
        (HEAD + "é" * 8, "no base64"),
        (HEAD + "A" * (FRAME_BYTES * 2), "at most 262,144 bytes"),
    ],
)
def test_what_is_no_frame_is_refused(sent, says):
    with pytest.raises(UserError, match=says):
        frame_bytes(sent)


@pytest.mark.parametrize("text", [HEAD, HEAD + "AAAA", HEAD + base64.b64encode(b"<svg/>" * 9).decode()])
def test_what_is_no_picture_is_refused(live, text):
    with pytest.raises(UserError):
        answer(live, "on_frame", {"jpeg": text, "turn": 1})


@pytest.mark.parametrize("path", [None, 3, "", "camera.jpg", "/etc/passwd", "../../etc/passwd", "http://x/a.jpg"])
def test_only_what_was_uploaded_is_kept(live, path):
    with pytest.raises(UserError, match="photograph"):
        answer(live, "on_keep", {"path": path})
