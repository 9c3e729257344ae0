"""Names under which the app answers, and pages that may send to it."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from attnviz.ui.server.origin import Origin, ancestors, known, own_names


def answer(request):
    return PlainTextResponse(request.client.host)


def client(**more):
    routes = [Route("/", answer, methods=["GET", "POST"])]
    return TestClient(Origin(Starlette(routes=routes), **more), base_url="http://127.0.0.1:7860")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("ATTNVIZ_HOSTS", "SPACE_ID", "SPACE_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:7860", "127.0.0.1:7860", "[::1]:7860", "192.168.1.5", "x.localhost", "LOCALHOST."]
)
def test_own_names_are_answered(host):
    assert known(host, own_names())
    assert client().get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "", "a@b:c", "[::1", "hf.space", "x.hf.space",
     "127.0.0.1:b", "127.0.0.1:0", "127.0.0.1:99999", "127.0.0.1:-1", "::1:b"],
)  # fmt: skip
def test_other_names_are_not(host):
    assert not known(host, own_names())
    answered = client().get("/", headers={"host": host})
    assert answered.status_code == 421 and "ATTNVIZ_HOSTS" in answered.text


@pytest.mark.parametrize("forwarded", ["evil.example", "localhost, evil.example"])
def test_a_forwarded_name_is_checked_like_any_other(forwarded):
    assert client().get("/", headers={"x-forwarded-host": forwarded}).status_code == 421


def test_of_a_header_that_stands_twice_both_are_checked():
    twice = [("host", "127.0.0.1:7860"), ("x-forwarded-host", "evil.example"), ("x-forwarded-host", "127.0.0.1")]
    for headers in (twice, twice[::-1]):
        assert client().get("/", headers=headers).status_code == 421
    schemes = [("x-forwarded-proto", "javascript"), ("x-forwarded-proto", "https")]
    for headers in (schemes, schemes[::-1]):
        assert client().get("/", headers=headers).status_code == 400


def test_nobody_tells_the_app_its_own_address():
    def seen(request):
        return PlainTextResponse(request.headers.get("x-gradio-server", "none"))

    app = TestClient(Origin(Starlette(routes=[Route("/", seen)])), base_url="http://127.0.0.1:7860")
    assert app.get("/", headers={"X-Gradio-Server": "http://evil.example"}).text == "none"


def test_a_forwarded_scheme_is_one_of_two():
    assert client().get("/", headers={"x-forwarded-proto": "javascript"}).status_code == 400
    assert client().get("/", headers={"x-forwarded-proto": "https"}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:7860", "https://127.0.0.1", "http://["],
)
def test_another_sites_page_may_not_send(origin):
    assert client().post("/", headers={"origin": origin}).status_code == 403
    assert client().get("/", headers={"origin": origin}).status_code == 200  # what is read is guarded by the browser


def test_the_page_itself_and_programs_may_send():
    assert client().post("/", headers={"origin": "http://127.0.0.1:7860"}).status_code == 200
    assert client().post("/").status_code == 200


def test_a_proxys_names_are_listed(monkeypatch):
    monkeypatch.setenv("ATTNVIZ_HOSTS", "attn.example, lab.example")
    own = client()
    assert own.get("/", headers={"host": "attn.example"}).status_code == 200
    assert own.post("/", headers={"origin": "https://lab.example"}).status_code == 200
    assert own.post("/", headers={"origin": "https://evil.example"}).status_code == 403
    assert own.get("/", headers={"host": "evil.example"}).status_code == 421
    assert "attn.example" in ancestors()


def test_behind_a_proxy_the_last_forwarded_address_is_the_visitors(monkeypatch):
    forged = {"x-forwarded-for": "10.9.9.9, 203.0.113.7"}
    assert client().get("/", headers=forged).text == "testclient"
    monkeypatch.setenv("ATTNVIZ_HOSTS", "*")
    assert client().get("/", headers=forged).text == "203.0.113.7"


def test_a_space_answers_under_its_name_and_in_its_frame(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "user/attnviz")
    assert client().get("/", headers={"host": "user-attnviz.hf.space"}).status_code == 200
    assert client().get("/", headers={"host": "evil.example"}).status_code == 421
    assert "https://huggingface.co" in ancestors() and "localhost" not in ancestors()


def test_every_answer_forbids_to_guess_its_kind():
    assert client().get("/").headers["x-content-type-options"] == "nosniff"
