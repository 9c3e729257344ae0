import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from attnviz.ui.server.localised_page import POLICY, Document, cookie, linked, localised

PAGE = (
    b'<!doctype html>\n<html\n\tlang="en"\n\tstyle="margin: 0"\n>\n\t<head>\n\t\t<meta charset="utf-8" /></head></html>'
)


def sent(kind=b"text/html; charset=utf-8", pieces=(PAGE[:30], PAGE[30:]), cookie=b"", method="GET"):
    """What comes out of the middleware: status, headers, body."""

    async def application(scope, receive, send):
        length = str(sum(map(len, pieces))).encode()
        headers = [(b"content-type", kind), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for i, piece in enumerate(pieces):
            await send({"type": "http.response.body", "body": piece, "more_body": i < len(pieces) - 1})

    messages = []

    async def send(message):
        messages.append(message)

    headers = [(b"cookie", cookie), (b"accept-language", b"fr,zh;q=0.5")] if cookie is not None else []
    scope = {"type": "http", "method": method, "path": "/", "headers": headers, "query_string": b""}
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(Document(application)(scope, None, send))).result()
    body = b"".join(message["body"] for message in messages[1:])
    return messages[0]["status"], dict(messages[0]["headers"]), body


@pytest.mark.parametrize(
    ("cookie", "tag"),
    [(b"attnviz_language=zh", b"zh-CN"), (b"attnviz_language=en", b"en"), (b"", b"zh-CN"), (None, b"en")],
)
def test_the_document_is_in_the_language_that_was_chosen(cookie, tag):
    status, headers, body = sent(cookie=cookie)
    assert status == 200
    assert b'lang="%s"' % tag in body and b"get:()=>document.documentElement.lang" in body
    assert body.index(b"<script>") == body.index(b"<head>") + len(b"<head>")
    assert int(headers[b"content-length"]) == len(body)
    assert headers[b"content-security-policy"].decode().startswith(POLICY)


def test_a_cookie_of_nonsense_reaches_no_markup():
    assert b"</script><b>" not in sent(cookie=b"attnviz_language=</script><b>")[2]


def test_everything_else_passes_unchanged():
    pieces = (b'{"html": "<html lang=', b"'en'><head>\"}")
    assert sent(kind=b"application/json", pieces=pieces)[2] == b"".join(pieces)
    assert sent(method="POST")[2] == PAGE
    assert b"content-security-policy" not in sent(kind=b"image/png")[1]
    assert localised(b"no document", "zh") == b"no document"


def test_gradios_own_page_is_still_what_is_expected():
    from pathlib import Path

    import gradio

    page = (Path(gradio.__file__).parent / "templates" / "frontend" / "index.html").read_bytes()
    assert b'lang="zh-CN"' in localised(page, "zh")


def test_the_language_of_an_address_is_kept_and_one_that_is_not_spoken_is_not():
    scope = {"type": "http", "query_string": b"lang=zh", "headers": []}
    assert linked(scope) == "zh" and linked({**scope, "query_string": b"lang=<b>"}) is None
    assert b"attnviz_language=zh" in cookie("zh", False) and b"Partitioned" in cookie("zh", True)
