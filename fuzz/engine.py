"""Run a target under atheris: coverage of our code guides what is tried next.

The generated codecs are no modules, so their functions are instrumented one by one, once
the seeds have made the codecs exist.
"""

from __future__ import annotations

import gc
import importlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from types import FunctionType
from typing import Any

from fuzz.registry import load

__all__ = ["fuzz"]

atheris: Any = importlib.import_module("atheris")  # it has no types


def fuzz(file: str, name: str, runs: int, options: list[str]) -> None:
    """Give the target `name` of a file so many inputs; ends the process.

    A finding ends it early, with the traceback and the file of the input.

    Args:
        file: the file of the target.
        name: the name of the target.
        runs: how many inputs; -1 for no end.
        options: options of libFuzzer.
    """
    with atheris.instrument_imports(include=_packages()):
        target = next(target for target in load(file) if target.name == name)
    for seed in target.seeds:
        target.run(seed)
    for function in _generated():
        atheris.instrument_func(function)
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    _remove_afterwards(folder)
    corpus, tokens = folder / "corpus", folder / "tokens"
    corpus.mkdir()
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    tokens.write_text("".join(map(_entry, target.tokens)))
    known = [f"-runs={runs}", f"-max_len={target.longest}", "-timeout=10"]
    known += [f"-dict={tokens}"] if target.tokens else []
    atheris.Setup([sys.argv[0], *known, *options, str(corpus)], target.run)
    atheris.Fuzz()


def _remove_afterwards(folder: Path) -> None:
    """Have a folder removed once this process is gone: libFuzzer ends it past Python's back."""
    gone, alive = os.pipe()
    if os.fork():
        os.close(gone)  # `alive` stays open as long as this process
        return
    os.setsid()  # what interrupts the run does not interrupt this
    os.close(alive)
    os.read(gone, 1)  # nothing is written, so it returns when the other end is closed
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _packages() -> list[str]:
    sources = Path(__file__).parents[1].glob("packages/*/src/*")
    return [path.name for path in sources if path.is_dir()]


def _generated() -> list[FunctionType]:
    found = (thing for thing in gc.get_objects() if isinstance(thing, FunctionType))
    return [f for f in found if f.__code__.co_filename.startswith("<codec of ")]


def _entry(token: bytes) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in token) + '"\n'
