import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

gr = pytest.importorskip("gradio")

from attnviz.analysis.noise_lab import look, mean_scores  # noqa: E402
from attnviz.core.errors import UserError  # noqa: E402
from attnviz.core.input_spec import NoiseSpec  # noqa: E402
from attnviz.images.sample_table import CIFAR10, IMAGENETTE  # noqa: E402
from attnviz.images.samples import find_sample  # noqa: E402
from attnviz.ui.networks.store import Store  # noqa: E402
from attnviz.ui.shared.address import Query  # noqa: E402
from attnviz.ui.shared.page import Page, Photo  # noqa: E402
from attnviz.ui.shared.sample_buttons import available, samples_html  # noqa: E402
from attnviz.ui.shared.text import plain  # noqa: E402
from attnviz.ui.tabs.noise_lab import state as noise_view  # noqa: E402
from attnviz.ui.tabs.noise_lab.handlers import TAB, NoiseLab, layout  # noqa: E402
from attnviz.ui.tabs.noise_lab.html import (  # noqa: E402
    channels_html,
    link_html,
    predictions_html,
    python_of,
    ratio_text,
    short,
    table_html,
)
from attnviz.ui.tabs.noise_lab.state import (  # noqa: E402
    NETWORKS,
    answered,
    move,
    opening,
    present,
    set_gate,
    set_noise,
    unmoved,
    wanted,
)

MOMENTS = np.stack((np.zeros((5, 3)), np.full((5, 3), 2.0)), -1).astype(np.float32)


@pytest.fixture(scope="module")
def noisy(noise_checkpoints):
    return Store(noise_checkpoints)


@pytest.fixture(scope="module")
def lab(noisy):
    return answered(noisy, opening(noisy, Photo("parachute")))


def test_every_network_answers_and_only_those_with_a_gate_score(lab, noisy):
    there = tuple(name for name in NETWORKS if name in noisy.ids)
    assert tuple(lab.looks) == there == present(noisy) and len(there) == 4
    assert [look.scores is not None for look in lab.looks.values()] == [False, False, True, True]
    assert lab.noise == NoiseSpec(order=(0, 1, 2, 3, 4, 5))
    assert all(look.order == lab.noise.order for name, look in lab.looks.items() if name != "noise-rgb")


def test_without_the_networks_the_tab_says_how_they_come_about(checkpoints, tmp_path):
    store = Store(checkpoints)
    assert present(store) == ()
    with gr.Blocks() as demo, gr.Tab() as tab:
        TAB.build(Page(demo, store, tab, gr.State(), Photo("cat")))
    assert any(
        "attnviz experiment noise" in str(block.value) for block in demo.blocks.values() if hasattr(block, "value")
    )


def test_channels_move_and_scores_are_those_of_the_library(lab, noisy):
    moved = answered(noisy, move(move(lab, "left:3"), "right:0"))
    assert moved.noise.order == (1, 0, 3, 2, 4, 5)
    with noisy.lease("noise-attention") as analyser:
        image = moved.shown.analysis.image
        direct = look(analyser, image, moved.noise)
    np.testing.assert_array_equal(moved.shown.scores, direct.scores)
    assert unmoved(moved).noise == lab.noise


def test_the_mean_is_shown_where_moments_were_measured(lab, noisy, monkeypatch):
    assert "nl-bar" in channels_html(lab)
    monkeypatch.setattr(noise_view, "moments", lambda: MOMENTS)
    measured = answered(noisy, lab)
    with noisy.lease("noise-attention") as analyser:
        np.testing.assert_array_equal(measured.mean, mean_scores(analyser, MOMENTS, lab.noise))
    html = channels_html(measured)
    assert html.count("<s style") == 6 and "5 random test images" in html


@pytest.mark.parametrize(
    "wanted", [None, 3, "", "left:0", "right:5", "left:-1", "left:99999", "up:3", "left:3<b>", "left:²"]
)
def test_wrong_moves_are_refused(lab, wanted):
    with pytest.raises(UserError, match="moves as"):
        move(lab, wanted)


@pytest.mark.parametrize(
    "values",
    [
        ("gaussian", 17, 0),
        ("gaussian", None, 0),
        ("gaussian", 1, -1),
        ("gaussian", 1, 0.5),
        ("gaussian", 1, True),
        ("gaussian", float("nan"), 0),
    ],
)
def test_wrong_settings_are_refused(lab, values):
    with pytest.raises(UserError, match="must be a"):
        set_noise(lab, *values)


def test_unknown_kinds_and_gates_are_refused(lab, noisy):
    with pytest.raises(UserError, match="unknown kind of noise"):
        answered(noisy, set_noise(lab, "<script>", 1, 0))
    with pytest.raises(UserError, match="noise-attention"):
        set_gate(lab, noisy, "noise-rgb")
    assert answered(noisy, set_gate(lab, noisy, "noise-permuted")).gate == "noise-permuted"


def test_pictures_and_predictions_in_both_languages(lab, noisy):
    for language in ("en", "zh"):
        own = replace(lab, language=language)
        html = channels_html(own)
        assert html.count("<img") == 6 and html.count('alt="') == 6 and html.count("data-pick") == 12
        assert html.count(" disabled") == 2
        assert predictions_html(own, noisy).count("<section") == 4
    assert short(0.985) == "0.985" and short(0.00042) == "4.2e-4"


def test_the_handlers(noisy, lab):
    with gr.Blocks() as demo, gr.Tab() as tab:
        page = Page(demo, noisy, tab, gr.State(), Photo("golf-ball"))
        tabbed = NoiseLab(page, layout(page))
    parts = tabbed.parts
    request = SimpleNamespace(headers={"accept-language": "zh"}, cookies={})
    # other tabs hand on the picture that the page opens with although nobody chose it
    handed = tabbed.on_open({parts.state: None, page.photo: page.opening}, request)[parts.state]
    assert find_sample(handed.photo.sample).is_known(CIFAR10), "a picture of a class that these networks know"
    assert tabbed.on_open({parts.state: handed, page.photo: page.opening}, request) == {parts.state: gr.skip()}
    opened = tabbed.on_open({parts.state: None, page.photo: None}, request)
    state = opened[parts.state]
    assert state.language == "zh" and "噪声" in opened[parts.channels]
    assert "网络认识的类别" in opened[parts.picker.samples]
    assert state.photo == Photo("aeroplane") and page.photo not in opened, "nobody has chosen a photograph yet"
    assert tabbed.on_open({parts.state: state, page.photo: None}, request) == {parts.state: gr.skip()}
    other = tabbed.on_open({parts.state: state, page.photo: Photo("parachute")}, request)
    assert other[parts.state].photo == Photo("parachute") and page.photo not in other
    again = tabbed.on_open({parts.state: other[parts.state], page.photo: Photo("parachute")}, request)
    assert again == {parts.state: gr.skip()}
    data = {parts.state: state, parts.kind: "uniform", parts.strength: 2, parts.seed: 7, parts.gate: "noise-permuted"}
    assert tabbed.on_noise(data)[parts.state].noise == NoiseSpec(3, "uniform", 2.0, (0, 1, 2, 3, 4, 5), seed=7)
    assert tabbed.on_gate(data)[parts.state].gate == "noise-permuted"
    sampled = tabbed.on_sample(data, request, gr.EventData(None, {"value": "church"}))
    assert sampled[page.photo] == Photo("church") and sampled[parts.state].photo == Photo("church")
    with pytest.raises(UserError, match="unknown sample"):
        tabbed.on_sample(data, request, gr.EventData(None, {"value": ["x"]}))
    said = tabbed.on_language({parts.state: lab}, SimpleNamespace(headers={"accept-language": "zh"}, cookies={}))
    assert said[parts.state].noise == lab.noise and "门" in said[parts.channels]
    removed = tabbed.on_clear(request)
    assert removed[parts.state] is None and removed[parts.predictions] == "" and "照片" in removed[parts.channels]
    empty = {**data, parts.state: None, parts.picker.image: None}
    assert tabbed.on_noise(empty) == tabbed.on_gate(empty) == {parts.state: gr.skip()}
    with pytest.raises(UserError, match="No photograph"):
        tabbed.on_reset(empty)
    ship = tabbed.on_sample(empty, request, gr.EventData(None, {"value": "ship"}))[parts.state]
    assert (ship.photo, ship.noise.kind, ship.noise.seed) == (Photo("ship"), "uniform", 7), "as the controls say"
    assert ship.gate == "noise-permuted"
    with pytest.raises(UserError, match="was let go"):
        tabbed.on_reset({parts.state: None})


def test_pictures_of_known_classes_stand_first():
    for data, known in ((CIFAR10, ["aeroplane", "ship", "car", "cat"]), (IMAGENETTE, ["golf-ball", "church"])):
        html = samples_html("en", data)
        first, second = (re.findall(r'data-pick="([\w-]+)"', part) for part in html.split("none of them"))
        assert first[: len(known)] == known
        assert sorted(first + second) == sorted(available())
        assert all(find_sample(name).is_known(data) for name in first)
        assert not any(find_sample(name).is_known(data) for name in second)


@pytest.mark.parametrize(
    ("scores", "let_in", "shut"),
    [
        ((0.0007, 1.0, 0.002, 0.0015, 0.0001, 0.0012), "green", "red, blue, noise 1, noise 2, noise 3"),
        ((1.0, 0.99, 1.0, 0.001, 0.002, 0.003), "red, green, blue", "noise 1, noise 2, noise 3"),
        ((0.1, 0.2, 0.3, 0.9, 0.5, 0.49), "noise 1, noise 2", "red, green, blue, noise 3"),
    ],
)
@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4, 5), (5, 2, 0, 3, 1, 4)])
def test_the_verdict_names_what_is_open_and_what_is_shut(lab, scores, let_in, shut, order):
    """A colour that scores below a shut noise channel does not mean that noise is let in."""
    by_position = np.array([scores[channel] for channel in order], np.float32)
    own = replace(lab, looks={lab.gate: replace(lab.shown, scores=by_position, order=order)}, mean=None)
    verdict = re.search(r'<p class="nl-verdict"[^>]*>(.*?)</p>', channels_html(own)).group(1)
    assert f"lets in {let_in} (score" in verdict and f"shuts out {shut}." in verdict
    weakest, best = min(scores[:3]) / max(scores[3:]), max(scores[:3]) / max(scores[3:])
    assert (f"{ratio_text(1 / best)}×" in verdict) is (best < 1) and (f"{ratio_text(best)}×" in verdict) is (best >= 1)
    assert best < 1 or f"{ratio_text(weakest)}×" in verdict


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ((0.1, 0.1, 0.1, 0.1, 0.1, 0.1), ["lets no channel in", "all 6 scores"]),
        ((0.9, 0.9, 0.9, 0.9, 0.9, 0.9), ["lets all 6 channels in", "shuts no noise out"]),
        ((0.001, 1.0, 0.9, 3e-9, 0.0, 1e-9), ["shuts out red, noise 1, noise 2, noise 3", "&gt; 1,000×"]),
        ((0.9, 1.0, 0.9, 0.0, 0.0, 0.0), ["nothing to compare the colours with"]),
        ((0.02, 0.03, 0.02, 0.4, 0.01, 0.01), ["lets no channel in", "prefers noise", "13×"]),
        ((0.0, 0.0, 0.0, 0.4, 0.01, 0.01), ["prefers noise", "∞×"]),
        ((1.0, 1.0, 1.0, 0.003, 0.002, 0.001), ["Every colour has 333×"]),
    ],
)
def test_no_number_is_read_backwards_and_none_is_zero_times(lab, scores, told):
    own = replace(lab, looks={lab.gate: replace(lab.shown, scores=np.array(scores, np.float32))}, mean=None)
    verdict = re.search(r'<p class="nl-verdict"[^>]*>(.*?)</p>', channels_html(own)).group(1)
    assert all(text in verdict for text in told), verdict
    assert not re.search(r"(?<![\d.])0(\.0+)?×", verdict)
    assert (" lets in noise" in verdict) is False


def test_an_address_brings_the_same_noise_back(lab, noisy):
    own = answered(noisy, move(set_gate(set_noise(lab, "uniform", 2.5, 7), noisy, "noise-permuted"), "left:3"))
    sent = re.search(r'href="([^"]+)"', link_html(own))[1].replace("&amp;", "&")
    query = Query(sent, "en")
    again = wanted(noisy, query, Photo(sample=query.sample("cat")))
    assert (again.noise, again.gate, again.photo, query.missed) == (own.noise, own.gate, own.photo, [])
    bad = Query("?noise=<b>&strength=99&seed=-1&places=001234&network=noise-rgb&sample=x", "en")
    first = wanted(noisy, bad, Photo(sample=bad.sample("cat")))
    assert (first.noise, first.gate) == (opening(noisy, Photo("cat")).noise, opening(noisy, Photo("cat")).gate)
    assert len(bad.missed) == 6


def test_the_python_gives_the_same_scores(lab, noisy, capsys, monkeypatch):
    import attnviz

    loaded = attnviz.load(lab.gate, folder=noisy.folder)
    monkeypatch.setattr(attnviz, "load", lambda name: loaded, raising=False)
    exec("\n".join(python_of(lab)), {})
    assert capsys.readouterr().out.strip() == str(lab.shown.scores)


def test_the_help_says_that_a_score_depends_on_all_channels():
    assert "each from the mean and the maximum of all six channels" in plain("help_noise_text")


def spread(values):
    return {"mean": float(np.mean(values)), "n": len(values), "values": values}


def test_the_measured_table_says_what_was_measured():
    titles = {"noise-rgb": "RGB · net", "noise-plain": "RGB + <noise> · net", "noise-attention": "gate · net"}
    results = {
        "rows": [{"recipe": name, "top1": spread([80.0, 82.0])} for name in titles],
        "recipes": {name: {"title": title} for name, title in titles.items()},
        "gates": {"noise-attention": {"median_ratio": 1234.5}},
        "recovery": {"cost": 3.2, "sd": 0.2, "recovered": 0.91, "interval": [0.8, 1.02]},
        "positions": {
            "rows": {"noise-attention": {"runs": [{"explained_by_content": 0.1, "explained_by_position": 0.85}]}}
        },
    }
    html = table_html(results, "en")
    for text in (
        "81.00 ± 12.71 (2)",
        "1,234×",
        "91 %",
        "80 to 102 %",
        "explains 10 %",
        "position 85 %",
        "&lt;noise&gt;",
    ):
        assert text in html, text
    assert table_html(None, "en") == table_html({"rows": [{}]}, "en") == ""
    results["recovery"] = {"cost": 0.1, "p": 0.412, "gain": 0.0, "why": "x"}
    assert "too little" in table_html(results, "en") and "p = 0.41" in table_html(results, "en")
    results["recovery"] = {"why": "x"}
    assert "One seed" in table_html(results, "en")
