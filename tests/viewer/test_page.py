import base64
import hashlib
import html
import json
import re
import shutil
import subprocess

import pytest

from attnviz.viewer import colours
from attnviz.viewer.bundles import BUNDLES, FOLDER, bundle, module_name, sources_digest
from attnviz.viewer.document import document
from attnviz.viewer.page import page
from tests.render.synthetic import analysis, channel

EVIL = "</script><script>alert(1)</script><!--"


def parts(text):
    data = re.search(r'<script type="application/json" id="attnviz-document">(.*?)</script>', text, re.DOTALL)[1]
    script = re.search(r"</script>\n<script>(.*)</script>\n</body>", text, re.DOTALL)[1]
    return data, script


def test_the_bundles_are_those_of_the_sources():
    """Without node: a hash of the sources lies beside the bundles and in both of them."""
    assert (BUNDLES / "sources.sha256").read_text().strip() == sources_digest(), (
        "cd attnviz/viewer && npm ci && npm run build"
    )
    assert all(sources_digest() in bundle(name)[:200] for name in ("view", "page"))


def test_the_colours_are_those_of_matplotlib():
    assert colours.FILE.read_text(encoding="utf-8") == colours.tables(), "python -m attnviz.viewer.colours"


def test_the_page_forbids_everything_but_its_own_script_and_holds_its_document():
    view = document(analysis((channel(EVIL, 8),), labels=(EVIL, "b"), model=EVIL))
    text = page(view)
    data, script = parts(text)
    assert json.loads(data) == json.loads(json.dumps(view))
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1])
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    script_hash, style_hash = (base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() for t in (script, style))
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{script_hash}'; style-src 'sha256-{style_hash}'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    assert "</script" not in data and "</script" not in script and EVIL not in text
    assert not re.search(r'(src|href)="(?!data:)', text)


def test_the_script_uses_no_markup_and_no_address():
    for path in (FOLDER / "src").glob("*.js"):
        source = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")  # a name, not an address
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", source), (
            path
        )
        assert not re.search(r"https?://|fetch\(|XMLHttpRequest|WebSocket", source), path


def test_the_module_has_a_name_of_its_content():
    assert re.fullmatch(r"view-[0-9a-f]{16}\.js", module_name())
    assert bundle("view").rstrip().endswith(";") and "export{" in bundle("view")[-200:]


def test_the_arithmetic_of_the_script_by_nodes_own_tests():
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node: the arithmetic of the view is tested in the browser only")
    folder = FOLDER.parent.parent / "tests" / "viewer" / "js"
    files = [str(path) for path in sorted(folder.glob("*.test.mjs"))]
    ran = subprocess.run([node, "--test", *files], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout[-3000:]
