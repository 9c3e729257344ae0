"""Sentences about gates of other networks, and the limits that the code sets."""

import re

from attnviz.images.decode import MAX_ASPECT, MAX_BYTES, MAX_PIXELS
from attnviz.models.limits import LOCAL, PUBLIC
from attnviz.models.results import read_results
from attnviz.ui.networks.visitor_models import FETCHED_BYTES
from attnviz.ui.server import limits as server
from attnviz.ui.settings import CACHE, KEEP_SECONDS
from attnviz.ui.shared.downloads import KEPT
from tests.claims.shared import WORDS, Claims
from tests.test_layering import ROOT


def gates_of_networks() -> Claims:
    channel = read_results("capture")["results"]["seresnet50"]["kinds"]["channel"]
    (cells,) = next(row["cells"] for row in read_results("faithfulness-cbam")["maps"] if "stage4.1" in row["map"])
    for page, text in {"README.md": "channel gates: ", "README.zh-CN.md": "个通道门："}.items():
        yield page, f"# {channel} {text}"
        yield page, f".mask # ({cells[0]}, {cells[1]}) float32"
    yolo = {
        name: network["found"]
        for name, network in read_results("zoo")["libraries"]["ultralytics"]["architectures"].items()
    }
    kinds = yolo["cbam"]
    yield (
        "docs/cbam.md",
        f"two of its `CBAM` between its convolutions are {WORDS[kinds['channel']]} channel and "
        f"{WORDS[kinds['spatial']]} spatial gates",
    )
    assert yolo["yolov5n"] == yolo["yolov8n"] == {} and list(yolo["yolo11n"]) == ["pairwise"]
    yield "docs/cbam.md", f"YOLO11n has {WORDS[yolo['yolo11n']['pairwise']]} *pairwise* gate"


def limits() -> Claims:
    def written(file, pattern):
        return re.search(pattern, (ROOT / file).read_text(encoding="utf-8")).group(1)

    python = written("pyproject.toml", r'requires-python = ">=([\d.]+)"')
    for page, text in {
        "README.md": "or newer",
        "README.zh-CN.md": "或更新版本",
        "docs/deploying.md": "or newer",
    }.items():
        yield page, f"Python {python} {text}"
    assert read_results("load")["hardware"]["cores"] == 2
    yield "docs/deploying.md", "Two CPU cores are enough"
    crowds = {crowd["clients"]: crowd for crowd in read_results("load")["upload to pictures"]}
    assert not any(
        crowd["errors"] or crowd["wrong"] or crowd["refused"] for crowd in crowds.values() if crowd["clients"] < 128
    )
    second, third = (f"{crowds[count]['p50 ms'] / 1000:.1f} s" for count in (32, 64))
    share = f"{100 * crowds[128]['answers'] / crowds[128]['requests']:.0f} %"
    yield (
        "docs/deploying.md",
        f"32 people who upload photographs without a pause have each answer after {second}, 64 after {third}; of 128, {share} of",
    )
    yield (
        "docs/deploying.md",
        f"{MAX_BYTES // 2**20} MiB, {MAX_PIXELS // 10**6} million pixels, sides of at most {MAX_ASPECT} : 1;",
    )
    yield "docs/deploying.md", f"| any other request | {server.OTHER_BYTES // 2**20} MiB |"
    yield (
        "docs/deploying.md",
        f"| waiting requests | {server.WAITING} in all, {server.WAITING_LANE} in one lane, {server.WAITING_ADDRESS} of "
        f"one address, {server.WAITING_SESSION} of one visitor;",
    )
    yield "docs/deploying.md", f"comes last, and after {server.LISTEN_SECONDS:g} seconds not at all"
    batches = read_results("batches")
    together, alone = (batches[f"{how}, cpu ms a photograph"] for how in ("together", "single"))
    assert batches["settings"]["photographs"] == 4
    yield "docs/deploying.md", "Four photographs in one pass"
    yield "docs/deploying.md", f"take {together} ms of CPU each in place of {alone}"
    pace = f"{server.PACE:g} requests a second after {server.PACE_BURST:g} at once (the page counts five"
    yield "docs/deploying.md", f"{pace}, each of its files a twentieth)"
    yield "docs/deploying.md", f"waits up to {server.PACE_SECONDS:g} seconds, then it is refused"
    yield "docs/deploying.md", "their network of 64 bits"
    yield "docs/deploying.md", f"{server.ANSWER_VALUES:,} gate values in one answer"
    yield "docs/deploying.md", f"| frames of a camera | {server.FRAME_BYTES // 2**10} KiB each"
    yield "docs/deploying.md", f"| {server.SESSIONS}, of one address {server.SESSIONS_ADDRESS}: its own oldest"
    yield (
        "docs/deploying.md",
        f"| {server.CONNECTIONS} or half of what the system allows, half of them for one address; one without a whole "
        f"request head is closed after {server.HEAD_SECONDS:g} seconds, a request that pauses after "
        f"{server.BODY_SECONDS:g} |",
    )
    assert server.UPLOADS_SECONDS == 3600
    yield (
        "docs/deploying.md",
        f"{server.UPLOADS_BYTES_ADDRESS // 2**30} GiB an hour and address, {server.UPLOADS_BYTES // 2**30} GiB on "
        f"the disk in all, {server.UPLOAD_PARTS} files in one",
    )
    yield (
        "docs/deploying.md",
        f"| {server.EVENT_VALUES:,} values, {server.EVENT_FILES} files, {server.DEEPEST} levels |",
    )
    events, seconds = (written("attnviz/ui/__init__.py", rf'{name}", "(\d+)"') for name in ("EVENTS", "FREQUENCY"))
    yield "docs/deploying.md", f"`GRADIO_ANALYTICS_CACHE_FREQUENCY` | {events} and {seconds} unless set"
    network = (
        f"{PUBLIC.parameters // 10**6} million parameters, {PUBLIC.macs // 10**9} billion multiply-accumulates, "
        f"{PUBLIC.side} pixels a side"
    )
    yield "docs/deploying.md", f"| {network}, {PUBLIC.file_bytes // 2**20} MiB of weights in a file |"
    yield (
        "docs/tutorial.md",
        f"at most {LOCAL.parameters // 10**9} billion parameters, {LOCAL.macs // 10**9:,} billion multiply-accumulates, "
        f"{LOCAL.side:,} pixels a side and {LOCAL.file_bytes // 2**30} GiB of file",
    )
    yield "docs/tutorial.md", f"at most {network} and {PUBLIC.file_bytes // 2**20} MiB of file"
    yield "docs/deploying.md", f"| weights fetched for visitors by one process | {FETCHED_BYTES // 2**30} GiB |"
    yield (
        "docs/deploying.md",
        f"{server.AUDIT_PHOTOGRAPHS:,} photographs, a ZIP of {server.AUDIT_ZIP_BYTES // 2**20} MiB that holds at most "
        f"{server.AUDIT_UNPACKED_BYTES // 2**30} GiB;",
    )
    assert CACHE == (3600, 6 * 3600) and KEEP_SECONDS == 3600
    yield "docs/privacy.md", "six hours old (looked at every hour)"
    yield "docs/privacy.md", f"an hour after your last step, or {server.SESSIONS} newer visitors"
    yield "docs/privacy.md", f"{WORDS[KEPT]} newer ones in that tab"
