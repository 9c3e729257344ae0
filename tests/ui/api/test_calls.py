"""Plain HTTP: arguments by name, an answer as a stream, nothing left behind; and nothing for those who leave."""

import http.client
import json
import threading
import time

import numpy as np
import pytest

from attnviz.ui.api.llms import text
from attnviz.ui.server import limits
from attnviz.ui.server.calls import PREFIX, as_event
from tests.test_docs import ROOT
from tests.ui.api.test_endpoints import assert_same_gates


class Caller:
    """Requests to a running app."""

    def __init__(self, port):
        self.port = port

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        told = answer.read()
        connection.close()
        return answer.status, told

    def post(self, name, arguments):
        status, told = self.request("POST", f"/gradio_api/call/v2/{name}", json.dumps(arguments))
        return status, json.loads(told)

    def call(self, name, **arguments):
        """The last event of the stream, and its data."""
        status, told = self.post(name, arguments)
        assert status == 200, told
        status, stream = self.request("GET", f"/gradio_api/call/v2/{name}/{told['event_id']}")
        assert status == 200, stream
        event, data = stream.decode().strip().split("\n\n")[-1].split("\n")
        return event.removeprefix("event: "), json.loads(data.removeprefix("data: "))


@pytest.fixture(scope="session")
def caller(app):
    return Caller(app.server_port)


def upload(caller, name, content):
    edge = "edge"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode()
    body = head + content + f"\r\n--{edge}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
    status, told = caller.request("POST", "/gradio_api/upload", body, kind)
    return status, told


def until(condition):
    return any(condition() or time.sleep(0.05) for _ in range(200))


def test_a_call_by_names_is_answered_bit_for_bit_and_leaves_no_session(app, caller, cat, ours):
    status, told = upload(caller, "cat.png", cat.read_bytes())
    assert status == 200
    (path,) = json.loads(told)
    for photo in (path, {"path": path}):
        event, (answer,) = caller.call("gates", photo=photo, model="cbam")
        assert event == "complete"
        assert_same_gates(answer, ours)
    kept = app.state_holder.session_data
    assert until(lambda: not any(name.startswith(PREFIX) for name in list(kept)))  # the stream ends a little before


def test_an_error_is_an_event_with_a_title(caller):
    event, told = caller.call("gates", photo="sample:cat", model="cbma")
    assert event == "error" and told["title"] == "unusable: model" and "did you mean 'cbam'" in told["error"]


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("gtes", {}, "There is no such endpoint; did you mean 'gates'"),
        ("gates", [], "Arguments are a JSON object."),
        ("gates", {"photo": "sample:cat"}, "gates needs model."),
        ("gates", {"photo": "sample:cat", "modell": "cbam"}, "gates takes no 'modell'; did you mean 'model'"),
        ("gates", {"photo": {"path": "/etc/hostname"}, "model": "cbam"}, "A file must have been uploaded here."),
        ("describe", {"type": "se", "channels": [0] * 30_000}, "An event holds at most 20,000 values."),
    ],
)
def test_a_call_that_is_not_whole_is_refused(caller, name, arguments, text):
    status, told = caller.post(name, arguments)
    assert status == 422 and text in told["detail"][0]["message"]


@pytest.mark.parametrize("body", [b"\xff", b"{", b"[" * 10**5])
def test_what_is_no_json_is_refused(app, body):
    assert as_event(app, "gates", body) == (b"", "Arguments are a JSON object.")


def test_the_answer_of_nobody_s_call_is_unknown(caller):
    assert caller.request("GET", "/gradio_api/call/v2/gates/" + "0" * 32)[0] == 404
    assert caller.request("GET", "/gradio_api/call/gates/0")[0] == 404


def test_a_hundred_megabytes_are_not_read(caller):
    connection = http.client.HTTPConnection("127.0.0.1", caller.port, timeout=30)
    connection.putrequest("POST", "/gradio_api/upload")
    connection.putheader("Content-Type", "multipart/form-data; boundary=edge")
    connection.putheader("Content-Length", str(100 * 2**20))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_who_goes_away_is_not_computed_and_nobody_else_waits(app, caller, monkeypatch):
    monkeypatch.setattr(limits, "LISTEN_SECONDS", 0.2)
    computed, gate = [], threading.Event()

    def slow(name, channels, *_):
        computed.append(channels)
        assert gate.wait(20)
        raise ValueError

    monkeypatch.setattr("attnviz.ui.api.endpoints.described", slow)
    status, first = caller.post("describe", {"type": "se", "channels": 1})
    assert status == 200
    assert until(lambda: computed)
    for channels in (2, 3):
        assert caller.post("describe", {"type": "se", "channels": channels})[0] == 200
    lane = app._queue.event_queue_per_concurrency_id["api"]
    assert until(lambda: not lane.queue)  # they do not listen
    gate.set()
    monkeypatch.setattr(limits, "LISTEN_SECONDS", 5.0)  # a busy machine may take longer to listen
    event, (answer,) = caller.call("gates", photo="sample:cat", model="cbam")
    assert event == "complete" and np.isfinite(answer["logits"]).all()
    assert computed == [1]


def test_the_share_of_an_address_holds_for_calls(app, caller, monkeypatch):
    monkeypatch.setattr(limits, "WAITING_ADDRESS", 0)
    status, told = caller.post("models", {})
    assert status == 429 and told["detail"]


def test_llms_txt_is_served_and_is_the_file_of_the_repository(caller):
    status, told = caller.request("GET", "/llms.txt")
    assert status == 200 and told.decode() == text()
    assert text() == (ROOT / "llms.txt").read_text(encoding="utf-8"), "python -m attnviz.ui.api.llms > llms.txt"
    assert len(text()) < 5000
