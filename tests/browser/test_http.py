"""What anybody can send to the running app without a browser."""

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
import uuid

import pytest


def call(url, path, body=None, kind="application/json"):
    """Status and text of an answer."""
    data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
    request = urllib.request.Request(url + path, data, {"Content-Type": kind} if data is not None else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")


@pytest.fixture(scope="module")
def send_event(url):
    """Send an event as the page does, with any values: ``send_event("bars", "select", {…}, event_data)``."""
    config = json.loads(call(url, "config")[1])
    parts = {c["props"].get("elem_id"): c["id"] for c in config["components"] if c.get("props")}
    session = uuid.uuid4().hex

    def run(dependency, values, event):
        names = {i: name for name, i in parts.items()}
        data = [values.get(names.get(i)) for i in dependency["inputs"]]
        body = {"fn_index": dependency["id"], "data": data, "event_data": event, "session_hash": session}
        status, text = call(url, "gradio_api/queue/join", body)
        if status != 200:
            return {"success": False, "output": {"error": text}}
        stream = call(url, f"gradio_api/queue/data?session_hash={session}")[1]
        done = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]
        return next(m for m in done if m["msg"] == "process_completed")

    def send(part, event, values=None, data=None):
        target = [parts[part], event]
        chosen = next(d for d in config["dependencies"] if target in d["targets"] and d["backend_fn"])
        usual = {"model": "cbam"}
        if part == "view" and data is not None:
            data = {"document": document, **data}
        return run(chosen, {**usual, **(values or {})}, data)

    document = next(json.loads(c["props"]["value"])["id"] for c in config["components"] if c["id"] == parts["view"])
    loads = [d for d in config["dependencies"] if any(target[1] == "load" for target in d["targets"])]
    first = next(d for d in loads if parts["view"] in d["outputs"])
    assert run(first, {}, None)["success"]
    return send


EVIL = "<img src=x onerror=alert(1)>"


@pytest.mark.parametrize(
    ("part", "event", "values", "data", "text"),
    [
        ("model", "input", {"model": EVIL}, None, "no model"),
        ("view", "submit", {}, {"name": EVIL}, "has no gate"),
        ("view", "submit", {}, None, "shown before"),
        ("view", "submit", {}, {"name": "stage1.0.attention.channel", "document": EVIL}, "shown before"),
        ("samples", "select", {}, {"value": EVIL}, "unknown sample"),
        ("view", "submit", {}, {"name": "stage1.0.attention.spatial", "channel": 3}, "no channel scores"),
    ],
)
def test_what_is_not_known_is_a_clear_error(send_event, part, event, values, data, text):
    answer = send_event(part, event, values, data)
    assert answer["success"] is False
    assert text in answer["output"]["error"]
    assert "<img" not in answer["output"]["error"]


def test_a_channel_out_of_range_is_a_clear_error(send_event):
    answer = send_event("view", "submit", {}, {"name": "stage1.0.attention.channel", "channel": 8})
    assert "0..7, got 8" in answer["output"]["error"]


@pytest.mark.parametrize("path", ["/etc/passwd", "http://127.0.0.1:1/x.png", "../../etc/passwd"])
def test_only_uploaded_files_are_opened(send_event, path):
    file = {"path": path, "orig_name": "x.png", "meta": {"_type": "gradio.FileData"}}
    for sent in (file, {"path": path}, {**file, "url": path}):
        answer = send_event("photo", "upload", {"photo": sent})
        assert answer["success"] is False
        assert "must have been uploaded" in answer["output"]["error"]


@pytest.mark.parametrize(
    "path",
    ["monitoring", "monitoring/summary", "docs", "openapi.json", "login", "gradio_api/proxy=http://127.0.0.1:1/"]
    + [f"gradio_api/{name}" for name in ("dev/reload", "vibe-edit", "vibe-code", "process_recording", "runs", "token")],
)
def test_what_the_page_does_not_need_is_not_there(url, path):
    assert call(url, path)[0] == 404
    assert call(url, path, {})[0] == 404


def test_answers_of_an_unknown_session_are_not_waited_for(url):
    assert call(url, "gradio_api/queue/data?session_hash=nobody")[0] == 404


@pytest.mark.parametrize(
    "file", ["x" * 3000, "/etc/passwd", "../../etc/passwd", "app.py", "checkpoints/cbam.json", "%00", "//etc"]
)
def test_no_file_is_served_that_the_app_did_not_make(url, file):
    status, text = call(url, f"gradio_api/file={file}")
    assert status in (403, 404)
    assert "root:" not in text


def test_requests_that_are_too_large_are_refused_before_they_are_read(url):
    for path, size in (("gradio_api/queue/join", 2**21), ("gradio_api/upload", 2**26)):
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=30)
        connection.putrequest("POST", f"/{path}")
        connection.putheader("Content-Length", str(size))
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()
    assert call(url, "")[0] == 200


def test_the_page_names_no_other_host_to_fetch_from(url):
    page = call(url, "")[1]
    assert "fonts.googleapis" not in page
    assert "cdnjs" not in page
