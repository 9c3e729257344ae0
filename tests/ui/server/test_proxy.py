"""No address and no event makes the app fetch anything from another machine."""

import socket
from pathlib import Path
from urllib.parse import quote

import pytest
from gradio.routes import App
from starlette.testclient import TestClient

from attnviz.ui.app import build, launch_options
from attnviz.ui.networks.store import Store
from attnviz.ui.server.event_check import uploaded

HERE = "http://localhost"

HOST = "example.com"
API = "/gradio_api"


@pytest.fixture(scope="module")
def blocks(checkpoints):
    return build(Store(checkpoints))


@pytest.fixture(scope="module")
def client(blocks):
    """The whole application with everything that is put in front of it, asked without a socket."""
    return TestClient(
        App.create_app(blocks, app_kwargs=launch_options()["app_kwargs"]), raise_server_exceptions=False, base_url=HERE
    )


@pytest.fixture
def dialled(monkeypatch):
    """What was looked up or connected to; nothing is reached."""
    asked = []

    def refuse(*args, **_):
        asked.append(args)
        raise OSError("nothing is dialled in this test")

    async def refuse_async(*args, **_):
        refuse(*args)

    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr("safehttpx.async_validate_url", refuse_async)
    monkeypatch.setattr("httpx.AsyncHTTPTransport.handle_async_request", refuse_async)
    monkeypatch.setattr("httpx.HTTPTransport.handle_request", refuse)
    return asked


TARGETS = [
    f"http://{HOST}/", f"https://{HOST}/a.png", f"HTTP://{HOST}/", f"hTTps://{HOST}/", f"http:/{HOST}/", f"http:{HOST}",
    f"//{HOST}/a", f"///{HOST}/a", f"\\\\{HOST}\\a", f"/\\{HOST}/a", f"\\/{HOST}/a", f"ftp://{HOST}/a",
    f"file://{HOST}/etc/passwd", "file:///etc/passwd", "data:image/png;base64,AAAA", f"gopher://{HOST}/", f"ws://{HOST}/",
    f"http://user@{HOST}/", f"http://{HOST}:80/a", "http://[::1]/", "http://127.0.0.1:1/", "http://2130706433/",
    f" http://{HOST}/", f"\thttp://{HOST}/", f"http://{HOST}/?x=1", f"./http://{HOST}/", f"/http://{HOST}/",
    f"unix:/run/{HOST}", f"http+unix://{HOST}/x", f"jar:http://{HOST}!/a", f"smb://{HOST}/a",
    "\\\\?\\C:\\x", "\\\\.\\pipe\\x", "javascript:alert(1)", "/etc/passwd", "../../etc/passwd", "etc/passwd", "",
]  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("times", [0, 1, 2])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_address_of_a_file_leaves_the_machine(client, dialled, target, times, method):
    """Plain, encoded, and encoded twice; with what gradio would take for a file and for a proxy."""
    coded = target.replace("\t", "%09") if not times else target  # a tab cannot be sent as it is
    for _ in range(times):
        coded = quote(coded, safe="")
    for route in ("file=", "file/", "proxy=", "stream/", "file=" + quote("file="), "file=/gradio_api/file="):
        answer = client.request(method, f"{API}/{route}{coded}", follow_redirects=False)
        assert answer.status_code in (404, 405), (route, coded, answer.status_code)
        assert "location" not in answer.headers
    assert not dialled


@pytest.mark.parametrize("target", TARGETS)
def test_no_event_names_a_file_elsewhere(client, blocks, dialled, target):
    index = next(
        i for i, f in blocks.fns.items() if f.fn is not None and any("Image" in type(b).__name__ for b in f.inputs)
    )
    count = len(blocks.fns[index].inputs)
    for file in ({"path": target}, {"url": target}, {"path": None, "url": target}, {"path": target, "is_stream": True},
                 {"path": target, "url": target, "meta": {"_type": "gradio.FileData"}}):  # fmt: skip
        for place in ("data", "event_data"):
            data, event = ([file] * count, None) if place == "data" else ([None] * count, {"value": [file]})
            body = {"fn_index": index, "session_hash": "abc", "data": data, "event_data": event}
            for route in ("queue/join", "run/predict", "queue/join/", "run/predict/"):
                assert client.post(f"{API}/{route}", json=body).status_code == 422, (file, route)
    assert not dialled


@pytest.mark.parametrize("target", [t for t in TARGETS if "://" in t or t.startswith(("//", "\\"))])
def test_a_working_folder_inside_the_uploads_does_not_make_an_address_a_file(tmp_path, monkeypatch, target):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert not uploaded(target)


def test_what_was_uploaded_or_made_is_given(client, dialled, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    folder = tmp_path / "0a"
    folder.mkdir()
    for name in ("a b.txt", "http:.txt", "50%.txt"):
        (folder / name).write_text(name)
        answer = client.get(f"{API}/file={quote(str(Path(folder) / name))}")
        # outside of a launched app gradio knows its folder from its start on, so it may refuse what the door let in
        assert answer.status_code in (200, 403)
    assert not dialled


def test_the_guard_sees_what_would_be_dialled(blocks, dialled):
    """Without the door gradio fetches the address: this test cannot pass because nothing is looked at."""
    bare = TestClient(App.create_app(blocks), raise_server_exceptions=False, base_url=HERE)
    assert bare.get(f"{API}/file=http://{HOST}/").status_code == 403
    assert dialled == [(HOST,)]
