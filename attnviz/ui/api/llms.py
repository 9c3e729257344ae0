"""``llms.txt``: what a language model should know before it uses attnviz, read from the endpoints themselves.

``python -m attnviz.ui.api.llms`` prints it; the copy at the top of the repository is compared with it by a test.
"""

from __future__ import annotations

import inspect
import sys

from gradio.utils import get_function_description

from attnviz.ui.api import ENDPOINTS
from attnviz.ui.api.wire import said

HEAD = """\
# attnviz

> Shows, edits and audits attention gates inside convolutional networks: the weights that the network itself
> multiplies into its features (SE, CBAM and others), read in one forward pass of a PyTorch network, without a change to
> its code. They say what the network does with its features, not what spoke for a class.

- Python: `import attnviz; attnviz.analyse("cbam", "photo.jpg")`. Any network: `attnviz.load("timm:seresnet50")`,
  `attnviz.wrap(module, size=224, labels=NAMES)`. Where something cannot be done, `UserError` says what would do.
- Command line: `attnviz explore PHOTO`, `attnviz gates MODEL`, `attnviz replay EDITS PHOTO`, `attnviz audit MODEL
  --data FOLDER --out DIR`, `attnviz app --model MODEL`; each with `--help`, many with `--json`.
- Documentation: the folder `docs/` of the repository; `docs/programs.md` is about what follows.

## Asking a running app

With `gradio_client`: `Client(URL).predict(photo=handle_file("photo.jpg"), model="cbam", api_name="/gates")`.
By plain HTTP: POST a JSON object of the arguments to `/gradio_api/call/v2/NAME`, then within 5 seconds GET
`/gradio_api/call/v2/NAME/EVENT_ID` for the answer. Over MCP, where the app was started with `attnviz app --mcp`:
`/gradio_api/mcp/` (streamable HTTP). Schemas: `/gradio_api/info`.

`photo` is an uploaded file, `"sample:NAME"`, or a `data:` URL in a request of at most 1 MiB; no other URL is fetched.
To upload, POST the file as `files` to `/gradio_api/upload` and send the path that is answered. Nothing is remembered
between calls. An error's title is `unusable: ARGUMENT` where the caller can put it right, and its text says how. HTTP
status 422 is a call that is not whole, 429 says that too many wait.

## Endpoints
"""


def text() -> str:
    """The file."""
    return HEAD + "".join(_entry(name) for name in ENDPOINTS)


def _entry(name: str) -> str:
    function = ENDPOINTS[name]
    _, arguments, _ = get_function_description(function)
    _, *shown = inspect.signature(function).parameters.values()
    call = ", ".join(one.name if one.default is one.empty else f"{one.name}={one.default!r}" for one in shown)
    lines = [f"\n### {name}({call})\n\n{said(function)}\n\n"]
    lines += [f"- `{one.name}`: {arguments[one.name]}\n" for one in shown]
    return "".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
