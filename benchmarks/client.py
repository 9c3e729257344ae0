"""A visitor's browser in a few lines: it uploads photographs and sends events over HTTP as the page does."""

from __future__ import annotations

import http.client
import json
import time
import urllib.parse
import uuid
from collections.abc import Mapping
from typing import Any


class Client:
    """One visitor: a connection that is kept, and a session.

    Args:
        url: Address of the app.
        config: The page's parts and events, if they are known already.
        timeout: Seconds until a server that says nothing counts as hanging.
        patience: Seconds until one that says again and again that it is alive, but does not answer, does too.
        source: The address that it comes from, such as another one of the loopback's.
        headers: Sent with every request, as a proxy does.
    """

    def __init__(
        self,
        url: str,
        config: dict[str, Any] | None = None,
        timeout: float = 60,
        patience: float = 600,
        source: str = "127.0.0.1",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.host = urllib.parse.urlsplit(url).netloc
        self.headers = dict(headers or {})
        self.timeout, self.patience, self.source = timeout, patience, source
        self.session = uuid.uuid4().hex
        self.connection: http.client.HTTPConnection | None = None
        self.config = config or json.loads(self.request("GET", "config")[1])
        ids = ((c["props"].get("elem_id"), c["id"]) for c in self.config["components"] if c.get("props"))
        self.parts = {name: number for name, number in ids if name}

    def request(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> tuple[int, bytes]:
        """Status and body of an answer; the connection is made anew after an error."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {**self.headers, **({} if data is None else {"Content-Type": kind})}
        kept = self.connection is not None
        if self.connection is None:
            self.connection = http.client.HTTPConnection(
                self.host, timeout=self.timeout, source_address=(self.source, 0)
            )
        try:
            self.connection.request(method, f"/{path}", data, headers)
            answer = self.connection.getresponse()
            return answer.status, self._whole(answer)
        except BaseException as error:
            self.close()
            if kept and isinstance(error, (ConnectionError, http.client.RemoteDisconnected)):
                return self.request(method, path, body, kind)  # the server had hung up before
            raise

    def _whole(self, answer: http.client.HTTPResponse) -> bytes:
        end, pieces = time.monotonic() + self.patience, []
        while piece := answer.read1(2**16):
            pieces.append(piece)
            if time.monotonic() > end:
                raise TimeoutError(f"no answer in {self.patience:g} s")
        answer.close()
        return b"".join(pieces)

    def close(self) -> None:
        """Hang up."""
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def upload(self, data: bytes, name: str = "photograph.jpg") -> tuple[int, Any]:
        """Send a file; the status, and its path on the server where it was taken."""
        mark = uuid.uuid4().hex
        quoted = name.replace("\\", "_").replace('"', "_").replace("\r", "_").replace("\n", "_")
        head = f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="{quoted}"\r\n\r\n'
        body = head.encode() + data + f"\r\n--{mark}--\r\n".encode()
        status, text = self.request("POST", "gradio_api/upload", body, f"multipart/form-data; boundary={mark}")
        return status, json.loads(text)[0] if status == 200 else text

    def event(self, part: str, kind: str) -> dict[str, Any]:
        """The first event of a part that has a handler, such as ``("photo", "upload")``; ``load`` is the page's."""
        target = [self.parts[part], kind]
        return next(d for d in self.config["dependencies"] if target in d["targets"] and d["backend_fn"])

    def loads(self) -> list[dict[str, Any]]:
        """What the page asks for when it opens."""
        events = [d for d in self.config["dependencies"] if any(t[1] == "load" for t in d["targets"])]
        return [d for d in events if d["backend_fn"]]

    def send(self, event: dict[str, Any], values: dict[str, Any] | None = None, data: Any = None) -> dict[str, Any]:
        """Send an event with what the page shows, or other values by part; returns the message that ends it."""
        body = {
            "data": self.inputs(event, values or {}),
            "event_data": data,
            "fn_index": event["id"],
            "session_hash": self.session,
        }
        status, text = self.request("POST", "gradio_api/queue/join", body)
        if status != 200:
            return {"success": False, "status": status, "output": {"error": text.decode(errors="replace")}}
        return self.ended()

    def ended(self) -> dict[str, Any]:
        """Read the stream of events until one is answered."""
        text = self.request("GET", f"gradio_api/queue/data?session_hash={self.session}")[1].decode()
        messages = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]
        ends = [m for m in messages if m["msg"] in ("process_completed", "unexpected_error")]
        return ends[-1] if ends else {"success": False, "output": {"error": "the stream ended without an answer"}}

    def inputs(self, event: dict[str, Any], values: dict[str, Any]) -> list[Any]:
        """What each input of an event holds: what is given by ``elem_id``, else what the page opened with."""
        known = {self.parts[part]: value for part, value in values.items() if part in self.parts}
        shown = {c["id"]: c.get("props", {}).get("value") for c in self.config["components"]}
        return [known.get(number, shown.get(number)) for number in event["inputs"]]

    def open(self) -> None:
        """Open the page: afterwards the session has a view."""
        for event in self.loads():
            answer = self.send(event)
            if not answer["success"]:
                raise RuntimeError(f"the page does not open: {answer}")

    def photograph(self, data: bytes, name: str = "photograph.jpg") -> dict[str, Any]:
        """Upload a photograph to Explore, and wait for its pictures."""
        status, path = self.upload(data, name)
        if status != 200:
            return {"success": False, "status": status, "output": {"error": str(path)[:200]}}
        file = {"path": path, "orig_name": name, "meta": {"_type": "gradio.FileData"}}
        return self.send(self.event("photo", "upload"), {"photo": file})


def pictures(answer: dict[str, Any]) -> str:
    """What an answer shows, without what differs between visitors by itself (files' names)."""
    return json.dumps([value for value in answer["output"].get("data", []) if isinstance(value, (str, int))])
