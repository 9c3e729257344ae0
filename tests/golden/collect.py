"""What the project answers today, in plain values: the net under every change that must change nothing.

``python -m tests.golden.collect`` writes the files beside this one anew; do so only for a change that is meant to
change answers, and say in the commit which ones and why. ``test_golden.py`` compares.
"""

import contextlib
import io
import json
import os
import re
from pathlib import Path

import numpy as np

import attnviz
from attnviz.analysis.analyser import Analyser
from attnviz.cli.main import COMMANDS, main
from attnviz.gates.edit import knock_out, neutral, paint, scale, set_to, shuffle
from attnviz.gates.edits.edit_list import EditList
from attnviz.gates.edits.json_format import Document, Recorded, to_json
from attnviz.images.sample_table import RENDERED, SAMPLES
from attnviz.images.samples import ASSETS, load_sample
from attnviz.models.checkpoints import checkpoint_ids, load
from attnviz.training.recipe import BUNDLED, load_recipe

HERE = Path(__file__).parent
EDITED = "cbam"
EDITS = HERE / "edits.json"
EDITED_SAMPLE = "church"


def digest(values):
    """Five numbers that change when any value, or the order of the values, changes."""
    flat = np.asarray(values, np.float64).ravel()
    wave = np.cos(np.arange(flat.size) * 0.7548776662 + 0.5)
    numbers = (flat.mean(), flat.std(), flat.min(), flat.max(), (flat * wave).mean())
    return [float(f"{v:.7g}") for v in numbers]


def network(name):
    """Gates of a checkpoint, and for every rendered sample its logits and a digest of every gate in order."""
    analyser = Analyser(load(name))
    samples = {}
    for sample in SAMPLES:
        if sample.source == RENDERED:
            analysis = analyser.analyse(load_sample(sample.name))
            logits = [float(f"{v:.7g}") for v in analysis.logits]
            samples[sample.name] = {"logits": logits, "gates": [digest(gate.values) for gate in analysis.gates]}
    gates = [[s.name, s.kind, list(s.shape), list(s.features), s.how] for s in analyser.sites]
    return {"gates": gates, "samples": samples}


def networks():
    """The same of every checkpoint, by its id."""
    return {name: network(name) for name in checkpoint_ids()}


def helps():
    """Command -> its ``--help`` with all white space folded, so that terminals and Python versions agree."""
    texts = {}
    for command in ("", *(name for name, _ in COMMANDS.items())):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            main([*command.split(), "--help"])
        texts[command] = re.sub(r"\s+", " ", out.getvalue()).strip()
    return texts


def public_names():
    return list(attnviz.__all__)


def recipes():
    """Every bundled recipe with everything that it takes from others, and the fingerprint runs are known by."""
    loaded = (load_recipe(path.stem) for path in sorted(BUNDLED.glob("*.toml")))
    return {recipe.id: {**recipe.to_json(), "fingerprint": recipe.fingerprint} for recipe in loaded}


def events():
    """Every event of the page: what triggers it, what it runs, what it is given and gives, and who may call it."""
    from attnviz.ui.app import build

    config = build().get_config_file()
    parts = {c["id"]: c["props"].get("elem_id") or c["type"] for c in config["components"]}
    return [
        {
            "on": [f"{parts.get(where, 'page')}.{event}" for where, event in each["targets"]],
            "runs": each["api_name"],
            "js": each["js"],
            "inputs": sorted(parts[i] for i in each["inputs"]),  # gradio keeps some of them in a set
            "outputs": sorted(parts[i] for i in each["outputs"]),
            "queue": each["queue"],
            "visibility": each["api_visibility"],
            "progress": each["show_progress"],
            "mode": each["trigger_mode"],
        }
        for each in config["dependencies"]
    ]


def edited():
    """A file of edits with one of every action, and the logits under it as this machine has them."""
    analyser = Analyser(load(EDITED))
    channel, spatial = "stage1.0.attention.channel", "stage1.0.attention.spatial"
    mask = np.linspace(0, 1, 32 * 32, dtype=np.float32).reshape(32, 32)
    edits = (
        EditList(EDITED, weights=analyser.weights)
        .then(channel, shuffle("channels", 3))
        .then(channel, knock_out(1, 4))
        .then(spatial, paint(mask))
        .then("stage2.0.attention.channel", neutral())
        .then("stage2.0.attention.spatial", scale(0.7))
        .then("stage3.0.attention.spatial", set_to(0.6))
    )
    return to_json(Document(edits, Recorded.of(analyser.analyse(load_sample(EDITED_SAMPLE), edits))))


def replayed(file=EDITS):
    """What ``attnviz replay`` says of the file of edits on its sample."""
    out = io.StringIO()
    photograph = sample_path(EDITED_SAMPLE)
    with contextlib.redirect_stdout(out):
        status = main(["replay", str(file), str(photograph), "--json"])
    return {"status": status, **json.loads(out.getvalue())}


def sample_path(name):
    return ASSETS / "samples" / f"{name}.jpg"


PLAIN = {"names": public_names, "helps": helps, "recipes": recipes, "events": events, "networks": networks}


def write():
    for name, collect in PLAIN.items():
        text = json.dumps(collect(), indent=None if name == "networks" else 1, ensure_ascii=False)
        (HERE / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    EDITS.write_text(edited(), encoding="utf-8")


if __name__ == "__main__":
    os.environ["COLUMNS"] = "100"
    write()
