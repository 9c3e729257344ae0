"""Connections: silent ones are closed, and one address cannot hold all of them."""

import http.client
import socket
import time

import pytest

gr = pytest.importorskip("gradio")

from attnviz.ui.app import launch_options  # noqa: E402
from attnviz.ui.server import limits  # noqa: E402
from attnviz.ui.server import start as starting
from attnviz.ui.server.start import start  # noqa: E402


@pytest.fixture
def port(monkeypatch):
    monkeypatch.setattr(limits, "HEAD_SECONDS", 1.0)
    monkeypatch.setattr(limits, "CONNECTIONS", 12)
    monkeypatch.setenv("GRADIO_SERVER_NAME", "127.0.0.1")
    with gr.Blocks() as demo:
        gr.Button()
    start(demo, **launch_options(), prevent_thread_lock=True, quiet=True)
    yield demo.server_port
    demo.close()


def silent(port):
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def closed(connection):
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def page(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/robots.txt")
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "])
def test_a_connection_without_a_whole_head_is_closed(port, said):
    started = time.monotonic()
    connection = silent(port)
    connection.sendall(said)
    assert closed(connection)
    assert time.monotonic() - started > 0.5


def test_silent_connections_give_way_to_those_that_ask(port):
    crowd = [silent(port) for _ in range(40)]
    assert page(port) < 500
    gone = [connection for connection in crowd if closed(connection)]
    assert len(gone) == 40
    assert page(port) < 500


def test_the_bound_is_half_of_what_the_system_allows(monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (100, 100))
    assert starting.most_connections() == 50
