"""The queue of a running app: what a visitor who has gone asked for is not computed."""

import http.client
import json
import threading
import time

import pytest

gr = pytest.importorskip("gradio")

from attnviz.ui.app import launch_options  # noqa: E402
from attnviz.ui.shared.events import HEAVY, connect  # noqa: E402


@pytest.fixture
def slow(monkeypatch):
    """A running app whose only heavy event waits until it is let go; yields its port, the calls, and the gate."""
    calls, gate = [], threading.Event()

    def handler(value):
        calls.append(value)
        gate.wait(20)
        return value

    with gr.Blocks() as demo:
        box, button = gr.Number(), gr.Button()
        connect(button.click, handler, [box], [box], HEAVY)
    monkeypatch.setenv("GRADIO_SERVER_NAME", "127.0.0.1")
    demo.queue(max_size=4).launch(**launch_options(), prevent_thread_lock=True, quiet=True)
    yield demo.server_port, calls, gate
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


def test_events_of_a_closed_page_are_not_computed_and_a_full_queue_refuses(slow):
    port, calls, gate = slow
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
