"""The two commands on a stranger's machine: proxies, folders of somebody else, terminals that know few letters."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from attnviz.core.errors import UserError
from attnviz.ui.surroundings import prepare_surroundings

ROOT = Path(__file__).resolve().parents[2]
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def environment(**changes):
    """This process's own, without proxies; ``None`` takes a variable away."""
    taken = {name for key in VARIABLES for name in (key, key.upper())} | {
        key for key, v in changes.items() if v is None
    }
    kept = {key: value for key, value in os.environ.items() if key not in taken}
    return {**kept, "OMP_NUM_THREADS": "1", **{key: value for key, value in changes.items() if value is not None}}


@pytest.fixture
def clean(monkeypatch, tmp_path):
    for key in VARIABLES:
        monkeypatch.delenv(key, raising=False)
        monkeypatch.delenv(key.upper(), raising=False)
    for key in ("GRADIO_TEMP_DIR", "ATTNVIZ_OWN_TEMP_DIR"):
        monkeypatch.setenv(key, "")  # so that what is set here is taken back
        monkeypatch.delenv(key)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"http_proxy": "http://proxy:3128"}, "localhost,127.0.0.1,::1"),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "corp.example"}, "corp.example,localhost,127.0.0.1,::1"),
        ({"http_proxy": "http://proxy:3128", "no_proxy": "localhost"}, "localhost,127.0.0.1,::1"),
        ({"http_proxy": "http://proxy:3128", "no_proxy": "*"}, "*"),
        ({}, None),
    ],
)
def test_a_proxy_is_kept_from_this_machine(clean, monkeypatch, given, wanted):
    monkeypatch.setenv("no_proxy", "")  # so that what is set here is taken back
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.delenv("no_proxy")
    monkeypatch.delenv("NO_PROXY")
    for key, value in given.items():
        monkeypatch.setenv(key, value)
    prepare_surroundings()
    assert os.environ.get("no_proxy") == wanted


def test_a_socks_proxy_is_named(clean, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    monkeypatch.setenv("no_proxy", "x")
    monkeypatch.setenv("NO_PROXY", "x")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match="all_proxy names a SOCKS proxy.*pip install socksio, or unset all_proxy"):
        prepare_surroundings()


def test_a_folder_of_somebody_else_is_left_alone(clean, monkeypatch):
    (clean / "gradio").write_text("somebody else's")
    monkeypatch.setenv("GRADIO_TEMP_DIR", "")
    prepare_surroundings()
    own = Path(os.environ["GRADIO_TEMP_DIR"])
    assert own.parent == clean and own.is_dir() and own.name.startswith("attnviz-")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(clean / "gradio"))
    with pytest.raises(UserError, match="GRADIO_TEMP_DIR names .*which cannot be written"):
        prepare_surroundings()


def test_no_folder_at_all_is_one_sentence(clean, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", "")
    monkeypatch.setattr("attnviz.ui.surroundings._writable", lambda folder: False)

    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    with pytest.raises(UserError, match="no temporary folder can be written: set TMPDIR"):
        prepare_surroundings()


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "gbk"])
def test_terminals_that_know_few_letters(encoding):
    code = "from attnviz.cli.main import _print_anywhere; _print_anywhere(); print('σ(x) ∈ 0…1 × 门 · ✓')"
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, capture_output=True, cwd=ROOT, env=environment(PYTHONIOENCODING=encoding))
    assert ran.returncode == 0 and b"(x)" in ran.stdout, ran.stderr.decode(errors="replace")
    ran.stdout.decode(encoding)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp437", "gbk"])
@pytest.mark.parametrize("arguments", [["describe", "cbam"], ["explore", "--help"]])
def test_commands_on_terminals_that_know_few_letters(encoding, arguments):
    command = [sys.executable, "-m", "attnviz", *arguments]
    ran = subprocess.run(command, capture_output=True, cwd=ROOT, env=environment(PYTHONIOENCODING=encoding))
    assert ran.returncode == 0 and ran.stdout, ran.stderr.decode(errors="replace")
    ran.stdout.decode(encoding)


def test_explore_without_a_home(checkpoints, photograph, tmp_path):
    photograph.save(tmp_path / "photo.png")
    out = ["--out", str(tmp_path / "out")]
    command = [sys.executable, "-m", "attnviz", "explore", str(tmp_path / "photo.png"), *out]
    given = environment(HOME=None, ATTNVIZ_CHECKPOINTS=str(checkpoints), http_proxy="http://127.0.0.1:9")
    ran = subprocess.run([*command, "--model", "cbam"], capture_output=True, cwd=ROOT, env=given, text=True)
    assert ran.returncode == 0 and "files in" in ran.stdout, ran.stderr


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _answers(url, seconds):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            with opener.open(url, timeout=5) as answer:
                return answer.status == 200
        except OSError:
            time.sleep(0.5)
    return False


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"http_proxy": "http://127.0.0.1:9"},
        {"HOME": None, "PYTHONIOENCODING": "ascii"},
        {"TMPDIR": "the one of somebody else"},
    ],
)
def test_the_app_starts(changes, checkpoints, tmp_path):
    if "TMPDIR" in changes:
        (tmp_path / "gradio").write_text("somebody else's")
        changes = {"TMPDIR": str(tmp_path)}
    port = _free_port()
    command = [sys.executable, "-m", "attnviz", "app", "--model", "cbam", "--alone", "--port", str(port)]
    given = environment(**changes, ATTNVIZ_CHECKPOINTS=str(checkpoints))
    app = subprocess.Popen(command, cwd=ROOT, env=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        assert _answers(f"http://127.0.0.1:{port}/", 120), app.poll()
    finally:
        app.kill()
        app.wait()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "0"], "--port must be in 1..65535"),
        (["--alone"], "give at least one --model"),
        (["--model", "cbm"], "did you mean 'cbam'"),
        (["--checkpoints", "/nowhere"], "ATTNVIZ_CHECKPOINTS names '/nowhere'"),
        (["--data", "/nowhere", "--model", "cbam", "--alone"], "no folder of photographs"),
    ],
)
def test_an_app_that_cannot_start_says_why(arguments, message, capsys, monkeypatch, checkpoints):
    from attnviz.cli.main import main

    monkeypatch.setenv("ATTNVIZ_CHECKPOINTS", str(checkpoints))
    assert main(["app", *arguments]) == 2
    assert message in capsys.readouterr().err
