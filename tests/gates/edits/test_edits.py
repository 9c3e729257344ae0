"""Lists of edits: what they do, how they are kept, replayed bit for bit, and what is refused."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attnviz.analysis.analyser import Analyser
from attnviz.cli.main import main
from attnviz.core.errors import UserError
from attnviz.gates.edit import edit, knock_out, mean, neutral, paint, scale, set_to, shuffle
from attnviz.gates.edits.channel_search import greedy, leave_one_out
from attnviz.gates.edits.edit_list import EditList, EditStep, applied
from attnviz.gates.edits.json_format import Document, Recorded, fingerprint, from_json, to_json
from attnviz.gates.edits.replacements import SWAPS, Given
from attnviz.images.prepare import prepare
from attnviz.models.checkpoints import load

CHANNEL, SPATIAL = "stage1.0.attention.channel", "stage1.0.attention.spatial"
LAST = "stage4.0.attention.channel"


@pytest.fixture(scope="module")
def analyser(checkpoints):
    return Analyser(load("cbam", checkpoints))


@pytest.fixture
def image(analyser, photograph):
    return prepare(photograph, analyser.loaded.spec.input)


@pytest.fixture(scope="module")
def all_kinds(analyser):
    """One edit of every action, several of one gate."""
    rng = np.random.default_rng(0)
    edits = EditList("cbam", weights=analyser.weights).then(CHANNEL, mean(rng.random((3, 8, 1, 1))))
    edits = edits.then(CHANNEL, shuffle("channels", 3)).with_factors(CHANNEL, {1: 0.0, 4: 0.0, 6: 1 / 3})
    edits = edits.then(SPATIAL, paint(rng.random((32, 32)))).then("stage2.0.attention.channel", neutral())
    return edits.then("stage2.0.attention.spatial", scale(0.7)).then(LAST, set_to(rng.random((1, 16, 1, 1))))


# what they do -------------------------------------------------------------------------------------------------


def test_no_edits_give_the_same_bits_as_none_at_all(analyser, image):
    plain = analyser.analyse(image)
    assert np.array_equal(plain.logits, analyser.analyse(image, EditList("cbam")).logits)
    with torch.inference_mode():
        assert np.array_equal(plain.logits, analyser.loaded.module(analyser.input(image))[0].numpy())


def test_steps_of_one_gate_act_in_their_order(analyser, image):
    plain = analyser.analyse(image).gate(CHANNEL).values
    steps = [
        EditStep(CHANNEL, scale(2)),
        EditStep(SPATIAL, neutral()),
        EditStep(CHANNEL, shuffle(seed=1)),
        EditStep(CHANNEL, knock_out(2)),
    ]
    got = analyser.analyse(image, EditList("cbam", tuple(steps)))
    with torch.inference_mode():
        module = analyser.loaded.module
        first = edit(module, {CHANNEL: scale(2), SPATIAL: neutral()})
        with first, edit(module, {CHANNEL: shuffle(seed=1)}), edit(module, {CHANNEL: knock_out(2)}):
            by_hand = module(analyser.input(image))[0].numpy()
    assert np.array_equal(got.logits, by_hand)
    values = got.gate(CHANNEL).values
    assert values[0, 2] == 0 and set(np.delete(values.ravel(), 2)) <= set((2 * plain).ravel())
    assert (got.gate(SPATIAL).values == 1).all()


def test_every_channel_of_every_gate_can_be_knocked_out(analyser, image):
    edits = EditList("cbam")
    for site in analyser.sites:
        edits = edits.then(site.name, set_to(0))
    got = analyser.analyse(image, edits)
    assert np.isfinite(got.logits).all() and all((gate.values == 0).all() for gate in got.gates)


def test_numbers_that_overflow_are_one_sentence_and_the_model_is_as_before(analyser, image):
    before = analyser.analyse(image).logits
    steps = tuple(EditStep(site.name, scale(1e38)) for site in analyser.sites)
    with pytest.raises(UserError, match="overflow"):
        analyser.analyse(image, EditList("cbam", steps))
    assert np.array_equal(before, analyser.analyse(image).logits)


def test_replacing_a_gate_drops_what_it_makes_void():
    edits = EditList("m").then("a", shuffle()).then("b", scale(2)).with_factors("a", {0: 0.0}).then("a", neutral())
    assert [(s.gate, s.edit.action) for s in edits.steps] == [("b", "scale"), ("a", "neutral")]
    assert [e.action for e in edits.then("a", shuffle()).of("a")] == ["neutral", "shuffle"]
    assert edits.gates == ("b", "a") and edits.without("b").gates == ("a",)


def test_factors_of_single_channels_are_read_back_and_replaced():
    edits = EditList("m").then("a", shuffle()).with_factors("a", {3: 0.0, 1: 2.0, 2: 0.0, 7: 1.0})
    assert dict(edits.factors("a")) == {1: 2.0, 2: 0.0, 3: 0.0}
    assert [e.action for e in edits.of("a")] == ["shuffle", "knock_out", "scale"]
    again = edits.with_factors("a", {1: 0.0})
    assert dict(again.factors("a")) == {1: 0.0} and [e.action for e in again.of("a")] == ["shuffle", "knock_out"]
    assert [e.action for e in edits.with_factors("a", {}).of("a")] == ["shuffle"]
    twice = EditList("m", (EditStep("a", scale(2, 1)), EditStep("a", scale(3, 1, 2))))
    assert dict(twice.factors("a")) == {1: 6.0, 2: 3.0}


# JSON ---------------------------------------------------------------------------------------------------------


def test_a_replay_gives_the_same_logits_bit_for_bit(analyser, all_kinds, image, checkpoints):
    after = analyser.analyse(image, all_kinds)
    assert not np.array_equal(after.logits, analyser.analyse(image).logits)
    read = from_json(to_json(Document(all_kinds, Recorded.of(after))))
    fresh = Analyser(load("cbam", checkpoints)).analyse(image, read.edits)
    assert np.array_equal(fresh.logits, after.logits)
    for a, b in zip(fresh.gates, after.gates, strict=True):
        assert np.array_equal(a.values, b.values)
    assert np.array_equal(read.recorded.logits, after.logits) and read.recorded.input == fingerprint(image)


def test_what_is_written_is_what_is_read(all_kinds):
    text = to_json(Document(all_kinds))
    read = from_json(text.encode())
    assert read.recorded is None and to_json(read) == text
    assert (read.edits.model, read.edits.weights) == (all_kinds.model, all_kinds.weights)
    for a, b in zip(read.edits.steps, all_kinds.steps, strict=True):
        assert a.gate == b.gate
        for field in dataclasses.fields(a.edit):
            mine, theirs = getattr(a.edit, field.name), getattr(b.edit, field.name)
            assert np.array_equal(mine, theirs) if field.name == "value" and mine is not None else mine == theirs


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_every_float32_is_read_back_as_it_was(values):
    edits = EditList("m", (EditStep("a", set_to(np.array(values, dtype=np.float32))),))
    got = from_json(to_json(Document(edits))).edits.steps[0].edit.value
    assert np.array_equal(
        np.array(values, dtype=np.float32).view(np.int32) & 0x7FFFFFFF, got.view(np.int32) & 0x7FFFFFFF
    )
    assert np.array_equal(np.array(values, dtype=np.float32), got)


def written(**changes):
    step = {"gate": "a", "action": "knock_out", "channels": [1]}
    return json.dumps({"format": "attnviz-edits", "version": 1, "model": "m", "steps": [step], **changes})


def with_step(**step):
    return written(steps=[{"gate": "a", **step}])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be JSON"),
        ("[" * 100_000, "must be JSON"),
        ("[]", '"format"'),
        ("{}", '"format"'),
        (b"\x80\x04\x95", "must be JSON"),
        (b"\xff\xfe", "must be JSON"),
        (written(version=2), "reads version 1 of edits, got 2"),
        (written(version=True), "got True"),
        (written(steps={}), "steps must be a list"),
        (written(steps=[7]), "edit 1 must be a JSON object, got int"),
        (written(steps=[{"gate": "a", "action": "neutral"}] * 2001), "at most 2000, got 2001"),
        (written(model=None), "model must be text"),
        (written(model="m" * 301), "at most 300"),
        (written(surprise=1), "unknown key 'surprise'"),
        (written(recorded={"input": "x"}), "recorded lacks 'logits'"),
        (written(recorded={"input": "x", "logits": ["1"]}), "must be numbers"),
        (with_step(action="explode"), "edit 1: unknown action 'explode'"),
        (with_step(action="__class__"), "unknown action"),
        (with_step(action="knock_out"), "lacks 'channels'"),
        (with_step(action="knock_out", channels=[]), "at least one"),
        (with_step(action="knock_out", channels=[1.5]), "whole number, got 1.5"),
        (with_step(action="knock_out", channels=[True]), "whole number, got True"),
        (with_step(action="knock_out", channels="0-9"), "must be a list"),
        (with_step(action="knock_out", channels=[1], value=2), "unknown key 'value'"),
        (with_step(action="scale", value=2, channels=[]), "leave the key out"),
        (with_step(action="scale", value="2"), "must be numbers"),
        (with_step(action="scale", value=True), "must be numbers"),
        (with_step(action="scale", value=None), "must be numbers"),
        (with_step(action="scale", value=1e39), "fit float32"),
        (with_step(action="scale", value=10**400), "fit float32"),
        (with_step(action="scale", value={"shape": [2], "values": [1, 2]}), "one number"),
        (with_step(action="paint", value={"shape": [2, 2], "values": [1, 2]}), "must hold 4 numbers, got 2"),
        (with_step(action="paint", value={"shape": [2, -2], "values": [1]}), "at least 1"),
        (with_step(action="paint", value={"shape": [1] * 9, "values": [1]}), "at most 8"),
        (with_step(action="paint", value={"values": [1]}), "lacks 'shape'"),
        (with_step(action="mean"), "lacks 'value'"),
        (with_step(action="shuffle", over="channels", seed=-1), "a seed is a whole number"),
        (with_step(action="shuffle", over="moon", seed=1), "unknown axis"),
        (with_step(action="set_to", value=math.nan), "finite numbers only, got NaN"),
        (with_step(action="set_to", value=math.inf), "finite numbers only, got Infinity"),
        (written(steps=[{"action": "neutral"}]), "lacks 'gate'"),
        (written(steps=[{"gate": ["a"], "action": "neutral"}]), "a gate must be text"),
    ],
)
def test_what_is_no_edits_file_is_one_clear_sentence(text, message):
    with pytest.raises(UserError, match=message) as caught:
        from_json(text)
    assert len(str(caught.value)) < 500


def test_a_file_that_is_too_large_is_not_parsed():
    with pytest.raises(UserError, match="at most 16 MiB"):
        from_json(b" " * (16 * 2**20 + 1))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["shape", "values", "x"]), inner),
    max_leaves=6,
)
KEYS = ["gate", "action", "value", "channels", "over", "seed"]
ACTIONS = ["neutral", "set_to", "scale", "knock_out", "mean", "shuffle", "paint"]


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), json_values), st.sampled_from(ACTIONS))
def test_any_json_is_read_or_refused_and_nothing_else(step, action):
    try:
        read = from_json(written(steps=[{"gate": "a", **step, "action": action}]))
    except UserError:
        return
    assert from_json(to_json(read)).edits.steps[0].edit.action == action


# what does not fit --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        (EditList("se"), "made for the model 'se', not for 'cbam'"),
        (EditList("cbam", weights="0" * 64), "other weights"),
        (
            EditList("cbam", (EditStep("stage1.0.attention.chanel", neutral()),)),
            "did you mean 'stage1.0.attention.channel'",
        ),
        (
            EditList("cbam", (EditStep(SPATIAL, neutral()), EditStep(CHANNEL, knock_out(8)))),
            r"edit 2: .*0\.\.7 .*got 8",
        ),
        (EditList("cbam", (EditStep(CHANNEL, scale(2, -1)),)), r"in 0\.\.7"),
        (EditList("cbam", (EditStep(SPATIAL, knock_out(0)),)), "no channels to knock out"),
        (EditList("cbam", (EditStep(SPATIAL, paint(np.ones((200, 200)))),)), r"has shape \(32, 32\), got \(200, 200\)"),
        (EditList("cbam", (EditStep(CHANNEL, mean()),)), "needs a reference"),
        (EditList("cbam", (EditStep(CHANNEL, shuffle("batch")),)), "one photograph only"),
        (EditList("cbam", (EditStep(CHANNEL, neutral()),) * 2001), "at most 2000"),
        (EditList("cbam", (EditStep(CHANNEL, set_to(np.ones(2**20))), EditStep(CHANNEL, set_to(1)))), "numbers in all"),
    ],
)
def test_edits_that_do_not_fit_are_refused_before_the_model_runs(analyser, image, edits, message):
    calls = []
    handle = analyser.loaded.module.register_forward_pre_hook(lambda *a: calls.append(1))
    with pytest.raises(UserError, match=message):
        analyser.analyse(image, edits)
    handle.remove()
    assert not calls


# which channels matter ----------------------------------------------------------------------------------------


def one_by_one(analyser, image, gate, target):
    base = analyser.analyse(image).logits[target]
    count = analyser.site(gate).shape[1]
    logits = [analyser.analyse(image, EditList("cbam", (EditStep(gate, knock_out(c)),))).logits for c in range(count)]
    return np.array([base - row[target] for row in logits])


@pytest.mark.parametrize("batch", [1, 5, 16])
def test_leave_one_out_is_what_knocking_out_one_by_one_gives(analyser, image, batch):
    searches = list(
        leave_one_out(lambda f: analyser.multiplied(image, LAST, f), 16, 1, [*range(8, 16), *range(8)], batch)
    )
    last = searches[-1]
    assert last.channels == (*range(8, 16), *range(8)) and [s.done for s in searches][-1] == last.total == 16
    wanted = one_by_one(analyser, image, LAST, 1)
    assert np.allclose(last.drops, wanted[list(last.channels)], atol=1e-5) and np.ptp(wanted) > 1e-4
    assert last.most(3) == tuple(sorted(range(16), key=lambda c: -wanted[c])[:3])


def test_greedy_takes_the_worst_loss_each_time(analyser, image):
    last = list(greedy(lambda f: analyser.multiplied(image, LAST, f), 16, 2, range(16), 3, 6))[-1]
    taken = []
    for step in range(3):
        rows = {}
        for channel in set(range(16)) - set(taken):
            edits = EditList("cbam", (EditStep(LAST, knock_out(*taken, channel)),))
            rows[channel] = analyser.analyse(image, edits).logits
        taken.append(min(rows, key=lambda c: rows[c][2]))
        assert np.allclose(last.logits[step], rows[taken[-1]], atol=1e-5)
    assert last.channels == tuple(taken) and last.done == last.total == 16 + 15 + 14


def test_searches_check_what_they_are_given(analyser, image):
    def run(factors):
        return analyser.multiplied(image, LAST, factors)

    for search, message in [
        (leave_one_out(run, 16, 3, [0]), r"target must be a class in 0\.\.2, got 3"),
        (leave_one_out(run, 16, 0, []), "different ones"),
        (leave_one_out(run, 16, 0, [1, 1]), "different ones"),
        (greedy(run, 16, 0, [1, 2], 3), r"steps must be in 1\.\.2"),
        (leave_one_out(lambda f: analyser.multiplied(image, SPATIAL, f), 16, 0, [0]), "has no channels"),
        (leave_one_out(lambda f: analyser.multiplied(image, CHANNEL, f), 16, 0, [0]), r"shape \(B, 8\), got \(2, 16\)"),
    ]:
        with pytest.raises(UserError, match=message):
            next(search)


def test_an_interrupted_context_leaves_no_hook(analyser):
    module = analyser.loaded.module
    with pytest.raises(UserError), applied(module, [EditStep(CHANNEL, neutral()), EditStep(CHANNEL, knock_out(99))]):
        raise AssertionError("the context must not open")
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in module.modules())


# the command --------------------------------------------------------------------------------------------------


@pytest.fixture
def files(analyser, all_kinds, photograph, tmp_path):
    """An edits file with what it led to, and the photograph."""
    from attnviz.images.decode import open_photograph

    photograph.save(tmp_path / "photo.png")
    image = prepare(open_photograph(tmp_path / "photo.png"), analyser.loaded.spec.input, 50)
    recorded = Recorded.of(analyser.analyse(image, all_kinds))
    (tmp_path / "edits.json").write_text(to_json(Document(all_kinds, recorded)))
    return tmp_path


def test_the_command_replays_to_the_same_bits(files, checkpoints, analyser, all_kinds, capsys):
    order = ["replay", str(files / "edits.json"), str(files / "photo.png"), "--model", str(checkpoints / "cbam")]
    assert main([*order, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["recorded"], told["largest_difference"], told["edits"]) == ("equal", 0.0, len(all_kinds.steps))
    recorded = from_json((files / "edits.json").read_bytes()).recorded.logits
    got = {row["label"]: np.float32(row["logit_after"]) for row in told["classes"]}
    assert [got[label] for label in analyser.loaded.labels] == list(recorded)
    assert main(order) == 0
    assert "bit for bit" in capsys.readouterr().out


def test_the_command_says_when_logits_differ_or_the_photograph_is_another(files, checkpoints, capsys):
    document = json.loads((files / "edits.json").read_text())
    document["recorded"]["logits"][0] += 0.5
    (files / "edits.json").write_text(json.dumps(document))
    order = ["replay", str(files / "edits.json"), str(files / "photo.png"), "--model", str(checkpoints / "cbam")]
    assert main(order) == 0
    assert "other logits for this photograph: 0.5 away" in capsys.readouterr().out
    document["recorded"]["input"] = "0" * 64
    (files / "edits.json").write_text(json.dumps(document))
    assert main(order) == 0 and "another photograph" in capsys.readouterr().out
    del document["recorded"]
    (files / "edits.json").write_text(json.dumps(document))
    assert main(order) == 0 and "no logits to compare" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"edits": "missing.json"}, "must be a file of edits"),
        ({"edits": "."}, "must be a file of edits"),
        ({"edits": "photo.png"}, "must be JSON"),
        ({"photo": "missing.png"}, "missing.png"),
        ({"model": "se"}, "made for the model 'cbam', not for 'se'"),
        ({"model": "none"}, "made for the model"),
    ],
)
def test_bad_input_of_the_command(files, checkpoints, monkeypatch, capsys, change, message):
    monkeypatch.chdir(files)
    given = {"edits": "edits.json", "photo": "photo.png", "model": "cbam", **change}
    model = str(checkpoints / given["model"])
    assert main(["replay", given["edits"], given["photo"], "--model", model]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_model_named_in_a_file_is_never_a_path(files, checkpoints, capsys):
    document = json.loads((files / "edits.json").read_text())
    document["model"] = str(checkpoints / "cbam")
    (files / "edits.json").write_text(json.dumps(document))
    assert main(["replay", str(files / "edits.json"), str(files / "photo.png")]) == 2
    assert "give --model" in capsys.readouterr().err


@pytest.mark.parametrize("rows", [1, 4], ids=["one row", "four windows"])
def test_the_mean_over_other_photographs_keeps_the_rows_of_an_example_apart(rows):
    rng = np.random.default_rng(0)
    values = rng.random((rows, 8, 1, 1), dtype=np.float32)
    others = rng.random((3 * rows, 8, 1, 1), dtype=np.float32)
    change = SWAPS["mean"].make(Given(values=values, reference=others))
    assert change.value.shape == values.shape
    np.testing.assert_allclose(change.value, others.reshape(3, rows, 8, 1, 1).mean(0), rtol=1e-6)
