import dataclasses
import json

import numpy as np
import pytest
import safetensors.numpy

from attnviz.core.errors import UserError
from attnviz.models.gate_reference import (
    LEVELS,
    MAX_BYTES,
    SUFFIX,
    GateReference,
    Reference,
    encode,
    load_reference,
    read_reference,
    save_reference,
    summary,
)

RNG = np.random.default_rng(0)
VALUES = {
    "a.channel": ("channel", RNG.random((200, 4, 1, 1), np.float32)),
    "a.spatial": ("spatial", RNG.random((200, 1, 3, 5), np.float32)),
    "a.tiny": ("channel", 1e-7 * RNG.random((200, 6, 1, 1), np.float32)),
    "a.pairwise": ("pairwise", RNG.random((200, 3, 3), np.float32)),
}


def gate(kind, values):
    told = summary(kind, values)
    quantiles = None if told is None else np.quantile(told, np.array(LEVELS) / 100, axis=0).astype(np.float32)
    return GateReference(kind, values.mean(0), values.std(0) if told is not None else None, quantiles)


def made(weights="f" * 64):
    return Reference(200, "squares", "0" * 64, weights, {name: gate(*given) for name, given in VALUES.items()})


def test_what_is_written_is_read_again_to_three_digits(tmp_path):
    save_reference(tmp_path / "net.reference", made())
    wanted, again = made(), read_reference(tmp_path / "net.reference")
    assert list(again.gates) == list(VALUES)
    assert (again.images, again.data, again.fingerprint, again.weights) == (200, "squares", "0" * 64, "f" * 64)
    for name, one in wanted.gates.items():
        for part in ("mean", "sd", "quantiles"):
            a, b = getattr(one, part), getattr(again.gates[name], part)
            assert (a is None) == (b is None)
            if a is not None:
                np.testing.assert_allclose(b, a, rtol=1e-3, err_msg=f"{name} {part}")
    stored = safetensors.numpy.load(encode(wanted))
    assert stored["a.channel/mean"].dtype == np.float16 and stored["a.tiny/quantiles"].dtype == np.float32


def test_summaries_by_kind():
    strip = RNG.random((3, 4, 5, 1), np.float32)
    np.testing.assert_allclose(summary("strip", strip), strip.mean((2, 3)), rtol=1e-6)
    np.testing.assert_allclose(summary("full", strip), strip.mean((2, 3)), rtol=1e-6)
    assert summary("spatial", strip[:, :1]).shape == (3, 1)
    assert summary("branch", RNG.random((3, 2, 4, 1, 1), np.float32)).shape == (3, 8)
    assert summary("pairwise", strip) is None and summary("geometric", strip) is None


def test_statistics_are_given_only_for_a_gate_that_they_fit():
    reference = made()
    assert reference.of("a.channel", "channel", (1, 4, 1, 1)) is reference.gates["a.channel"]
    assert reference.of("a.channel", "channel", (1, 5, 1, 1)) is None
    assert reference.of("a.channel", "spatial", (1, 1, 2, 2)) is None
    assert reference.of("b", "channel", (1, 4, 1, 1)) is None
    bare = dataclasses.replace(reference.gates["a.channel"], mean=None, sd=None)
    assert bare.fits("channel", (1, 4, 1, 1)) and not bare.fits("channel", (1, 3, 1, 1))


@pytest.mark.parametrize(
    "parts",
    [
        {"kind": "nonsense"},
        {"mean": np.full((4, 1, 1), np.nan, np.float32)},
        {"sd": np.zeros(3, np.float32)},
        {"sd": np.full((4, 1, 1), -1, np.float32)},
        {"quantiles": np.zeros((3, 4), np.float32)},
        {"quantiles": np.zeros((7, 5), np.float32)},
        {"quantiles": np.linspace(1, 0, 28, dtype=np.float32).reshape(7, 4)},
    ],
)
def test_statistics_that_contradict_each_other_are_refused(parts):
    with pytest.raises(UserError, match="do not fit together"):
        dataclasses.replace(made().gates["a.channel"], **parts)


def damaged():
    """Files that must not be read, by what is wrong with them."""
    good = encode(made())
    arrays = safetensors.numpy.load(good)
    length = int.from_bytes(good[:8], "little")
    header = json.loads(good[8 : 8 + length])["__metadata__"]

    def with_header(**changes):
        return safetensors.numpy.save(arrays, {**header, **{k: json.dumps(v) for k, v in changes.items()}})

    yield "empty", b""
    yield "nonsense", b"nonsense" * 10
    yield "cut", good[:-10]
    yield "no header", safetensors.numpy.save(arrays)
    yield "images", with_header(images=0)
    yield "images no number", with_header(images="many")
    yield "levels", with_header(levels=[1, 2, 3])
    yield "weights", with_header(weights=[1])
    yield "kinds", with_header(kinds={"a.channel": "channel"})
    yield "kind", with_header(kinds={name: ["x"] for name in VALUES})
    yield "text", safetensors.numpy.save(arrays, {**header, "images": "{"})
    yield "deep", safetensors.numpy.save(arrays, {**header, "kinds": "[" * 100_000})
    yield "large", good + b" " * MAX_BYTES


@pytest.mark.parametrize(("what", "content"), damaged(), ids=lambda v: v if isinstance(v, str) else "")
def test_damage_is_told_in_a_sentence(tmp_path, what, content):
    (tmp_path / f"x{SUFFIX}").write_bytes(content)
    with pytest.raises(UserError, match="x.reference cannot be read as reference statistics"):
        read_reference(tmp_path / f"x{SUFFIX}")


def test_a_reference_of_other_weights_is_refused(checkpoints, tmp_path):
    for path in checkpoints.glob("se.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert load_reference("se", "a" * 64, tmp_path) is None
    save_reference(tmp_path / "se.reference", made("a" * 64))
    assert load_reference("se", "a" * 64, tmp_path).images == 200
    with pytest.raises(UserError, match="other weights.*attnviz reference se --data"):
        load_reference("se", "b" * 64, tmp_path)
    with pytest.raises(UserError, match="no checkpoint '../se'"):
        load_reference("../se", "a" * 64, tmp_path)
