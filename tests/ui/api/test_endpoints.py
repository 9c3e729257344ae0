"""Programs in processes of their own get what the library says, bit for bit, and errors that they can tell apart."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import attnviz
from attnviz.gates.edit import neutral
from attnviz.gates.edits.edit_list import EditList, EditStep
from attnviz.gates.edits.json_format import Document, Recorded, to_json
from attnviz.ui.api import ENDPOINTS
from attnviz.ui.api.results import numbers
from attnviz.ui.server import limits
from tests.viewer.schema import check

VIEWER = Path(attnviz.__file__).parent / "viewer"
CLIENT = """
import json, sys
from gradio_client import Client, handle_file
client = Client(sys.argv[1], verbose=False)

def answer(name, arguments):
    arguments = {key: handle_file(value["file"]) if isinstance(value, dict) and "file" in value else value
                 for key, value in arguments.items()}
    try:
        return client.predict(**arguments, api_name=f"/{name}")
    except Exception as error:
        return {"error": type(error).__name__, "title": getattr(error, "title", None), "text": str(error)}

print(json.dumps([answer(*call) for call in json.load(sys.stdin)]))
"""


def asked(app, *calls):
    """The answers to calls, in order, which one process of a client's makes."""
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, app.local_url], input=json.dumps(calls), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_same_gates(answer, ours):
    """Whether an answer of ``gates`` is an analysis of ours, bit for bit."""
    assert [gate["name"] for gate in answer["gates"]] == [record.site.name for record in ours.gates]
    for gate, record in zip(answer["gates"], ours.gates, strict=True):
        values = np.array(gate["values"], np.float32).reshape(gate["shape"])
        assert gate["kind"] == record.site.kind and np.array_equal(values, record.values), gate["name"]
    assert np.array_equal(np.array(answer["logits"], np.float32), ours.logits)
    told = [(row["label"], np.float32(row["score"])) for row in answer["prediction"]]
    assert told == [(label, np.float32(score)) for label, score in ours.top(3)]


def test_a_client_gets_everything_that_the_library_says(app, cat, ours):
    gate = ours.gates[0].site.name
    edits = EditList("cbam", (EditStep(gate, neutral()),))
    sent = json.loads(to_json(Document(edits, Recorded.of(ours))))
    photo = {"file": str(cat)}
    models, gates, one, sample, view, replayed, described = asked(
        app,
        ("models", {}),
        ("gates", {"photo": photo, "model": "cbam"}),
        ("gates", {"photo": photo, "model": "cbam", "only": [gate]}),
        ("gates", {"photo": "sample:cat", "model": "cbam"}),
        ("analyse", {"photo": photo, "model": "cbam"}),
        ("replay", {"photo": photo, "model": "cbam", "edits": sent}),
        ("describe", {"type": "se", "channels": 32}),
    )
    assert [model["id"] for model in models][0] == "cbam" and models[0]["input"] == [128, 128]
    assert models[0]["labels"] == ["red", "green", "blue"] and models[0]["top1"] == 33.33
    assert_same_gates(gates, ours)
    assert_same_gates(sample, ours)
    assert one["gates"] == gates["gates"][:1] and one["logits"] == gates["logits"]
    check(view, json.loads((VIEWER / "document.schema.json").read_text(encoding="utf-8")))
    assert view["model"]["id"] == "cbam" and len(view["gates"]) == len(ours.gates)
    before = {row["label"]: np.float32(row["logit_before"]) for row in replayed["classes"]}
    assert before == dict(zip(ours.labels, ours.logits, strict=True))
    assert replayed["recorded"] == "differs" and replayed["gates"] == [gate]
    assert described["parameters"] > 0 and described["symbols"]["C"] == 32


WRONG = (
    ("gates", {"photo": {"file": "one.jpg"}, "model": "cbam"}, "AppError", "unusable: photo", "is no picture"),
    ("gates", {"photo": {"file": "large.jpg"}, "model": "cbam"}, "ValueError", None, "exceeds the maximum file size"),
    ("gates", {"photo": {"path": "SECRET"}, "model": "cbam"}, "ValidationError", None, "must have been uploaded here"),
    ("gates", {"photo": "SECRET", "model": "cbam"}, "AppError", "unusable: photo", "no file that was uploaded here"),
    ("gates", {"photo": "http://127.0.0.1:9/x", "model": "cbam"}, "AppError", "unusable: photo", "no other URL"),
    ("gates", {"photo": "data:image/png;base64,-", "model": "cbam"}, "AppError", "unusable: photo", "is damaged"),
    ("gates", {"photo": "sample:cta", "model": "cbam"}, "AppError", "unusable: photo", "did you mean 'cat'"),
    ("gates", {"photo": None, "model": "cbam"}, "AppError", "unusable: photo", "a photograph is"),
    ("gates", {"photo": "sample:cat", "model": "cbma"}, "AppError", "unusable: model", "did you mean 'cbam'"),
    ("gates", {"photo": "sample:cat", "model": 3}, "AppError", "unusable: model", "no model 3"),
    ("gates", {"photo": "sample:cat", "model": "../cbam"}, "AppError", "unusable: model", "no model"),
    ("gates", {"photo": "sample:cat", "model": "torchvision:efficientnet_b0"}, "AppError", "unusable: model", "open"),
    ("gates", {"photo": "sample:cat", "model": "cbam", "only": ["x"]}, "AppError", "unusable: only", "no gate 'x'"),
    ("gates", {"photo": "sample:cat", "model": "cbam", "only": []}, "AppError", "unusable: only", "at least one"),
    ("replay", {"photo": "sample:cat", "model": "cbam", "edits": []}, "AppError", "unusable: edits", "JSON object"),
    ("replay", {"photo": "sample:cat", "model": "cbam", "edits": "se"}, "AppError", "unusable: edits", "'se', not for"),
    ("describe", {"type": "cbm"}, "AppError", "unusable: type", "did you mean 'cbam'"),
    ("describe", {"type": "se", "channels": 10**9}, "AppError", "unusable: channels", "1..65,536"),
    ("describe", {"type": "se", "width": True}, "AppError", "unusable: width", "whole number"),
)


def test_what_cannot_be_used_is_named_with_its_argument_and_what_would_do(app, tmp_path):
    (tmp_path / "one.jpg").write_bytes(b"x")
    with (tmp_path / "large.jpg").open("wb") as file:
        file.truncate(100 * 2**20)
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"a page's own")
    others = {"format": "attnviz-edits", "version": 1, "model": "se", "steps": []}

    def filled(arguments):
        text = json.dumps(arguments).replace("SECRET", str(secret))
        values = json.loads(text.replace('"file": "', f'"file": "{tmp_path}/'))
        return {**values, "edits": others} if values.get("edits") == "se" else values

    answers = asked(app, *((name, filled(arguments)) for name, arguments, *_ in WRONG))
    for (name, arguments, kind, title, text), answer in zip(WRONG, answers, strict=True):
        assert (answer["error"], answer["title"]) == (kind, title), (name, arguments, answer)
        assert text in answer["text"], (name, arguments, answer)


def test_every_endpoint_waits_in_the_lane_of_programs_and_shows_its_types(app):
    info = app.get_api_info()["named_endpoints"]
    assert set(info) == {f"/{name}" for name in ENDPOINTS}
    for function in app.fns.values():
        assert function.concurrency_id == "api" and function.queue is not False
    for endpoint in info.values():
        assert "Returns: " in endpoint["description"]
        assert all(part["type"] for part in (*endpoint["parameters"], *endpoint["returns"])), endpoint
        assert "store" not in [part["parameter_name"] for part in endpoint["parameters"]]


def test_numbers_are_read_back_bit_for_bit():
    values = np.array([[0.1, -0.0, 1e-45], [3.4e38, np.pi, 1 / 3]], np.float32)
    again = np.array(json.loads(json.dumps(numbers(values))), np.float32)
    assert again.tobytes() == values.tobytes()
    assert numbers(np.array([1, np.nan, -np.inf], np.float32)) == [1.0, None, None]


def test_our_own_fault_is_told_without_details(app, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("a secret")

    monkeypatch.setattr("attnviz.ui.api.endpoints.described", broken)
    (answer,) = asked(app, ("describe", {"type": "se"}))
    assert (answer["error"], answer["title"]) == ("AppError", "internal") and "secret" not in answer["text"]
    assert "a secret" in caplog.text


@pytest.mark.parametrize("most", [1, 4000])
def test_an_answer_that_would_be_too_large_is_refused_and_names_what_to_do(app, monkeypatch, ours, most):
    monkeypatch.setattr(limits, "ANSWER_VALUES", most)
    small = min(ours.gates, key=lambda record: record.values.size)
    whole, part = asked(
        app,
        ("gates", {"photo": "sample:cat", "model": "cbam"}),
        ("gates", {"photo": "sample:cat", "model": "cbam", "only": [small.site.name]}),
    )
    count = sum(record.values.size for record in ours.gates)
    assert ("title" in whole) == (count > most) and ("title" in part) == (small.values.size > most)
