"""The queue of a running app: what a visitor who has gone asked for is not computed."""

import http.client
import json
import threading
import time
from typing import Any, NamedTuple

import pytest

gr = pytest.importorskip("gradio")

from attnviz.ui.app import launch_options  # noqa: E402
from attnviz.ui.server import limits  # noqa: E402
from attnviz.ui.server.start import start  # noqa: E402
from attnviz.ui.shared.events import HEAVY, connect  # noqa: E402


class Slow(NamedTuple):
    port: int
    calls: list
    gate: threading.Event
    queue: Any


@pytest.fixture
def slow(monkeypatch):
    """A running app whose only heavy event waits until it is let go; yields its port, the calls, the gate and its queue."""
    calls, gate = [], threading.Event()

    def handler(value):
        calls.append(value)
        gate.wait(20)
        return value

    with gr.Blocks() as demo:
        box, button = gr.Number(), gr.Button()
        connect(button.click, handler, [box], [box], {**HEAVY, "concurrency_limit": 1})
    monkeypatch.setenv("GRADIO_SERVER_NAME", "127.0.0.1")
    start(demo.queue(max_size=None), **launch_options(), prevent_thread_lock=True, quiet=True)
    yield Slow(demo.server_port, calls, gate, demo._queue)
    gate.set()
    demo.close()


def ask(port, session, value):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = json.dumps({"data": [value], "fn_index": 0, "session_hash": session})
    connection.request("POST", "/gradio_api/queue/join", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def stream(port, session):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", f"/gradio_api/queue/data?session_hash={session}")
    return connection, connection.getresponse()


def until(condition):
    for _ in range(300):
        if condition():
            return True
        time.sleep(0.1)
    return False


def test_events_of_a_closed_page_are_not_computed_and_a_full_queue_refuses(slow, monkeypatch):
    monkeypatch.setattr(limits, "WAITING", 4)
    monkeypatch.setattr(limits, "LISTEN_SECONDS", 60)
    port, calls, gate, _ = slow
    assert ask(port, "gone", 0) == 200
    assert until(lambda: calls == [0])
    assert [ask(port, "gone", value) for value in (1, 2, 3)] == [200] * 3
    assert ask(port, "stays", 9) == 200
    assert ask(port, "late", 10) == 429  # four wait already
    connection, answer = stream(port, "gone")
    assert answer.readline()
    answer.close()
    connection.close()
    assert until(lambda: ask(port, "probe", 11) == 200)  # the places of those who have gone are free again
    gate.set()
    assert until(lambda: {9, 11} <= set(calls))
    assert not {1, 2, 3} & set(calls)


def test_events_that_nobody_listens_for_are_not_computed(slow, monkeypatch):
    monkeypatch.setattr(limits, "LISTEN_SECONDS", 0.5)
    port, calls, gate, _ = slow
    assert ask(port, "first", 0) == 200
    assert until(lambda: calls == [0])
    assert [ask(port, f"silent-{value}", value) for value in (1, 2, 3)] == [200] * 3
    assert ask(port, "listens", 9) == 200
    connection, answer = stream(port, "listens")
    assert answer.readline()
    time.sleep(1.5)
    gate.set()
    assert until(lambda: 9 in calls)
    assert ask(port, "last", 11) == 200 and until(lambda: 11 in calls)
    assert calls == [0, 9, 11]
    connection.close()


def test_messages_of_those_who_never_listened_are_not_kept_and_cut_off_nobody(slow, monkeypatch):
    monkeypatch.setattr(limits, "LISTEN_SECONDS", 0.5)
    monkeypatch.setattr(limits, "ANSWER_SECONDS", 0.7)
    port, calls, gate, _ = slow
    queue = slow.queue
    queue.pending_messages_per_session.max_size = 20  # gradio's 2,000
    assert ask(port, "listens", 0) == 200
    connection, answer = stream(port, "listens")
    assert answer.readline() and until(lambda: calls == [0])
    for wave in range(4):
        assert [ask(port, f"silent-{wave}-{number}", 1) for number in range(8)] == [200] * 8
        assert until(lambda: set(queue.pending_messages_per_session) == {"listens"})
    gate.set()
    text = answer.read().decode()  # to its end
    connection.close()
    assert '"process_completed"' in text and calls == [0]
    assert until(lambda: not queue.pending_messages_per_session and not queue.pending_event_ids_session)


def test_an_answer_that_nobody_fetched_is_not_kept(slow, monkeypatch):
    monkeypatch.setattr(limits, "LISTEN_SECONDS", 0.5)
    monkeypatch.setattr(limits, "ANSWER_SECONDS", 1.0)
    port, calls, gate, _ = slow
    gate.set()
    assert [ask(port, f"silent-{number}", number) for number in range(5)] == [200] * 5
    assert until(lambda: not slow.queue.pending_messages_per_session)
    assert ask(port, "silent-0", 7) == 200, "who comes back is served"
    connection, answer = stream(port, "silent-0")
    assert '"process_completed"' in answer.read().decode() and calls[-1] == 7
    connection.close()


def test_one_session_and_one_address_have_a_share_of_the_queue(slow, monkeypatch):
    monkeypatch.setattr(limits, "LISTEN_SECONDS", 60)
    monkeypatch.setattr(limits, "WAITING_SESSION", 2)
    monkeypatch.setattr(limits, "WAITING_ADDRESS", 3)
    port, calls, *_ = slow
    assert ask(port, "a", 0) == 200
    assert until(lambda: calls == [0])
    assert [ask(port, "a", value) for value in (1, 2, 3)] == [200, 200, 429]
    assert [ask(port, "b", value) for value in (4, 5)] == [200, 429]
    monkeypatch.setattr(limits, "WAITING_ADDRESS", 30)
    monkeypatch.setattr(limits, "WAITING_LANE", 4)
    assert [ask(port, "c", value) for value in (6, 7)] == [200, 429]
