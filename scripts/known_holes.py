"""What pip-audit found, in a line each: ``python -m scripts.known_holes FILE.json``; ends with 1 where a mend is out.

pip-audit ends well where its database cannot be reached, and says of every package that it was left out. So does this,
but it says so.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def verdict(text: str) -> tuple[list[str], bool]:
    """Lines to print, and whether a package has a hole that a newer version mends.

    Args:
        text: What ``pip-audit -f json`` wrote; nothing where it gave up.
    """
    try:
        packages = json.loads(text)["dependencies"]
    except (ValueError, KeyError):
        return ["skipped: pip-audit gave no answer; can its database be reached?"], False
    audited = [one for one in packages if "skip_reason" not in one]
    if not audited:
        return [f"skipped: none of {len(packages)} packages could be looked up; can the database be reached?"], False
    lines, mended = [f"{len(audited)} of {len(packages)} packages were looked up"], False
    for one in audited:
        for hole in one["vulns"]:
            fixed = ", ".join(hole["fix_versions"])
            what = f"mended in {fixed}" if fixed else "not mended"
            lines.append(f"{one['name']} {one['version']}: {hole['id']}, {what}")
            mended |= bool(fixed)
    return lines, mended


def main() -> int:
    """Print, and say by the exit status whether something is to be done."""
    lines, mended = verdict(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print("\n".join(lines))
    return int(mended)


if __name__ == "__main__":
    sys.exit(main())
