"""Names and signatures of `ssh_stack.sync` are those of the async classes."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from syncgen.members import RENAMED, is_public
from syncgen.table import MIRRORS, Mirror

from ssh_stack import sync

if TYPE_CHECKING:
    from collections.abc import Callable

CLASSES = [mirror for mirror in MIRRORS if mirror.kind in {"class", "owner"}]
FUNCTIONS = [mirror for mirror in MIRRORS if mirror.kind == "function"]
OPTIONS = [mirror for mirror in MIRRORS if mirror.kind == "options"]


_TRANSLATED = [
    ("AsyncIterator", "Iterator"),
    ("ClientConnection", "Connection"),
    ("BlockingFile", "RemoteFile"),  # its name where both are used
]


def name_of(mirror: Mirror) -> str:
    return mirror.name


def both(mirror: Mirror) -> tuple[Any, Any]:
    """The async original and its blocking form."""
    return getattr(importlib.import_module(mirror.source), mirror.name), getattr(sync, mirror.name)


def public_names(kind: type) -> set[str]:
    special = RENAMED.keys() | set(RENAMED.values())
    defined = {name for each in kind.__mro__ for name in vars(each)}
    annotated = {name for each in kind.__mro__ for name in inspect.get_annotations(each)}
    return {
        RENAMED.get(name, name)
        for name in defined | annotated
        if name in special or not name.startswith("_")
    }


def names_of_io(kind: type) -> set[str]:
    """What a file has because it derives from the classes of `io`."""
    bases = [each for each in kind.__mro__ if each.__module__ in {"io", "_io"}]
    return {name for each in bases for name in public_names(each)}


def translated(signature: str) -> str:
    # functions that run in the loop's thread take the asynchronous objects, by their module
    named = re.sub(r"\baio_\w+\.", "", signature)
    for asynchronous, blocking in _TRANSLATED:
        named = re.sub(rf"\b{asynchronous}\b", blocking, named)
    return named


def parameters(function: Callable[..., object]) -> list[tuple[str, object]]:
    """The names of the parameters, and their defaults."""
    return [(each.name, each.default) for each in inspect.signature(function).parameters.values()]


def signature(function: Callable[..., object]) -> str:
    return translated(str(inspect.signature(function)))


@pytest.mark.parametrize("mirror", CLASSES, ids=name_of)
def test_class_has_all_names_but_those_with_a_reason(mirror: Mirror) -> None:
    original, blocking = both(mirror)

    expected = public_names(original) - mirror.left_out.keys()
    assert expected <= public_names(blocking)
    assert public_names(blocking) - expected <= names_of_io(blocking)
    assert all(mirror.left_out.values())


@pytest.mark.parametrize("mirror", CLASSES, ids=name_of)
def test_methods_of_a_class_are_called_alike(mirror: Mirror) -> None:
    original, blocking = both(mirror)
    for name, member in inspect.getmembers(original, inspect.isfunction):
        if is_public(name) and name not in mirror.left_out:
            twin = getattr(blocking, RENAMED.get(name, name))
            # what is written by hand takes what the classes of `io` take
            alike = parameters if name in mirror.by_hand else signature
            assert alike(twin) == alike(member), name
            assert not inspect.iscoroutinefunction(twin), name


@pytest.mark.parametrize("mirror", CLASSES, ids=name_of)
def test_properties_of_a_class_have_the_same_types(mirror: Mirror) -> None:
    original, blocking = both(mirror)
    for name, member in inspect.getmembers(original, lambda each: isinstance(each, property)):
        if is_public(name) and name not in mirror.left_out:
            assert signature(getattr(blocking, name).fget) == signature(member.fget), name


@pytest.mark.parametrize("mirror", FUNCTIONS, ids=name_of)
def test_function_is_called_alike(mirror: Mirror) -> None:
    original, blocking = both(mirror)

    assert signature(blocking) == signature(original)


@pytest.mark.parametrize("mirror", OPTIONS, ids=name_of)
def test_options_are_the_same(mirror: Mirror) -> None:
    original, blocking = both(mirror)

    def types(kind: Any) -> dict[str, str]:
        hints = inspect.get_annotations(kind)
        return {name: translated(hint.__forward_arg__) for name, hint in hints.items()}

    assert types(blocking) == types(original)
    assert blocking.__required_keys__ == original.__required_keys__


def test_every_mirrored_name_is_exported() -> None:
    hidden = {"T", "Closeable"}
    expected = {mirror.name for mirror in MIRRORS} - hidden

    assert all(hasattr(sync, name) for name in expected)
    assert not hasattr(sync, "nothing")


def test_importing_the_package_does_not_import_it() -> None:
    script = "import sys, ssh_stack; assert 'ssh_stack.sync' not in sys.modules; ssh_stack.sync"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
