"""The page's own Blocks answer an event as gradio's do, and make nothing of what stays as it is."""

import json

import pytest

gr = pytest.importorskip("gradio")

from attnviz.ui.server import limits  # noqa: E402
from attnviz.ui.server.page import Blocks, Session  # noqa: E402
from tests.ui.server.apart import run


def page(kind):
    with kind() as demo:
        parts = [gr.HTML("a"), gr.Dropdown(["x", "y"]), gr.State(1), gr.Textbox("t", visible=False), gr.Number(3)]
        gr.Button().click(lambda: None, None, parts)
    return demo, parts, next(iter(demo.fns.values()))


ANSWERS = {
    "one value": lambda p: {p[0]: "<b>b</b>"},
    "an update": lambda p: {p[1]: gr.Dropdown(choices=["y", "z"], value="z"), p[3]: gr.Textbox(visible=True)},
    "a state": lambda p: {p[2]: 7, p[4]: 5},
    "a list": lambda p: ["b", "y", 2, "u", 4],
    "nothing": lambda p: gr.skip(),
    "all": lambda p: {p[0]: "b", p[1]: "y", p[2]: 2, p[3]: gr.skip(), p[4]: 4},
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_event_is_answered_as_gradio_does(name):
    answered = []
    for kind, state_of in ((gr.Blocks, gr.state_holder.SessionState), (Blocks, Session)):
        demo, parts, function = page(kind)
        gr.routes.App.create_app(demo)
        state = state_of(demo)
        sent = run(demo.postprocess_data(function, ANSWERS[name](parts), state))
        for one in sent:  # gradio tells an HTML part that stays as it is of a property named __type__
            if isinstance(one, dict) and one.get("props") == {"__type__": "update"}:
                del one["props"]
        answered.append((sent, state[parts[2]._id], state[parts[1]._id].choices, state[parts[3]._id].visible))
    assert answered[0] == answered[1]
    assert len(answered[0][0]) == 5


def test_what_is_not_named_is_not_made_anew():
    demo, parts, function = page(Blocks)
    state = Session(demo)
    run(demo.postprocess_data(function, {parts[0]: "b"}, state))
    assert all(state[part._id] is part for part in parts if not isinstance(part, gr.State))


def test_the_queue_is_looked_at_less_often():
    demo, *_ = page(Blocks)
    demo.queue(max_size=None)
    assert (demo._queue.sleep_when_free, demo._queue.live_updates) == (limits.QUEUE_SECONDS, False)


def test_values_are_described_once_and_only_where_an_endpoint_is_public():
    told, described, sizes = [], [], []
    for kind in (gr.Blocks, Blocks):
        with kind() as demo:
            photo, file, number = gr.Image(label="photo"), gr.File(label="file"), gr.Number(label="number")
            choice = gr.Dropdown(["x", "y"], label="choice")
            gr.Button().click(lambda photo, choice: 1, [photo, choice], [number], api_name="asked")
            gr.Button().click(lambda sent: sent, [file, number], [choice], api_visibility="private")
        told.append(demo.get_api_info())
        config = demo.get_config_file()
        described.append({c["type"] for c in config["components"] if "api_info" in c})
        sizes.append(len(json.dumps(config)))
    assert told[0] == told[1] and list(told[1]["named_endpoints"]) == ["/asked"]
    assert described[1] == {"image", "dropdown", "number"} < described[0]
    assert sizes[1] < 0.7 * sizes[0]
