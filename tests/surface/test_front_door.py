"""`import ssh_stack` alone has every name that its users have to write."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import pydoc
import re
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import attrs
import pytest

import ssh_stack
from ssh_stack import sync
from ssh_wire import SSHError
from tests.surface.annotations import mentions

PACKAGES = ("agent", "auth", "connection", "keys", "sftp", "stack", "transport", "wire")

# What public signatures mention and no user of ssh_stack has to name, with the reason.
MACHINERY = {
    "ssh_stack.server.sessions.SettingsFor": "a function of a User",
    "ssh_auth.permissions.Addresses": "tuples of AddressPattern",
    "ssh_auth.server.policy": "what ServerAuthentication becomes",
    "ssh_connection.aio.server.authentication.Result": "Accept, Partial or Reject",
    "ssh_connection.aio.process.redirect": "how redirected streams are carried",
    "ssh_connection.aio.client.establish.Dialer": "how a stream is connected",
    "ssh_connection.aio.client.forwards": "what opens channels and listens for forwards",
    "ssh_connection.aio.client.sessions": "what opens the sessions in which commands run",
    "ssh_connection.channel": "the state machine behind a channel",
    "ssh_connection.control.proxy_server": "a client in proxy mode, whose socket a master drives",
    "ssh_connection.replies": "the place of an answer, which the multiplexer hands out",
    "ssh_keys.certificates.fields": "a literal",
    "ssh_keys.public.HashName": "a literal",
    "ssh_keys.randomart.HashName": "the same",
    "ssh_keys.credential.Credential": "PublicKey or Certificate",
    "ssh_keys.Credential": "the same",
    "ssh_keys.trust.key_options": "options of a line; who works on lines imports ssh_keys",
    "ssh_keys.fido.Assertion": "what a token signs; who works on it imports ssh_keys",
    "ssh_keys.trust.host_lines": "a line of known_hosts; who works on lines imports ssh_keys",
    "ssh_keys.trust.known_hosts": "the same",
    "ssh_keys.trust.krl": "the parts of a revocation list; who works on them imports ssh_keys",
    "ssh_keys.trust.krl_records": "the same",
    "ssh_keys.lines": "a line that could not be read",
    "ssh_sftp.aio.streams": "protocols that every stream follows",
    "ssh_sftp.aio.server.path_walk": "a place below the root of a file system",
    "ssh_sftp.aio.client.transfer.OnError": "a literal",
    "ssh_sftp.aio.client.operations.PathLike": "str or bytes or os.PathLike",
    "ssh_sftp.base_messages": "messages of the protocol",
    "ssh_sftp.extension_messages": "messages of the protocol",
    "ssh_sftp.pipe": "a channel as SFTP sees it",
    "ssh_stack.config.algorithms": "a list of algorithms as ssh_config writes it",
    "ssh_stack.config.files": "a file of ssh_config",
    "ssh_stack.config.lines": "a line of ssh_config",
    "ssh_stack.config.found_value": "a value and its line",
    "ssh_stack.sources.Path": "str or os.PathLike",
    "ssh_connection.addresses.PathLike": "os.PathLike",
    "ssh_stack.streams.Reader": "a protocol that asyncio.StreamReader follows",
    "ssh_stack.streams.Writer": "a protocol that asyncio.StreamWriter follows",
    "ssh_transport.events": "events of the transport's core",
    "ssh_transport.trace": "for debugging; ssh_transport.trace documents it",
    "ssh_transport.aio.driver": "the socket's driver",
    "ssh_wire.UInt64": "an int",
    "ssh_wire.declare": "how messages are declared",
    "ssh_wire.primitives": "Buffer: bytes, bytearray or memoryview",
    "ssh_wire.types": "str and tuple, as fields of a message",
}


def modules() -> Iterator[ModuleType]:
    for name in PACKAGES:
        package = importlib.import_module(f"ssh_{name}")
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"ssh_{name}."):
            skipped = {"__main__", "testing", "cli", "dissect"}
            if skipped.isdisjoint(found.name.split(".")):
                yield importlib.import_module(found.name)


def subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


def exported(module: ModuleType = ssh_stack) -> dict[str, object]:
    return {name: getattr(module, name) for name in names(module)}


def names(module: ModuleType = ssh_stack) -> list[str]:
    found: list[str] = vars(module)["__all__"]
    return found


def is_machinery(module: str) -> bool:
    return any(module == each or module.startswith(f"{each}.") for each in MACHINERY)


def is_public(value: type) -> bool:
    """Whether a package, or its asyncio part, exports a class."""
    package = value.__module__.split(".")[0]
    fronts = [sys.modules[package], sys.modules.get(f"{package}.aio")]
    return any(getattr(front, value.__name__, None) is value for front in fronts)


def test_every_exception_of_every_layer_is_exported() -> None:
    assert list(modules())  # all are loaded
    front = {id(value) for value in exported().values()}
    every: list[type[Exception]] = [SSHError, *subclasses(SSHError)]
    missing = [
        f"{each.__module__}.{each.__qualname__}"
        for each in every
        if is_public(each) and id(each) not in front
    ]
    assert missing == []


def test_everything_that_a_public_signature_mentions_is_exported() -> None:
    front = exported()
    missing: dict[str, str] = {}
    for value in front.values():
        for mention in mentions(value):
            found = mention.value
            skipped = found is None or isinstance(found, TypeVar | ModuleType)
            if skipped or mention.name.startswith("_"):
                continue  # a builtin, a module's own prefix, or private
            module = found.__module__ if inspect.isclass(found) else mention.module
            ours = module.startswith("ssh_") and not is_machinery(f"{module}.{mention.name}")
            if ours and front.get(mention.name, front) is not found:
                missing[f"{module}.{mention.name}"] = mention.where
    assert not missing, "\n".join(f"{name}: {where}" for name, where in missing.items())


def test_machinery_is_only_what_signatures_mention() -> None:
    met = {
        f"{found.__module__ if inspect.isclass(found) else mention.module}.{mention.name}"
        for value in exported().values()
        for mention in mentions(value)
        for found in [mention.value]
    }
    unused = {each for each in MACHINERY if not any(m.startswith(each) for m in met)}
    assert unused == set()


@pytest.mark.parametrize("module", [ssh_stack, sync], ids=lambda module: module.__name__)
def test_type_checkers_see_the_names_that_python_imports(module: ModuleType) -> None:
    tree = ast.parse(Path(module.__file__ or "").read_text())
    blocks = [
        node
        for node in tree.body
        if isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    ]
    declared = {
        alias.asname: node.module
        for node in blocks[0].body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(name or "" for name in declared) == names(module)
    for name, origin in declared.items():
        assert name is not None
        expected = vars(importlib.import_module(origin or "")).get(name)
        if expected is not None:
            assert getattr(module, name) is expected


def test_blocking_api_has_every_name_of_the_asynchronous_one() -> None:
    assert set(names()) - set(names(sync)) == {"sync"}


@pytest.mark.parametrize("name", names())
def test_name_is_documented(name: str) -> None:
    value = getattr(ssh_stack, name)
    if (inspect.isclass(value) and not issubclass(value, Enum)) or inspect.isfunction(value):
        assert inspect.getdoc(value), name


@pytest.mark.parametrize("module", ["ssh_stack", "ssh_stack.sync"])
def test_import_loads_nothing_that_is_not_used(module: str) -> None:
    program = f"import sys, {module}; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"asyncio", "cryptography", "ssh_connection.aio", "ssh_sftp", "ssh_keys"}


OPTIONS = ["ClientOptions", "ServerOptions", "SFTPOptions", "Timeouts", "KeepaliveOptions"]


@pytest.mark.parametrize("name", OPTIONS)
def test_help_tells_what_each_option_means(name: str) -> None:
    options = getattr(ssh_stack, name)
    text = pydoc.plain(pydoc.render_doc(options))
    for field in attrs.fields(options):
        assert re.search(rf"^ \|      {field.name}: \S", text, re.MULTILINE), field.name


@pytest.mark.parametrize("module", [ssh_stack, sync], ids=lambda module: module.__name__)
def test_help_and_dir_list_what_there_is(module: ModuleType) -> None:
    text = pydoc.plain(pydoc.render_doc(module))
    assert "connect(" in text
    assert "class SSHError" in text
    assert set(names(module)) <= set(dir(module))
