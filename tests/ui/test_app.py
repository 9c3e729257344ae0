import ast
import asyncio
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

import attnviz.ui
from attnviz.core.errors import UserError
from attnviz.ui.app import TABS, build, launch_options
from attnviz.ui.networks.store import Store
from attnviz.ui.server.body_limit import BodyLimit
from attnviz.ui.settings import STATIC
from attnviz.ui.shared.address import Query
from attnviz.ui.shared.text import LANGUAGES, TEXTS, language_of, say
from attnviz.ui.tabs.explore.link import follow, query_of

ROOT = Path(attnviz.ui.__file__).resolve().parents[2]
SOURCES = sorted(Path(attnviz.ui.__file__).parent.rglob("*.py"))


def test_the_app_never_imports_torch():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] in ("torch", "torchvision") for name in names), path


def test_every_tab_of_the_table_can_be_built(checkpoints):
    demo = build(Store(checkpoints))
    titles = [c["props"]["label"] for c in demo.config["components"] if c["type"] == "tabitem"]
    assert len(titles) == len(TABS)
    assert all(tab.title in TEXTS for tab in TABS.values())


def test_controls_with_one_answer_are_one_event(checkpoints):
    """Of two events, the one answered last decides what stands there, be it the one that was asked first."""
    demo = build(Store(checkpoints))
    pressed = [
        (f.name, frozenset(part._id for part in f.inputs), frozenset(part._id for part in f.outputs))
        for f in demo.fns.values()
        if f.fn is not None and any(where in demo.blocks and not on.startswith("go_") for where, on in f.targets)
    ]
    assert len(pressed) >= 60
    assert sorted(name for name, *_ in set(pressed)) == sorted(name for name, *_ in pressed)


def test_every_control_has_a_label(checkpoints):
    demo = build(Store(checkpoints))
    kinds = ("image", "dropdown", "slider", "radio", "number")
    controls = [c for c in demo.config["components"] if c["type"] in kinds]
    assert len(controls) >= 8
    assert all(c["props"].get("label") for c in controls)


def test_without_checkpoints_the_error_says_what_to_do(tmp_path):
    with pytest.raises(UserError, match="no checkpoint"):
        build(Store(tmp_path))


@pytest.mark.slow
def test_every_bundled_checkpoint_opens():
    from attnviz.models.checkpoints import FOLDER
    from attnviz.ui.shared.view import look

    store = Store(FOLDER)
    for name in store.ids:
        assert look(store, name, sample="cat").analysis.model == name


def test_nothing_is_shared_and_errors_stay_inside(monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.delenv("GRADIO_SERVER_NAME", raising=False)
    options = launch_options()
    assert options["share"] is options["ssr_mode"] is options["show_error"] is options["mcp_server"] is False
    assert options["server_name"] is None
    monkeypatch.setenv("SPACE_ID", "somebody/attnviz")
    assert launch_options()["server_name"] == "0.0.0.0"


def test_the_theme_and_the_page_name_no_other_host():
    from attnviz.ui.theme import theme

    text = theme()._get_theme_css() + "".join(p.read_text(encoding="utf-8") for p in STATIC.iterdir())
    assert not re.search(r"https?://(?!www\.w3\.org/)|@import", text)


def test_every_text_has_every_language_with_the_same_values():
    for key, row in TEXTS.items():
        assert len(row) == len(LANGUAGES) and all(row), key
        fields = [sorted(set(re.findall(r"\{(\w+)\}", text))) for text in row]
        assert fields[0] == fields[1], key


def test_every_text_that_is_asked_for_exists_and_every_one_is_used():
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES if not path.name.endswith("texts.py"))
    asked = set(re.findall(r"""(?:say|plain|label|_title|head_html)\((?:made, )?["'](\w+)["']""", code))
    assert asked <= set(TEXTS)
    named = set(re.findall(r"""["'](\w[\w-]*)["']""", code))
    built = tuple(re.findall(r"""f["'](\w+_)\{""", code))  # keys that are put together, such as f"kind_{kind}"
    built += tuple(re.findall(r"""phrased\([^,]+, ["'](\w+_)["']""", code))
    ended = tuple(re.findall(r"""f["']\{\w+\}(_\w+)["']""", code))
    unused = {
        key for key in TEXTS if key not in named and not key.startswith((*built, "samples_", "drawn_", "gradio_"))
    }
    assert {key for key in unused if not key.endswith(ended)} == set()


def test_the_browser_knows_every_label_before_it_is_shown(checkpoints):
    """A label that only a handler asks for must be among those that are sent at the start."""
    build(Store(checkpoints))
    sent = launch_options()["i18n"].translations_dict
    nodes = [node for path in SOURCES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    handlers = [node for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("on_")]
    calls = [node for handler in handlers for node in ast.walk(handler) if isinstance(node, ast.Call)]
    asked = [ast.literal_eval(call.args[0]) for call in calls if getattr(call.func, "id", "") == "label"]
    assert len(asked) >= 4
    assert [key for key in asked if not all(f"attnviz-{key}" in words for words in sent.values())] == []


def visitor(header, **cookies):
    return SimpleNamespace(headers={"accept-language": header} if header is not None else {}, cookies=cookies)


def test_values_in_texts_are_escaped():
    assert say("own_fetching", name="<b>") == "Loading &lt;b&gt; …"
    with pytest.raises(UserError, match="no text"):
        say("nonsense")
    with pytest.raises(UserError, match="no language"):
        say("gate", "xx")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("de-DE,de;q=0.9,en", "en"),
        ("fr,zh", "zh"),
        (";;,", "en"),
    ],
)
def test_the_browser_chooses_the_language(header, language):
    assert language_of(visitor(header)) == language
    assert language_of(visitor(header, attnviz_language="zh")) == "zh"
    assert language_of(visitor(header, attnviz_language="<b>")) == language


def test_a_link_opens_the_view_it_was_made_from(checkpoints, explore):
    added = "&gate=stage2.0.attention.channel&channel=5"  # by the browser
    query = Query(query_of(explore.opening) + added, "en")
    again, choice = follow(explore.store, query, "se", "coffee")
    assert query.missed == [] and choice == {"gate": "stage2.0.attention.channel", "channel": 5}
    assert query_of(again) == query_of(explore.opening)


def test_what_a_link_gets_wrong_is_left_out_and_told(explore):
    query = Query("?model=<b>&sample=../x&gate=no&channel=-1&scale=&__theme=dark", "en")
    view, choice = follow(explore.store, query, "cbam", "cat")
    assert choice == {}
    assert (view.analysis.model, view.sample) == ("cbam", "cat")
    assert len(query.missed) == 4


def talk(body, path="/gradio_api/queue/join", announce=True, limit=100):
    """Send a body in pieces through the middleware; the status it answers and what the application read."""
    read, sent = bytearray(), []

    async def application(scope, receive, send):
        while True:
            message = await receive()
            read.extend(message.get("body", b""))
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    pieces = [body[i : i + 40] for i in range(0, len(body), 40)] or [b""]
    messages = iter(
        [{"type": "http.request", "body": p, "more_body": i < len(pieces) - 1} for i, p in enumerate(pieces)]
    )

    async def receive():
        return next(messages)

    async def send(message):
        sent.append(message)

    headers = [(b"content-length", str(len(body)).encode())] if announce else []
    scope = {"type": "http", "path": path, "headers": headers}
    with ThreadPoolExecutor(1) as pool:  # a thread of its own: a browser test may have left an event loop in this one
        limited = BodyLimit(application, upload=200, other=limit)
        pool.submit(lambda: asyncio.run(limited(scope, receive, send))).result()
    return sent[0]["status"], bytes(read)


@pytest.mark.parametrize("announce", [True, False])
def test_a_body_over_the_limit_is_refused_whether_announced_or_not(announce):
    assert talk(b"x" * 100, announce=announce) == (200, b"x" * 100)
    status, read = talk(b"x" * 101, announce=announce)
    assert status == 413
    assert len(read) <= 100
    assert talk(b"x" * 150, path="/gradio_api/upload", announce=announce)[0] == 200
    assert talk(b"x" * 201, path="/gradio_api/upload", announce=announce)[0] == 413


def test_a_data_url_of_a_photograph_does_not_fit_into_an_event():
    event = json.dumps({"data": ["data:image/png;base64," + "A" * 2**21]}).encode()
    assert talk(event, limit=BodyLimit(None).other)[0] == 413


def test_a_visitors_own_network_has_a_lane_of_its_own(checkpoints):
    lanes = {}
    page = build(Store(checkpoints))
    own = {page.blocks[i]._id for i, block in page.blocks.items() if str(block.elem_id or "").startswith("own-")}
    for event in page.fns.values():
        touches = {component._id for component in event.outputs} & own
        lanes.setdefault(bool(touches), set()).add(event.concurrency_id)
    assert "guests" in lanes[True] and "cnn" not in lanes[True]
    assert "cnn" in lanes[False] and "guests" not in lanes[False]


@pytest.mark.slow
def test_on_zerogpu_a_function_is_there_to_lend_to_and_everything_is_computed_on_the_cpu(tmp_path):
    """With a stand-in for the package of a Space, and a torch that says, as there, that it has CUDA."""
    (tmp_path / "spaces.py").write_text(
        "import sys\n"
        "assert 'torch' not in sys.modules, 'on ZeroGPU it must be imported before torch'\n"
        "lent = []\n"
        "def GPU(function):\n"
        "    lent.append(function.__name__)\n"
        "    return function\n"
    )
    code = (
        "import runpy, spaces; runpy.run_path('app.py'); import torch; torch.cuda.is_available = lambda: True; "
        "from attnviz.models.checkpoints import best_device; print(spaces.lent, best_device())"
    )
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    environment = {**os.environ, "SPACES_ZERO_GPU": "1", "SPACE_ID": "a/b", "PYTHONPATH": paths}
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, capture_output=True, text=True, check=True, cwd=ROOT, env=environment)
    assert out.stdout.split("\n")[-2] == "['lend'] cpu"
