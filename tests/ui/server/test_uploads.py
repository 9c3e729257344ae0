"""The folder of uploads: what is swept, what is refused, and in which words."""

import errno
import os
import time

import pytest
from starlette.testclient import TestClient

from attnviz.ui.server import limits, uploads
from attnviz.ui.server.uploads import Uploads, sweep


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "get_upload_folder", lambda: str(tmp_path))
    return tmp_path


def old(path, seconds):
    os.utime(path, (time.time() - seconds,) * 2)


def test_a_sweep_takes_what_is_old_half_or_empty_and_nothing_else(folder):
    for name in ("old", "new", "empty", "fresh"):
        (folder / name).mkdir()
    for path, age in [("old/a.jpg", 7 * 3600), ("new/b.jpg", 3600), ("half", 70), ("coming", 5)]:
        (folder / path).write_bytes(b"12345")
        old(folder / path, age)
    old(folder / "empty", 700)
    assert sweep(folder) == 10
    old(folder / "old", 700)
    sweep(folder)
    assert sorted(str(p.relative_to(folder)) for p in folder.rglob("*")) == ["coming", "fresh", "new", "new/b.jpg"]


def test_a_sweep_does_not_follow_links_out_of_the_folder(folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "kept"
    outside.write_bytes(b"1")
    old(outside, 10**6)
    (folder / "link").symlink_to(outside.parent)
    sweep(folder, time.time() + 10**6)
    assert outside.exists() and not (folder / "link").exists()


def app(error=None):
    async def inner(scope, receive, send):
        more = True
        while more:
            message = await receive()
            more = message.get("more_body")
        if error is not None:
            raise error
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"[]"})

    return TestClient(Uploads(inner))


def post(client, size=10, language="en"):
    return client.post("/gradio_api/upload", content=b"x" * size, headers={"cookie": f"attnviz_language={language}"})


def test_an_address_has_a_quota(folder, monkeypatch):
    monkeypatch.setattr(limits, "UPLOADS_BYTES_ADDRESS", 25)
    client = app()
    assert [post(client).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert "try again later" in post(client).text and "稍后再试" in post(client, language="zh").text


def test_the_folder_has_one_too(folder, monkeypatch):
    monkeypatch.setattr(limits, "UPLOADS_BYTES", 25)
    (folder / "a").write_bytes(b"x" * 20)
    client = app()
    assert [post(client).status_code for _ in range(2)] == [200, 507]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EACCES])
def test_a_disk_that_takes_nothing_is_told(folder, code):
    answer = post(app(OSError(code, "no", "/secret/path")))
    assert answer.status_code == 507 and "samples still work" in answer.text and "secret" not in answer.text


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyError("boundary"), AttributeError("x"), UnicodeDecodeError("a", b"", 0, 1, "")]
)
def test_an_upload_of_another_shape_is_told(folder, error):
    assert post(app(error)).status_code == 400


def test_other_errors_are_not_hidden(folder):
    with pytest.raises(RuntimeError):
        post(app(RuntimeError("ours")))


@pytest.mark.parametrize("size", [1, 2, 7, 19, 64, 10_000])
def test_parts_are_counted_however_the_bytes_come(size, monkeypatch):
    monkeypatch.setattr(limits, "UPLOAD_PARTS", 5)
    body = b"--edge\r\nx\r\n" * 5 + b"--edge--"

    def see(body):
        parts = uploads.Parts(b'multipart/form-data; boundary="edge"')
        for at in range(0, len(body), size):
            parts.see(body[at : at + size])

    see(body)
    with pytest.raises(ValueError, match="at most 5 parts"):
        see(b"--edge\r\nx\r\n" + body)
