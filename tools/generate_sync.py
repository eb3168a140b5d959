"""Write `ssh_stack.sync`, the blocking API, from the async classes; with --check only compare."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path
from typing import Final

from syncgen.modules import HEAD, texts

FOLDER: Final = Path(__file__).parents[1] / "packages/ssh-stack/src/ssh_stack/sync"
HINT_LINES: Final = 20


def main() -> int:
    """Write what has changed, or give 1 if anything would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, compare")
    parser.add_argument("--into", type=Path, default=FOLDER, help="another folder")
    options = parser.parse_args()
    folder: Path = options.into
    wanted = dict(texts())
    present = {path.name: path.read_text() for path in sorted(folder.glob("*.py"))}
    stale = [name for name, text in wanted.items() if present.get(name) != text]
    stale += [name for name, text in present.items() if _is_left_over(name, text, wanted)]
    for name in stale:
        if options.check:
            _show(name, present.get(name, ""), wanted.get(name, ""))
        elif name in wanted:
            (folder / name).write_text(wanted[name])
        else:
            (folder / name).unlink()
    if options.check and stale:
        print("run: python tools/generate_sync.py")
    return int(options.check and bool(stale))


def _is_left_over(name: str, text: str, wanted: dict[str, str]) -> bool:
    return name not in wanted and text.startswith(HEAD)


def _show(name: str, present: str, wanted: str) -> None:
    lines = difflib.unified_diff(
        present.splitlines(),
        wanted.splitlines(),
        f"sync/{name} as it is",
        f"sync/{name} as it should be",
        lineterm="",
        n=1,
    )
    for line, _ in zip(lines, range(HINT_LINES), strict=False):
        print(line)


if __name__ == "__main__":
    sys.exit(main())
