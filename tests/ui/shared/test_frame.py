"""What stands around the tabs."""

import gradio as gr

from attnviz.ui.networks.store import Store
from attnviz.ui.shared.frame import Frame


def test_lists_of_networks_follow_the_language_and_a_visitors_own_lists_do_not(checkpoints, monkeypatch):
    monkeypatch.setattr(Store, "title", lambda self, name: f"{name} · compact ResNet, 30 epochs")
    store = Store(checkpoints)
    with gr.Blocks() as demo:
        frame = Frame(store, {})
        networks = gr.Dropdown([(store.title(name), name) for name in store.choices])
        gr.Dropdown([("1 · digits, noise", "digits")])
        frame.wire(demo, [])
    assert set(frame.lists) == {networks}
    told = frame.listed("zh")[networks].choices
    assert [value for _, value in told] == list(store.choices)
    assert told[0][0] == f"{store.ids[0]} · 紧凑型 ResNet，30 轮"
    assert frame.listed("en")[networks].choices == networks.choices
