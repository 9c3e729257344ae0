"""Files of results that hold one case a recipe."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from attnviz.core.errors import UserError
from attnviz.models.provenance import facts


def machine(device: torch.device, seconds: float) -> dict[str, Any]:
    """What made a case: versions, hardware, wall time, cores and load."""
    told = {"cores": len(os.sched_getaffinity(0)), "load": [round(v, 1) for v in os.getloadavg()]}
    return {**facts(device, seconds), **told}


def add_case(file: Path | None, case: Mapping[str, Any], force: bool = False) -> None:
    """Print a case and, where there is a file, put it there instead of the one of the same recipe and command.

    Raises:
        UserError: The file holds a case of this recipe by another command, and ``force`` is not given.
    """
    print(json.dumps(case, indent=1, ensure_ascii=False))
    if file is None:
        return
    known = json.loads(file.read_text(encoding="utf-8"))["cases"] if file.is_file() else []
    others = [old["command"] for old in known if old["recipe"] == case["recipe"] and old["command"] != case["command"]]
    if others and not force:
        raise UserError(f"{file} holds {case['recipe']} by `{others[0]}`; give another --out, or --force to replace it")
    cases = [*(old for old in known if old["recipe"] != case["recipe"]), case]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"cases": cases}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
