"""An MCP client in a process of its own gets what the library says, bit for bit."""

import json
import subprocess
import sys

import pytest

from attnviz.core.errors import UserError
from attnviz.ui.api import ENDPOINTS
from attnviz.ui.server.start import start
from tests.ui.api.test_endpoints import assert_same_gates

CLIENT = """
import asyncio, json, sys
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

async def main(url, calls):
    async with streamablehttp_client(url) as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        tools = [tool.model_dump() for tool in (await session.list_tools()).tools]
        answers = []
        for name, arguments in calls:
            answer = await session.call_tool(name, arguments)
            answers.append([answer.isError, [part.text for part in answer.content]])
        print(json.dumps([tools, answers]))

asyncio.run(main(sys.argv[1], json.load(sys.stdin)))
"""


def test_without_its_package_mcp_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'attnviz\[mcp\]'"):
        start(None, mcp_server=True)


def test_an_agent_gets_the_gates_bit_for_bit_and_errors_in_words(served, cat, ours):
    pytest.importorskip("mcp", reason="pip install 'attnviz[mcp]'")
    demo = served(mcp_server=True)
    import base64

    inline = "data:image/png;base64," + base64.b64encode(cat.read_bytes()).decode()
    calls = [
        ("gates", {"photo": inline, "model": "cbam"}),
        ("gates", {"photo": "sample:cat", "model": "cbam"}),
        ("models", {}),
        ("gates", {"photo": "sample:cat", "model": "cbma"}),
        ("gates", {"photo": "/etc/hostname", "model": "cbam"}),
        ("gates", {"photo": "http://127.0.0.1:9/x.jpg", "model": "cbam"}),
        ("gates", {"photo": 3, "model": "cbam"}),
    ]
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, f"{demo.local_url}gradio_api/mcp/"],
        input=json.dumps(calls),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    tools, answers = json.loads(done.stdout)
    assert [tool["name"] for tool in tools] == list(ENDPOINTS)
    assert all(tool["description"] and "store" not in tool["inputSchema"]["properties"] for tool in tools)
    for failed, (text,) in answers[:2]:
        assert not failed
        assert_same_gates(json.loads(text), ours)
    assert json.loads(answers[2][1][0])[0]["id"] == "cbam"
    words = ("did you mean 'cbam'", "no file that was uploaded here", "no other URL is fetched", "not valid")
    for (failed, (text,)), expected in zip(answers[3:], words, strict=True):
        assert failed and expected in text
