"""The phrasebooks of docs/coming-from: ours exists, and nothing that people call is left out."""

from __future__ import annotations

import importlib
import inspect
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import pytest

import ssh_stack

FOLDER = Path(__file__).parents[2] / "docs" / "coming-from"
PAGES = ["ssh", "paramiko", "asyncssh"]

MEANT = {
    "conn": ssh_stack.Connection,
    "sftp": ssh_stack.SFTPClient,
    "process": ssh_stack.Process,
    "file": ssh_stack.RemoteFile,
    "server": ssh_stack.Server,
    "session": ssh_stack.Session,
    "forward": ssh_stack.LocalForward,
    "key": ssh_stack.PrivateKey,
    "key.public_key": ssh_stack.PublicKey,
}
"""What the names of the right columns are."""

PARAMIKO = [
    "SSHClient",
    "Channel",
    "SFTPClient",
    "SFTPFile",
    "Transport",
    "PKey",
    "SSHConfig",
    "HostKeys",
    "ServerInterface",
    "SFTPServerInterface",
]
ASYNCSSH = ["SFTPClient", "SFTPClientFile", "SSHClient", "SSHServer"]
INTERNAL_IN_ASYNCSSH = {
    *("basename", "compose_path", "decode", "encode", "logger", "handle", "open56"),
    *("data_received", "eof_received", "pause_writing", "resume_writing", "generate_x509"),
}
"""Names of its classes that no program calls: helpers, and callbacks of asyncio's protocols."""


def rows(page: str) -> Iterator[tuple[str, str]]:
    """The cells of each row of each table of a page."""
    for line in (FOLDER / f"{page}.md").read_text().splitlines():
        if line.startswith("| ") and not line.startswith("| ---"):
            left, right = re.split(r"(?<!\\)\|", line.strip().strip("|"))
            yield left, right


def code(cells: Iterable[str]) -> list[str]:
    return [span for cell in cells for span in re.findall(r"`([^`]+)`", cell)]


def library(name: str) -> ModuleType:
    if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
        return importlib.import_module(name)
    found: ModuleType = pytest.importorskip(name)
    return found


def public(kind: type) -> set[str]:
    """What a class defines itself and people may call."""
    return {
        name
        for name, value in vars(kind).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or isinstance(value, classmethod | staticmethod | property))
    }


def has(kind: type, member: str) -> bool:
    """Whether objects of a class have a member, one that `__init__` sets included."""
    fields = {field.name for field in attrs.fields(kind)} if attrs.has(kind) else set[str]()
    return hasattr(kind, member) or member in fields or f"self.{member}" in inspect.getsource(kind)


@pytest.mark.parametrize("page", PAGES)
def test_members_on_the_right_exist(page: str) -> None:
    wrong: list[str] = []
    for span in code(right for _, right in rows(page)):
        for owner, member in re.findall(r"\b(key\.public_key|\w+)\.(\w+)", span):
            if owner in MEANT and not has(MEANT[owner], member):
                wrong.append(span)
    assert wrong == []


@pytest.mark.parametrize("page", PAGES)
def test_names_of_modules_on_the_right_exist(page: str) -> None:
    wrong: list[str] = []
    for span in code(right for _, right in rows(page)):
        for module, name in re.findall(r"\b(ssh_\w+(?:\.aio|\.blocking)?)\.([A-Za-z]\w+)", span):
            if name not in {"aio", "blocking"} and not hasattr(
                importlib.import_module(module), name
            ):
                wrong.append(f"{module}.{name}")
    assert [
        each
        for each in wrong
        if each not in {"ssh_connection.server", "ssh_keys.files", "ssh_keys.pkcs11"}
    ] == []


@pytest.mark.parametrize("page", PAGES)
def test_arguments_on_the_right_exist(page: str) -> None:
    takers: list[Any] = [
        *(ssh_stack.Connection.run, ssh_stack.Connection.start, ssh_stack.connect),
        *(ssh_stack.SFTPClient.get, ssh_stack.SFTPClient.put, ssh_stack.KeepaliveOptions),
        *(ssh_stack.Timeouts, ssh_stack.Attributes, ssh_stack.SFTPOptions, ssh_stack.Pty),
        *(ssh_stack.ClientOptions, ssh_stack.ServerOptions, ssh_stack.ServerAuthentication),
        ssh_stack.ConnectionLimits,
    ]
    known = {name for taker in takers for name in inspect.signature(taker).parameters}
    named = {
        name
        for span in code(right for _, right in rows(page))
        if "_SSH_" not in span
        for name in re.findall(r"(?<![\w.])([a-z_]+)=", span)
    }

    assert named - known == set()


@pytest.mark.parametrize("name", PARAMIKO)
def test_every_method_of_paramiko_is_on_its_page(name: str) -> None:
    words = set(re.findall(r"\w+", " ".join(code(left for left, _ in rows("paramiko")))))

    assert public(getattr(library("paramiko"), name)) - words == set()


@pytest.mark.parametrize("name", ASYNCSSH)
def test_every_method_of_asyncssh_is_on_its_page(name: str) -> None:
    words = set(re.findall(r"\w+", " ".join(code(left for left, _ in rows("asyncssh")))))
    kind = getattr(library("asyncssh"), name)

    assert public(kind) - words - INTERNAL_IN_ASYNCSSH == set()


def test_every_function_of_asyncssh_is_on_its_page() -> None:
    asyncssh = library("asyncssh")
    words = set(re.findall(r"\w+", " ".join(code(left for left, _ in rows("asyncssh")))))
    functions = {
        name
        for name in dir(asyncssh)
        if name[0].islower() and inspect.isroutine(getattr(asyncssh, name))
    }

    assert functions - words == set()
