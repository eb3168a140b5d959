"""The hand-written configuration files, and the calls that are made with each.

A line `#@ words` of a file is a call: what follows `ssh -G -F FILE` on the command line.  A line
`#@crlf` has the file written with the line ends of Windows; a line `#@since what` says why 9.2
is not asked.
"""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.interop.printed_options import Call

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FILES", "is_for_9_2", "write_corpus"]

_FOLDER: Final = Path(__file__).parent / "configuration_corpus"
_CALL: Final = "#@ "
_CRLF: Final = "#@crlf\n"
_SINCE: Final = "#@since "

FILES: Final = tuple(sorted(path for path in _FOLDER.iterdir() if path.is_file()))
"""The files, without those that they include."""


def write_corpus(folder: Path, home: Path) -> list[Call]:
    """Write the files to a folder, and what they include to ~/.ssh; return the calls."""
    folder.mkdir(exist_ok=True)
    shutil.copytree(_FOLDER / "included", home / ".ssh" / "corpus", dirs_exist_ok=True)
    return [call for path in FILES for call in _calls(path, folder / path.name)]


def is_for_9_2(call: Call) -> bool:
    """Return whether 9.2 knows what a file is about."""
    return _SINCE not in call.file.read_text()


def _calls(path: Path, copy: Path) -> Iterator[Call]:
    text = path.read_text()
    lines = text.split("\n")
    copy.write_bytes(text.replace("\n", "\r\n" if _CRLF in text else "\n").encode())
    for line in lines:
        if line.startswith(_CALL):
            yield Call(copy, tuple(shlex.split(line.removeprefix(_CALL), posix=True)))
