"""The tab of a visitor's own network; nothing here reaches the network."""

import json

import gradio as gr
import pytest
import safetensors.torch
import torch

from attnviz.core.errors import UserError
from attnviz.models.limits import limits_for
from attnviz.models.untrusted import Wish
from attnviz.ui.networks import visitor_models as module
from attnviz.ui.networks.store import Store
from attnviz.ui.networks.visitor_models import Guests
from attnviz.ui.shared.page import Chosen, Page, Photo
from attnviz.ui.tabs.own_model.handlers import OwnModel
from attnviz.ui.tabs.own_model.layout import SUGGESTED, layout
from tests.ui.calls import changed, document

TINY = "timm:test_efficientnet"
EVIL = "<img src=x onerror=alert(1)>"
VISITOR = type("Request", (), {"headers": {}, "cookies": {}})()
CHINESE = type("Request", (), {"headers": {"accept-language": "zh"}, "cookies": {}})()


@pytest.fixture(scope="module")
def tab(checkpoints):
    with gr.Blocks() as demo, gr.Tab() as own:
        page = Page(demo, Store(checkpoints), own, gr.State(), Photo(sample="cat"))
        return OwnModel(page, layout(page))


@pytest.fixture(scope="module")
def call(tab):
    parts = tab.parts
    components = {
        "state": parts.state,
        "selected": parts.selected,
        "chosen": tab.page.chosen,
        "page_photo": tab.page.photo,
        "photo": parts.picker.image,
        "name": parts.name,
        "weights": parts.weights,
        "file": parts.file,
        "labels": parts.labels,
        "scores": parts.scores,
        "picture": parts.picture,
        **parts.fields,
    }
    names = {getattr(parts, n): n for n in parts.__dataclass_fields__ if n not in ("titles", "picker")}
    names |= {tab.page.photo: "page_photo", parts.picker.image: "photo"}

    def run(handler, *more, **values):
        given = {
            "state": None,
            "selected": "null",
            "chosen": Chosen().sent(),
            "page_photo": None,
            "photo": None,
            "name": TINY,
            "weights": "untrained",
            "file": None,
            "labels": None,
            "scores": "",
            "picture": None,
            **dict.fromkeys(tab.parts.fields, ""),
        }
        data = {components[name]: value for name, value in {**given, **values}.items()}
        return {names.get(part, part): value for part, value in getattr(tab, handler)(data, *more).items()}

    return run


@pytest.fixture(scope="module")
def own(call):
    return call("on_find", VISITOR)["state"]


def test_it_opens_on_weights_that_mean_something(call, tab, monkeypatch):
    monkeypatch.setattr("attnviz.ui.tabs.own_model.handlers.at_hand", lambda name: False)
    updates = call("on_open", CHINESE)
    assert updates["state"].view.analysis.model == tab.page.store.ids[0]
    assert document(updates)["model"]["id"] == tab.page.store.ids[0]
    assert document(updates)["gates"]
    assert "随机权重" not in updates["found"] + updates["prediction"]
    again = call("on_open", CHINESE, state=updates["state"], page_photo=updates["page_photo"])
    assert set(again) == {"state"}


def test_random_weights_are_said_to_mean_nothing(call):
    updates = call("on_find", CHINESE)
    assert "随机权重" in updates["found"] and "随机权重" in updates["prediction"]


def test_ones_own_machine_takes_more_and_a_public_page_less(checkpoints, tmp_path, monkeypatch):
    import timm

    file = tmp_path / "mine.pt"
    state = timm.create_model("test_efficientnet", num_classes=3).state_dict()
    torch.save({"model": {f"module.{key}": value for key, value in state.items()}, "epoch": 3}, file)
    (tmp_path / "names.txt").write_text("ant\nbee\ncat\n")
    with gr.Blocks() as demo, gr.Tab() as own:
        page = Page(demo, Store(checkpoints, public=False), own, gr.State(), Photo(sample="cat"))
        tab = OwnModel(page, layout(page))
    sent = {tab.parts.file: {"path": str(file)}, tab.parts.name: TINY, tab.parts.weights: "file"}
    wish = tab.wish({**sent, tab.parts.labels: {"path": str(tmp_path / "names.txt")}})
    assert wish.limits.file_bytes == 2 * 2**30 and wish.card.labels == ("ant", "bee", "cat")
    opened = tab.opened(wish, Photo(sample="cat"), "en")
    assert opened.view.analysis.labels == ("ant", "bee", "cat")
    with pytest.raises(UserError, match="is a pickle"):
        Wish(TINY, "file", file).title
    monkeypatch.setenv("ATTNVIZ_FILE_MIB", "128")
    assert limits_for(True).file_bytes == 128 * 2**20 and not limits_for(True).pickles
    monkeypatch.setenv("ATTNVIZ_FILE_MIB", "much")
    with pytest.raises(UserError, match="ATTNVIZ_FILE_MIB must be a whole number"):
        limits_for(True)


def test_a_network_of_six_channels_is_taken_with_a_picture_of_as_many(call, tmp_path):
    import numpy as np
    import timm

    file, picture = tmp_path / "six.safetensors", tmp_path / "bands.npy"
    net = timm.create_model("test_efficientnet", num_classes=3, in_chans=6)
    safetensors.torch.save_file(net.state_dict(), file)
    bands = np.random.default_rng(0).integers(0, 4000, (80, 80, 6)).astype(np.uint16)
    np.save(picture, bands)
    sent = {"weights": "file", "file": {"path": str(file)}, "picture": {"path": str(picture)}}
    with pytest.raises(UserError, match="takes 6 channels: say their mean and std"):
        call("on_find", VISITOR, **sent)
    said = {"mean": "0.5", "std": "0.25", "window": "0,4000", "shown": "5,0,0"}
    with pytest.raises(UserError, match="Channels shown .* needs whole numbers"):
        call("on_find", VISITOR, **sent, **{**said, "shown": "red"})
    with pytest.raises(UserError, match="takes pictures of 6 channels, this one has 3; .* TIFF of 6 bands"):
        call("on_find", VISITOR, **{**sent, "picture": None}, **said)
    own = call("on_find", VISITOR, **sent, **said)["state"]
    image = own.view.analysis.image
    assert np.array_equal(image.pixels[:, :, 0], np.rint(bands[:, :, 5] / 4000 * 255).astype(np.uint8))
    with torch.inference_mode():
        small = torch.from_numpy(image.values.copy())[None].sub(0.5).div(0.25)
        assert np.allclose(own.view.analysis.logits, net.eval()(small)[0], atol=1e-4)
    other = call("on_find", VISITOR, **sent, **{**said, "mean": "0.4"})["state"]
    assert other.view.analysis.model != own.view.analysis.model  # what is said is part of what is kept by name


def test_gates_are_found_and_listed_with_name_kind_shape_and_how(call, own):
    updates = call("on_find", VISITOR)
    assert f"{TINY} · untrained: {len(own.about.sites)} gates" in updates["found"]
    for site in own.about.sites:
        assert site.name in updates["list"] and site.how in updates["list"]
    assert updates["list"].count("<tr>") == len(own.about.sites) + 1
    assert len(own.view.analysis.gates) == len(own.about.sites) == 2


def asked(own, **more):
    return gr.EventData(None, {"document": own.view.id, "name": own.about.sites[0].name, **more})


def test_features_are_computed_when_they_are_asked_for(call, own):
    answer = json.loads(changed(call("on_ask", asked(own, channel=3), state=own)["view"], "features"))
    assert (answer["gate"], answer["channel"], answer["document"]) == (0, 3, own.view.id)
    for wrong, message in (
        ({"document": "x"}, "shown before"),
        ({"name": EVIL}, "has no gate"),
        ({"channel": 9999}, "9999"),
    ):
        with pytest.raises(UserError, match=message):
            call("on_ask", asked(own, **{"channel": 3, **wrong}), state=own)


def test_what_another_tab_looks_at_is_taken_up(call, own):
    first, second = "cbam", "se"
    opened = call("on_open", VISITOR, chosen=Chosen(second).sent())
    assert opened["state"].view.analysis.model == second
    gate = opened["state"].about.sites[-1].name
    again = {"state": opened["state"], "page_photo": opened["page_photo"]}
    picked = call("on_open", VISITOR, **again, chosen=Chosen(second, gate, 2).sent())
    assert set(picked) == {"view"} and changed(picked["view"], "picked")["gate"] == gate
    seen = json.dumps({"gate": gate, "channel": 2})
    assert set(call("on_open", VISITOR, **again, chosen=Chosen(second, gate, 2).sent(), selected=seen)) == {"state"}
    assert call("on_open", VISITOR, **again, chosen=Chosen(first).sent())["state"].view.analysis.model == first
    kept = call("on_open", VISITOR, state=own, page_photo=own.photo, chosen=Chosen(first, gate).sent())
    assert set(kept) == {"state"}, "a network that a visitor asked for stays"


def test_another_language_keeps_the_view(call, own):
    updates = call("on_language", CHINESE, state=own)
    assert "view" not in updates and "随机权重" in updates["found"] and updates["state"].view.id == own.view.id


def test_a_removed_photograph_takes_its_view_along(call, own):
    updates = call("on_clear", VISITOR, state=own)
    assert changed(updates["view"], "value") == "" and "No photograph" in updates["found"]
    assert document(call("on_open", VISITOR, state=updates["state"], page_photo=updates["page_photo"]))


def test_a_removed_photograph_stays_removed_until_another_comes(call, own, tab):
    gone = call("on_clear", VISITOR, state=own)
    held = {"state": gone["state"], "page_photo": gone["page_photo"]}
    said = call("on_language", CHINESE, **held)
    assert said["prediction"] == "" and "没有照片" in said["found"] and said["state"].emptied
    assert call("on_refused", **held) == {"photo": None}
    assert call("on_find", VISITOR, **held, name=TINY)["state"].photo == tab.page.opening
    assert call("on_sample", gr.EventData(None, {"value": "coffee"}), **held)["state"].photo == Photo("coffee")


def test_a_network_without_gates_says_what_it_has(call):
    updates = call("on_find", VISITOR, name="torchvision:squeezenet1_1")
    assert document(updates)["gates"] == [] and "26 Conv2d" in document(updates)["facts"]["contents"]
    assert updates["list"] == ""


def test_a_file_of_weights_is_taken(call, tmp_path):
    import timm

    file = tmp_path / "mine.safetensors"
    safetensors.torch.save_file(timm.create_model("test_efficientnet", num_classes=5).state_dict(), file)
    updates = call("on_find", VISITOR, weights="file", file={"path": str(file)})
    assert "5 classes" in updates["prediction"] and "class 4" in updates["prediction"]
    assert updates["state"].view.analysis.model.startswith(f"{TINY} · file ")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": EVIL}, "asked for as"),
        ({"name": None}, "asked for as"),
        ({"name": ["timm:resnet18"]}, "asked for as"),
        ({"name": "cbam"}, "asked for as"),
        ({"name": "timm:" + EVIL}, "timm has no model"),
        ({"weights": EVIL}, "unknown weights"),
        ({"weights": None}, "unknown weights"),
        ({"weights": "file"}, "choose a file with the weights"),
        ({"weights": "file", "file": {"path": "/etc/passwd"}}, "cannot be read as safetensors"),
        ({"weights": "file", "file": [1]}, "choose a file with the weights"),
    ],
)
def test_strangers_may_type_anything(call, values, message):
    with pytest.raises(UserError, match=message):
        call("on_find", VISITOR, **values)


def test_offline_is_one_sentence_and_nothing_is_lost(call, own, monkeypatch, tmp_path):
    def offline(url):
        raise OSError("Name or service not known")

    monkeypatch.setattr("attnviz.models.published._answers", offline)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(UserError, match="could not be fetched .*Name or service"):
        call("on_find", VISITOR, state=own, name="torchvision:mobilenet_v3_small", weights="published")
    assert call("on_ask", asked(own, channel=0), state=own)["view"]


def test_the_budget_of_fetched_weights_is_kept(monkeypatch, tab):
    monkeypatch.setattr(module, "FETCHED_BYTES", 1000)
    guests = Guests(tab.page.store)
    with pytest.raises(UserError, match="fetches no more"):
        guests.open(Wish(TINY, "published"))
    assert guests.slots.names == ()


def test_networks_are_let_go_and_loaded_again(monkeypatch, tab):
    guests = Guests(tab.page.store, most=1)
    first = guests.open(Wish(TINY, "untrained"))
    second = guests.open(Wish("timm:test_resnet", "untrained"))
    assert guests.slots.names == (second,)
    with guests.lease(first) as analyser:
        assert analyser.loaded.name == first
    for name in ("nonsense", None, ["x"]):
        with pytest.raises(UserError, match="reload"), guests.lease(name):
            pass
    monkeypatch.setattr(module, "REMEMBERED", 1)
    guests.open(Wish(TINY, "untrained"))
    with pytest.raises(UserError, match="reload"):
        guests.about(second)


def test_another_visitor_and_the_other_tabs_do_not_find_it(tab, call, own):
    assert not any(TINY in name for name in tab.page.store.choices)


def test_a_suggestion_is_filled_in(tab):
    data = gr.EventData(None, {"value": SUGGESTED[2]})
    assert tab.on_suggested(data) == {tab.parts.name: SUGGESTED[2]}
    with pytest.raises(UserError, match="no suggestion"):
        tab.on_suggested(gr.EventData(None, {"value": EVIL}))


@pytest.mark.slow
@pytest.mark.parametrize("name", SUGGESTED)
def test_what_is_suggested_is_within_the_limits(call, name):
    torch.manual_seed(0)
    updates = call("on_find", VISITOR, name=name)
    assert updates["state"].view.analysis.gates
