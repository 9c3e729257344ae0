"""Requests that no browser sends, on a running page: each is answered, by no internal error, and leaves nothing behind."""

import http.client
import json
import time

import pytest

gr = pytest.importorskip("gradio")

from gradio.routes import file_upload_statuses  # noqa: E402

from attnviz.ui.app import launch_options  # noqa: E402
from attnviz.ui.server import limits, request_filter  # noqa: E402
from attnviz.ui.server.start import start  # noqa: E402
from attnviz.ui.shared.events import HEAVY, connect  # noqa: E402


@pytest.fixture(scope="module")
def port():
    with pytest.MonkeyPatch.context() as patch, gr.Blocks() as demo:
        box, button = gr.Number(), gr.Button()
        connect(button.click, lambda value: value, [box], [box], HEAVY)
        patch.setenv("GRADIO_SERVER_NAME", "127.0.0.1")
        start(demo.queue(max_size=None), **launch_options(), prevent_thread_lock=True, quiet=True)
        yield demo.server_port
        demo.close()


def ask(port, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, text, dict(answer.getheaders())


def upload(port, body, query="", boundary="boundary-of-parts"):
    kind = f"multipart/form-data; boundary={boundary}"
    return ask(port, "POST", f"/gradio_api/upload{query}", body, Content_Type=kind)


def parts(count, boundary="boundary-of-parts"):
    head = 'Content-Disposition: form-data; name="files"; filename="a.txt"'
    return (
        "".join(f"--{boundary}\r\n{head}\r\n\r\n\r\n" for _ in range(count)).encode() + f"--{boundary}--\r\n".encode()
    )


@pytest.mark.parametrize("server", ["http://a:b", "http://evil.example", "\x01", "http://[", "x" * 500])
def test_an_event_is_answered_whatever_address_the_app_is_told(port, server):
    event = json.dumps({"data": [3], "fn_index": 0, "session_hash": "odd"})
    sent = {"X_Gradio_Server": server, "Content_Type": "application/json"}
    assert ask(port, "POST", "/gradio_api/queue/join", event, **sent)[0] == 200
    status, text, _ = ask(port, "GET", "/gradio_api/queue/data?session_hash=odd", X_Gradio_Server=server)
    assert status == 200 and b'"success":true' in text
    status, text, _ = ask(port, "GET", "/config", X_Gradio_Server=server)
    assert status == 200 and b"evil" not in text


@pytest.mark.parametrize("query", ["?page=x", "?page=", "?page=..%2f&lang=zh", "?page=a&page=b"])
@pytest.mark.parametrize("path", ["/", "/config"])
def test_there_is_one_page(port, path, query):
    assert ask(port, "GET", path + query)[0] == 200


@pytest.mark.parametrize("range_", ["bytes=0-5", "bytes=0-1,3-4", "bytes=--5", "bytes=0-\xb2", "bytes=9-1", "x"])
def test_a_file_is_sent_whole_and_nothing_of_the_request_with_it(port, range_):
    path = json.loads(upload(port, parts(1).replace(b"\r\n\r\n\r\n", b"\r\n\r\n0123456789\r\n"))[1])[0]
    status, text, headers = ask(port, "GET", f"/gradio_api/file={path}", Range=range_, Cookie="secret=1", X_Own="mine")
    assert (status, text) == (200, b"0123456789")
    assert not {"cookie", "x-own", "range"} & {name.lower() for name in headers}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/gradio_api/heartbeat/a%00b", None, 404),
        ("GET", "/gradio_api/heartbeat/" + "a" * 65, None, 404),
        ("POST", "/gradio_api/cancel", b"[1e999]", 422),
        ("POST", "/gradio_api/cancel", b'{"session_hash": "\\ud800"}', 422),
        ("POST", "/gradio_api/reset", b'{"a": "\\ud800"}', 422),
        ("POST", "/gradio_api/reset", b"[" * 50_000, 422),
        ("GET", "/gradio_api/upload_progress?upload_id=" + "a" * 65, None, 400),
        ("GET", "/gradio_api/upload_progress?upload_id=%00", None, 400),
        ("POST", "/gradio_api/upload?upload_id=" + "a" * 65, b"", 400),
    ],
)
def test_what_cannot_be_meant_is_refused(port, method, path, body, status):
    assert ask(port, method, path, body, Content_Type="application/json")[0] == status


def test_of_uploads_with_names_nothing_is_kept(port, monkeypatch):
    monkeypatch.setattr(request_filter, "PROGRESS_SECONDS", 0.2)
    assert upload(port, parts(1), "?upload_id=once")[0] == 200
    assert ask(port, "GET", "/gradio_api/upload_progress?upload_id=never")[0] == 404
    kept = (file_upload_statuses._signals, file_upload_statuses._statuses)
    assert any(not any({"once", "never"} & set(one) for one in kept) or time.sleep(0.1) for _ in range(50))


def test_an_upload_has_so_many_parts(port):
    assert upload(port, parts(limits.UPLOAD_PARTS))[0] == 200
    for boundary in ("boundary-of-parts", "x", '"q"'):
        assert upload(port, parts(limits.UPLOAD_PARTS + 1, boundary.strip('"')), boundary=boundary)[0] == 400
    assert upload(port, parts(1000))[0] == 400
