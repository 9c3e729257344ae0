"""Pace: what one address asks too fast waits, then is refused; others are not touched."""

import asyncio

import pytest

pytest.importorskip("gradio")

from attnviz.ui.server import limits  # noqa: E402
from attnviz.ui.server.pace import Pace, cost  # noqa: E402
from tests.ui.server.apart import run


@pytest.fixture
def slow(monkeypatch):
    monkeypatch.setattr(limits, "PACE", 10.0)
    monkeypatch.setattr(limits, "PACE_BURST", 5.0)
    monkeypatch.setattr(limits, "PACE_SECONDS", 0.2)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_burst_is_free_then_each_waits_for_its_share_and_pauses_pay(slow):
    clock = Clock()
    pace = Pace(None, clock)
    assert [pace.wait("A", 1.0) <= 0 for _ in range(5)] == [True] * 5
    assert [round(pace.wait("A", 1.0), 3) for _ in range(3)] == [0.1, 0.2, 0.3]
    assert round(pace.wait("A", 1.0), 3) == 0.3  # what was refused took nothing
    assert pace.wait("B", 1.0) <= 0
    clock.now += 0.5
    assert pace.wait("A", 1.0) <= 0
    clock.now += 60
    pace.wait("C", 1.0)
    assert list(pace._free) == ["C"]


def ask(pace, count, address="A"):
    """Statuses, in the order in which they were asked, of requests that are sent at once."""

    async def one():
        sent = []

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/x", "headers": [], "client": (address, 1)}
        await pace(scope, None, send)
        return sent[0]["status"]

    async def all_of_them():
        return await asyncio.gather(*(one() for _ in range(count)))

    return run(all_of_them())


def test_what_comes_too_fast_is_refused_after_it_has_waited(slow):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    pace = Pace(app)
    started = pace.clock()
    assert ask(pace, 20) == [200] * 7 + [429] * 13
    assert 0.15 < pace.clock() - started < 5
    assert ask(pace, 1, "B") == [200]


@pytest.mark.parametrize(
    ("method", "path", "counts"),
    [
        ("POST", "/gradio_api/queue/join", 1),
        ("PUT", "/", 1),
        ("GET", "/", 5),
        ("GET", "/config/", 5),
        ("GET", "/a.js", 0.05),
    ],
)
def test_what_requests_count(method, path, counts):
    assert cost({"method": method, "path": path}) == counts
    assert cost({"method": method, "path": "/below" + path, "root_path": "/below"}) == counts


def test_a_class_behind_one_address_opens_the_page_at_once():
    pace = Pace(None)
    page = 5 + 100 * 0.05 + 5
    assert max(pace.wait("A", page) for _ in range(40)) <= 0
