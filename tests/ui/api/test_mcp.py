"""An MCP client in a process of its own gets what the library says, bit for bit."""

import json
import subprocess
import sys

import pytest

from attnviz.core.errors import UserError
from attnviz.ui.api import ENDPOINTS
from attnviz.ui.server import limits
from attnviz.ui.server.start import start
from tests.ui.api.test_calls import Caller, upload
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


def message(photo, **more):
    """A call of ``gates`` as JSON-RPC."""
    return {
        "jsonrpc": "2.0",
        "id": 7,
        "method": "tools/call",
        "params": {"name": "gates", "arguments": {"photo": photo, "model": "cbam", **more}},
    }


def file(path, **more):
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}, **more}


@pytest.fixture(scope="module")
def agent(served):
    """What a raw message is answered, and the caller that sends it."""
    pytest.importorskip("mcp", reason="pip install 'attnviz[mcp]'")
    caller = Caller(served(mcp_server=True).server_port)
    accept = {"Accept": "application/json, text/event-stream"}

    def ask(body):
        status, text = caller.request("POST", "/gradio_api/mcp/", body, accept)
        return status, text.decode()

    return ask, caller


@pytest.mark.parametrize(
    "form",
    [
        lambda secret: message(file(secret)),
        lambda secret: message(file(secret, url="data:,x")),
        lambda secret: message(file(secret, orig_name="cat.png", mime_type="image/png", size=3)),
        lambda secret: message({"path": str(secret)}),
        lambda secret: message([file(secret)]),
        lambda secret: message("sample:cat", only=[file(secret)]),
        lambda secret: message("sample:cat", only={"deep": [[{"deeper": file(secret)}]]}),
        lambda secret: message(file(f"/proc/self/cwd/{secret}")),
        lambda secret: message(file(f"file://{secret}")),
        lambda secret: message(file(secret.name)),
        lambda secret: message({"meta": {"_type": "gradio.FileData"}, "path": str(secret), "is_stream": False}),
        lambda secret: {**message("sample:cat"), "photo": file(secret)},
    ],
)
def test_no_file_of_the_machine_is_opened_for_an_agent(agent, form, cat, monkeypatch):
    ask, _ = agent
    monkeypatch.chdir(cat.parent)  # a photograph, so that an answer would be one about it
    status, text = ask(json.dumps(form(cat)))
    error = json.loads(text)["error"]
    assert status == 200 and error["code"] == -32602 and "must have been uploaded here" in error["message"]


def test_of_a_key_that_stands_twice_only_what_was_looked_at_is_read(agent, cat):
    ask, _ = agent
    whole = json.dumps(message("sample:cat"))
    twice = whole.replace('"photo": "sample:cat"', f'"photo": {json.dumps(file(cat))}, "photo": "sample:nothing"')
    status, text = ask(twice)
    assert status == 200 and "sample" in text and "nothing" in text and '\\"gates\\"' not in text


def test_an_agent_may_name_a_file_that_was_uploaded(agent, cat, ours):
    ask, caller = agent
    status, paths = upload(caller, "cat.png", cat.read_bytes())
    assert status == 200
    status, text = ask(json.dumps(message(file(json.loads(paths)[0]))))
    answer = json.loads(text.split("data: ", 1)[1])["result"]
    assert status == 200 and not answer["isError"]
    assert_same_gates(json.loads(answer["content"][0]["text"]), ours)


def test_a_message_that_is_too_deep_or_too_large_is_refused(agent):
    ask, _ = agent
    deep = "x"
    for _ in range(60):
        deep = [deep]
    for photo in (deep, list(range(30_000))):
        assert "An event" in json.loads(ask(json.dumps(message(photo)))[1])["error"]["message"]


@pytest.mark.parametrize("name", ["gates", "anything", None, ["x"]])
def test_a_prompt_that_is_not_there_runs_nothing(agent, name):
    ask, _ = agent
    asked = {"jsonrpc": "2.0", "id": 8, "method": "prompts/get", "params": {"name": name, "arguments": {}}}
    status, text = ask(json.dumps(asked))
    assert (
        status == 200 and json.loads(text)["id"] == 8 and "There are no prompts" in json.loads(text)["error"]["message"]
    )


def test_an_agent_that_tells_the_app_its_address_is_answered_and_a_call_ends_in_time(agent, monkeypatch):
    ask, caller = agent
    accept = {"Accept": "application/json, text/event-stream", "X-Gradio-Server": "http://a:b"}
    for _ in range(3):
        status, text = caller.request("POST", "/gradio_api/mcp/", json.dumps(message("sample:cat")), accept)
        assert status == 200 and b'"isError":false' in text
    followed = message("sample:cat")
    followed["params"]["_meta"] = {"progressToken": 1}
    assert '"isError":false' in ask(json.dumps(followed))[1]
    monkeypatch.setattr(limits, "AGENT_SECONDS", 0.0)
    for call in (message("sample:cat"), followed):
        assert "no answer within 0 seconds" in ask(json.dumps(call))[1]


def test_a_call_that_finds_no_room_is_told_so_in_words(agent, monkeypatch):
    ask, _ = agent
    monkeypatch.setattr(limits, "WAITING_SESSION", 0)
    result = json.loads(ask(json.dumps(message("sample:cat")))[1].split("data: ", 1)[1])["result"]
    text = result["content"][0]["text"]
    assert result["isError"] and "Many people are asking at once" in text and "http" not in text
