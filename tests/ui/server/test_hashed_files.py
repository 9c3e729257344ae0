"""Thumbnails and the view's script under addresses of their own, and what that leaves of the page."""

import gzip
import io
import re
import urllib.request

import pytest
from PIL import Image

gr = pytest.importorskip("gradio")

from gradio.routes import App  # noqa: E402
from starlette.testclient import TestClient  # noqa: E402

from attnviz.images.samples import use_own_samples  # noqa: E402
from attnviz.models.checkpoints import FOLDER  # noqa: E402
from attnviz.ui.app import build, launch_options  # noqa: E402
from attnviz.ui.networks.store import Store  # noqa: E402
from attnviz.ui.server.hashed_files import files  # noqa: E402
from attnviz.ui.server.start import start  # noqa: E402
from attnviz.ui.shared.sample_buttons import SIDE, _thumbnails, available, samples_html, thumbnails  # noqa: E402
from attnviz.viewer.bundles import module_name  # noqa: E402

HERE = "http://localhost"

MOST_BYTES = 650_000
"""Of the page as it is sent, uncompressed, and of its configuration."""
ADDRESS = re.compile(r'src="(attnviz/sample-[0-9a-f]{16}\.jpg)"')


@pytest.fixture(scope="module")
def application(checkpoints):
    blocks = build(Store(checkpoints))
    return App.create_app(blocks, app_kwargs=launch_options()["app_kwargs"])


@pytest.fixture(scope="module")
def client(application):
    return TestClient(application, raise_server_exceptions=False, base_url=HERE)


@pytest.fixture
def own(tmp_path):
    """A sample of somebody's own folder."""
    Image.new("RGB", (64, 48), (12, 200, 7)).save(tmp_path / "a %2e&#39;.png")
    use_own_samples(tmp_path)
    yield "own-1"
    use_own_samples(None)


def test_every_button_has_a_picture_that_is_sent_and_kept(client):
    addresses = ADDRESS.findall(samples_html())
    assert len(set(addresses)) == len(addresses) == len(available()) >= 10
    for address in addresses:
        answer = client.get(f"/{address}")
        assert answer.status_code == 200 and answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert Image.open(io.BytesIO(answer.content)).size == (SIDE, SIDE)
        head = client.head(f"/{address}")
        assert head.content == b"" and int(head.headers["content-length"]) == len(answer.content)


def test_the_script_of_the_view_may_be_kept_by_everybody(client):
    answer = client.get(f"/attnviz/{module_name()}")
    assert answer.headers["cache-control"].startswith("public,") and answer.headers["content-type"].startswith("text/j")


def test_a_name_gives_the_same_bytes_for_ever():
    before = files()
    _thumbnails.cache_clear()
    assert files() == before


@pytest.mark.parametrize("prefix", ["/tool", "/a/b"])
def test_under_a_root_path_they_are_found_too(application, prefix):
    below = TestClient(application, root_path=prefix, raise_server_exceptions=False, base_url=HERE)
    for name, file in files().items():
        assert below.get(f"{prefix}/attnviz/{name}").content == file.body
        assert below.get(f"/attnviz/{name}").content == file.body, "a proxy that takes the prefix away"


def test_what_is_no_name_of_ours_is_unknown(client, own):
    name = thumbnails()[own].file
    wrong = ["sample-0123456789abcdef.jpg", "view-0123456789abcdef.js", "own-1", "own-1.jpg", "cat", "", "/", "%2e%2e",
             name.upper(), f"{name}/", f"{name}.png", f"x/{name}", f"../{name}", f"./{name}%00", f"{name}%0a",
             name.replace("sample-", "sample-%2e%2e%2f"), f"..%2f..%2fassets%2fsamples%2f{name}", "sample-*.jpg"]  # fmt: skip
    assert client.get(f"/attnviz/{name}").status_code == 200
    for one in wrong:
        assert client.get(f"/attnviz/{one}").status_code == 404, one
    assert client.post(f"/attnviz/{name}").status_code in (404, 405)


def test_a_photograph_of_a_folder_is_shown_while_it_is_offered(client, own):
    address = next(a for a in ADDRESS.findall(samples_html()) if a.endswith(thumbnails()[own].file))
    picture = Image.open(io.BytesIO(client.get(f"/{address}").content))
    assert picture.getpixel((56, 56)) == pytest.approx((12, 200, 7), abs=6)
    use_own_samples(None)
    assert client.get(f"/{address}").status_code == 404


@pytest.fixture(scope="module")
def bundled():
    """The app on the bundled networks, as it is started."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_SERVER_NAME", "127.0.0.1")
        demo = build(Store(FOLDER))
        start(demo, **launch_options(), prevent_thread_lock=True, quiet=True)
    yield demo.local_url
    demo.close()


def sent(url, language):
    asked = urllib.request.Request(url, headers={"Accept-Language": language})
    with urllib.request.urlopen(asked) as answer:
        body = answer.read()
        return gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_page_is_small(bundled, language):
    page = sent(bundled, language)
    assert len(page) <= MOST_BYTES
    assert len(sent(f"{bundled}config", language)) <= MOST_BYTES
    assert b"data:image/jpeg" not in page, "photographs have addresses"
    addresses = re.findall(rb"attnviz/sample-[0-9a-f]{16}\.jpg", page)
    assert len(addresses) == len(set(addresses)) == len(available()), "each thumbnail once, in the opening tab"
