import urllib.request

import pytest
import torch
from torch import nn

import attnviz
import attnviz.ui.launch as launching
from attnviz import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.models.checkpoints import VARIABLE
from tests.own_models import own_net

SPEC = InputSpec((64, 64))


@pytest.fixture
def started(monkeypatch, checkpoints):
    """What would be launched, instead of a server."""

    calls = []
    monkeypatch.setenv(VARIABLE, str(checkpoints))
    monkeypatch.setattr(launching, "start", lambda demo, **options: calls.append((demo, options)))
    return calls


def texts(demo):
    return str([[c["props"].get("value"), c["props"].get("choices")] for c in demo.config["components"]])


def test_the_page_opens_on_the_live_network_beside_the_bundled_ones(started):
    model = own_net()
    demo = attnviz.launch(model, SPEC, list("abcdefg"), name="Mine & yours", prevent_thread_lock=True)
    assert started[0][0] is demo and started[0][1]["prevent_thread_lock"] is True
    assert started[0][1]["ssr_mode"] is False, "the app's own options hold too"
    shown = texts(demo)
    assert "Mine & yours" in shown and "Tiny cbam" in shown and "EfficientNet-B0" in shown
    assert "It knows 7 classes." in shown and '"name":"squeeze"' in shown
    assert model.training and model.head[2].training


def test_alone_it_is_the_only_one(started):
    shown = texts(attnviz.launch(own_net(), SPEC, alone=True))
    assert "OwnNet" in shown and "Tiny cbam" not in shown and "EfficientNet-B0" not in shown


def test_a_network_without_gates_is_shown_with_what_it_has(started):
    shown = texts(attnviz.launch(own_net(gates=False), SPEC, alone=True))
    assert '"gates":[]' in shown and "1 Conv2d" in shown


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (own_net(), {"transform": None}, "say what the network wants"),
        (own_net(), {"labels": ["a"]}, "7 class scores but there are 1 labels"),
        (own_net(channels=5), {}, "fails on an example"),
        (nn.Flatten(), {}, None),
        (own_net(), {"name": "cbam"}, "there is a model 'cbam' already"),
    ],
)
def test_what_cannot_be_opened_is_said_before_anything_starts(started, model, options, message):
    given = {"transform": SPEC, **options}
    if message is None:  # 12,288 class scores are odd, but class scores
        attnviz.launch(model, **given)
        assert len(started) == 1
        return
    with pytest.raises(UserError, match=message):
        attnviz.launch(model, **given)
    assert started == []


def test_it_really_answers_and_ends(monkeypatch, checkpoints):
    monkeypatch.setenv(VARIABLE, str(checkpoints))
    torch.manual_seed(0)
    demo = attnviz.launch(own_net(), SPEC, prevent_thread_lock=True, quiet=True)
    try:
        with urllib.request.urlopen(demo.local_url, timeout=30) as answer:
            assert answer.status == 200
    finally:
        demo.close()
    with pytest.raises(OSError):
        urllib.request.urlopen(demo.local_url, timeout=5)


def test_several_networks_and_a_folder_of_photographs(started, photograph, tmp_path):
    from attnviz.images.samples import sample_names, use_own_samples
    from attnviz.ui.shared.sample_buttons import thumbnails

    (tmp_path / "owls").mkdir()
    for number in range(3):
        photograph.save(tmp_path / "owls" / f"night {number} <b>.png")
    (tmp_path / "broken.jpg").write_text("no picture")
    card = attnviz.ModelCard(size=64, mean=0.5, std=0.25, scores="softmax")
    pair = [attnviz.wrap(own_net(), card, name="before"), attnviz.wrap(own_net(gates=False), card, name="after")]
    try:
        demo = attnviz.launch(pair, data=tmp_path)
        assert sample_names()[:3] == ("own-1", "own-2", "own-3")
        shown = texts(demo)
        assert "before" in shown and "after" in shown and "A photograph of your folder" in shown
        assert shown.count('data-pick="own-1"') == 1, "on the tab that is open"
        assert shown.count(f"attnviz/{thumbnails()['own-1'].file}") == 3, "the same picture has one address"
        assert shown.count("'own-1'") >= 2, "also in the lists of Compare and Intervene"
        assert 'title="owls/night 0 &lt;b&gt;.png"' in shown
        assert started[0][1]["max_file_size"] == 2 * 2**30, "one's own machine"
        attnviz.launch(pair, public=True)
        assert started[1][1]["max_file_size"] == 32 * 2**20
        attnviz.launch(pair, server_name="0.0.0.0")
        assert started[2][1]["max_file_size"] == 32 * 2**20, "what others can ask is public"
    finally:
        use_own_samples(None)


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ([], {}, "at least one network"),
        (["cbm"], {}, "did you mean 'cbam'"),
        ([7], {}, "a model is a locator"),
        (["cbam", "cbam"], {}, "there is a model 'cbam' already"),
        ([own_net()], {"labels": ["a"]}, "say it of each by attnviz.wrap"),
        ("cbam", {"scores": "softmax"}, "say it by attnviz.load"),
        (own_net(), {"transform": SPEC, "data": "nowhere"}, "no folder of photographs"),
    ],
)
def test_what_several_cannot_be(started, model, options, message):
    with pytest.raises(UserError, match=message):
        attnviz.launch(model, **options)
    assert started == []


@pytest.mark.parametrize(
    "said",
    [{"scores": "none"}, {"scores": "logits"}, {"labels": ["no", "yes"]}, {"scores": "sigmoid"}],
)
def test_every_tab_opens_on_any_shape_of_task(started, said):
    network = attnviz.wrap(own_net(classes=1), size=64, mean=0.5, std=0.25, name="odd", **said)
    shown = texts(attnviz.launch(network, alone=True))
    assert "odd" in shown


def bench_of(network):
    from attnviz.ui.networks.store import Store
    from attnviz.ui.shared.page import Photo
    from attnviz.ui.tabs.intervene.state import open_bench

    return open_bench(Store(live=[network], alone=True), network.name, Photo(sample="cat"), "en")


def test_a_number_is_no_per_cent_in_intervene_and_no_answer_is_said():
    from attnviz.ui.tabs.intervene.html import headline_html, result_html

    card = attnviz.ModelCard(size=64, mean=0.5, std=0.25, name="odd")
    number = bench_of(attnviz.wrap(own_net(classes=1), card, scores="logits"))
    assert "%" not in headline_html(number) + result_html(number, "probability").replace("width", "").split("<td")[-1]
    share = bench_of(attnviz.wrap(own_net(classes=1), card, scores="sigmoid"))
    assert " %: nothing is changed yet" in headline_html(share)
    with pytest.raises(UserError, match="odd gives no answer that is shown"):
        bench_of(attnviz.wrap(own_net(), card, scores="none"))
