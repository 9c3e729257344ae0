"""Events that are let in, over every event of every tab."""

import json
from types import SimpleNamespace

import pytest

from attnviz.ui.app import build
from attnviz.ui.networks.store import Store
from attnviz.ui.server import limits
from attnviz.ui.server.event_check import DEEPEST, parsed, problem, uploaded
from attnviz.ui.server.request_filter import OPEN, Door
from tests.ui.server.apart import run


@pytest.fixture(scope="module")
def blocks(checkpoints):
    return build(Store(checkpoints))


@pytest.fixture(scope="module")
def events(blocks):
    """An event as the page sends it, for every function that the server runs."""
    shown = {c["id"]: c.get("props", {}).get("value") for c in blocks.config["components"]}
    return [
        {"fn_index": index, "data": [shown.get(b._id) for b in function.inputs], "session_hash": "abc"}
        for index, function in blocks.fns.items()
        if function.fn is not None
    ]


def told(blocks, event, queued=True):
    return problem(blocks, parsed(event if isinstance(event, bytes) else json.dumps(event).encode()), queued)


def test_what_the_page_sends_is_let_in(blocks, events):
    assert len(events) > 10
    for event in events:
        assert told(blocks, event) == "", event


def test_heavy_events_cannot_leave_the_queue_out(blocks, events):
    direct = [event for event in events if told(blocks, event, queued=False) == ""]
    assert direct
    assert all(blocks.fns[event["fn_index"]].queue is False for event in direct)
    assert len(direct) < len(events)


@pytest.mark.parametrize(
    "change",
    [
        {"fn_index": 10**6}, {"fn_index": -1}, {"fn_index": True}, {"fn_index": None}, {"fn_index": "0"},
        {"data": None}, {"data": {}}, {"data": [None] * 999},
        {"session_hash": None}, {"session_hash": ""}, {"session_hash": "../x"}, {"session_hash": "a" * 65},
    ],
)  # fmt: skip
def test_events_that_are_not_whole_are_refused(blocks, events, change):
    for event in events:
        assert told(blocks, {**event, **change}), (event, change)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b"\xff\xfe", b'{"a": "\\ud800"}', b'{"a": NaN}', b'{"a": 1e999}', b"[" * 10**5]
)
def test_what_is_no_json_object_is_refused(blocks, body):
    assert told(blocks, body) == "An event is a JSON object."


def test_events_are_not_nested_deeply(blocks, events):
    value = "x"
    for _ in range(DEEPEST):
        value = [value]
    assert "deep" in told(blocks, {**events[0], "event_data": value})


@pytest.mark.parametrize(
    "file",
    [
        {"path": "/etc/passwd"}, {"path": "http://127.0.0.1:1/x.png", "meta": {"_type": "gradio.FileData"}},
        {"path": "a\0b"}, {"path": None}, {"path": ["x"]}, {"path": "../x.png"},
        {"meta": {"_type": "gradio.FileData"}, "url": "http://127.0.0.1:1/"}, {"value": [{"path": "/etc/passwd"}]},
    ],
)  # fmt: skip
def test_no_event_names_a_file_that_was_not_uploaded(blocks, events, file):
    for event in events:
        for place in range(len(event["data"])):
            data = [*event["data"][:place], file, *event["data"][place + 1 :]]
            assert told(blocks, {**event, "data": data}) == "A file must have been uploaded here."
        for data in (file, {"value": file}, [file]):
            assert told(blocks, {**event, "event_data": data}) == "A file must have been uploaded here."


def test_a_picture_is_a_file_and_nothing_else(blocks, events):
    wrong = 0
    for event in events:
        for place, block in enumerate(blocks.fns[event["fn_index"]].inputs):
            if type(block).__name__ == "Image":
                for value in ([1], "data:image/png;base64,AAAA", 7):
                    data = [*event["data"][:place], value, *event["data"][place + 1 :]]
                    assert told(blocks, {**event, "data": data})
                    wrong += 1
    assert wrong


def test_only_the_folder_of_uploads_counts_as_uploaded(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "own"))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "link").symlink_to("/etc/passwd")
    assert uploaded(str(tmp_path / "own" / "a" / "x.png"))
    assert not any(map(uploaded, [str(tmp_path / "x.png"), str(tmp_path / "own" / ".." / "x"), "", None, 3, b"x"]))
    assert not uploaded(str(tmp_path / "own" / "link"))


@pytest.mark.parametrize(("cookie", "text"), [(b"", "try it again"), (b"attnviz_language=zh", "稍后再试")])
def test_a_full_queue_says_so_in_the_visitors_language(blocks, events, monkeypatch, cookie, text):
    queued = next(e for e in events if blocks.fns[e["fn_index"]].queue is not False)
    body = json.dumps(queued).encode()
    scope = {"type": "http", "method": "POST", "path": "/gradio_api/queue/join", "query_string": b""}
    scope |= {"headers": [(b"cookie", cookie)], "app": SimpleNamespace(get_blocks=lambda: blocks)}
    sent, passed = [], []

    async def receive():
        return {"type": "http.request", "body": body}

    async def application(scope, receive, send):
        passed.append((await receive())["body"])

    async def send(message):
        sent.append(message)

    run(Door(application)(scope, receive, send))
    assert passed == [body] and sent == []
    monkeypatch.setattr(limits, "WAITING", 0)
    run(Door(application)(scope, receive, send))
    assert sent[0]["status"] == 429
    assert text in json.loads(sent[1]["body"])["detail"]
    assert passed == [body]


def test_addresses():
    assert all(map(OPEN.fullmatch, ["/", "/config", "/gradio_api/file=/tmp/x.png", "/assets/a.js", "/pwa_icon/192"]))
    assert not any(map(OPEN.fullmatch, ["", "/monitoring", "/gradio_api/", "/gradio_api/call/x", "/static/", "//"]))


@pytest.mark.parametrize(
    ("body", "status"),
    [(b'{"a": 1}', 200), (b"[" * 50_000, 400), (b"9" * 9999, 400), (b'{"id": 1e999}', 400), (b"", 400), (b"\xff", 400)],
)
def test_what_agents_send_is_json_that_can_be_read(blocks, body, status):
    reached, sent = [], []

    async def app(scope, receive, send):
        reached.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 200})

    async def receive():
        return {"type": "http.request", "body": body}

    async def send(message):
        sent.append(message)

    served = SimpleNamespace(get_blocks=lambda: blocks)
    scope = {"type": "http", "method": "POST", "path": "/gradio_api/mcp/", "headers": [], "app": served}
    run(Door(app)(scope, receive, send))
    assert sent[0]["status"] == status and reached == ([body] if status == 200 else [])
