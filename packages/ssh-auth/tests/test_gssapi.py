"""How python-gssapi is called; `tests/interop/test_kerberos.py` has the real one."""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from ssh_auth.gssapi import (
    KERBEROS,
    GSSAPICredential,
    GSSAPIFailed,
    GSSAPIIdentity,
    accept,
    check_credentials,
    initiate,
)
from ssh_auth.testing import finish
from ssh_wire import UsageError

T = TypeVar("T")
WEB = GSSAPIIdentity(host="web1")


class Flag(enum.IntFlag):
    mutual_authentication = 1
    integrity = 2
    delegate_to_peer = 4


class Failure(Exception):
    pass


class Library:
    """As much of python-gssapi as is used; it notes what it is called with."""

    RequirementFlag = Flag
    NameType = SimpleNamespace(hostbased_service="service", user="user")
    exceptions = SimpleNamespace(GSSError=Failure)

    def __init__(self) -> None:
        self.lifetime = 60
        self.flags = Flag.mutual_authentication | Flag.integrity
        self.problem = ""
        self.made: dict[str, Any] = {}
        self.credentials: dict[str, Any] = {}

    def Name(self, *parts: str) -> tuple[str, ...]:  # noqa: N802 (as the library has it)
        return parts

    def OID(self, *, elements: bytes) -> bytes:  # noqa: N802 (the same)
        return elements

    def Credentials(self, **options: Any) -> SimpleNamespace:  # noqa: N802 (the same)
        self.credentials = options
        return SimpleNamespace(lifetime=self.lifetime)

    def SecurityContext(self, **options: Any) -> Library:  # noqa: N802 (the same)
        self.made = options
        return self

    complete = True
    initiator_name = "me@EXAMPLE"

    @property
    def actual_flags(self) -> Flag:
        return self.flags

    def step(self, token: bytes | None) -> bytes | None:
        if self.problem:
            raise Failure(self.problem)
        return token

    def get_signature(self, data: bytes) -> bytes:
        return b"mic of " + data

    def verify_signature(self, data: bytes, mic: bytes) -> None:
        if mic != self.get_signature(data):
            problem = "bad\nsignature"
            raise Failure(problem)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    made = Library()
    monkeypatch.setitem(sys.modules, "gssapi", made)
    return made


async def here(work: Callable[[], T]) -> T:
    return work()


def test_context_asks_for_the_host_with_mutual_authentication_and_integrity(
    library: Library,
) -> None:
    context = initiate(WEB, here, KERBEROS)
    assert not context.complete

    assert finish(context.step(None)) == b""

    assert library.made["name"] == ("host@web1", "service")
    assert library.made["mech"] == bytes.fromhex("2a864886f712010202")
    assert library.made["flags"] == Flag.mutual_authentication | Flag.integrity
    assert library.credentials == {"name": None, "usage": "initiate"}
    assert context.complete
    assert finish(context.step(b"more")) == b"more"
    assert context.get_mic(b"data") == b"mic of data"


def test_context_delegates_and_is_anothers_where_that_is_asked_for(library: Library) -> None:
    identity = GSSAPIIdentity(host="web1", client="ops@EXAMPLE", delegate=True)

    finish(initiate(identity, here, KERBEROS).step(None))

    assert library.made["flags"] & Flag.delegate_to_peer
    assert library.credentials["name"] == ("ops@EXAMPLE", "user")


def test_context_without_integrity_codes_is_never_complete(library: Library) -> None:
    library.flags = Flag.mutual_authentication
    context = initiate(WEB, here, KERBEROS)

    finish(context.step(None))

    assert not context.complete


@pytest.mark.parametrize(("host", "name"), [("", None), ("web1", ("host@web1", "service"))])
def test_acceptor_names_the_peer_and_checks_its_codes(
    library: Library, host: str, name: object
) -> None:
    context = accept(here, host)
    assert context.peer == ""

    finish(context.step(b"token"))

    assert library.credentials == {"name": name, "usage": "accept"}
    assert library.made["usage"] == "accept"
    assert context.peer == "me@EXAMPLE"
    context.verify_mic(b"data", b"mic of data")
    with pytest.raises(GSSAPIFailed, match=r"bad\\x0asignature"):
        context.verify_mic(b"data", b"other")


def test_failure_of_the_library_is_an_error_of_ours(library: Library) -> None:
    library.problem = "no ticket"

    with pytest.raises(GSSAPIFailed, match="no ticket"):
        finish(initiate(WEB, here, KERBEROS).step(None))


def test_ticket_that_has_expired_is_no_credential(library: Library) -> None:
    finish(check_credentials(WEB, here))
    library.lifetime = 0

    with pytest.raises(GSSAPIFailed, match="expired"):
        finish(check_credentials(WEB, here))


def test_missing_library_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gssapi", None)

    with pytest.raises(UsageError, match="pip install"):
        accept(here)
    with pytest.raises(UsageError, match="pip install"):
        initiate(WEB, here, KERBEROS)


def test_credential_names_its_method() -> None:
    credential = GSSAPICredential(lambda mechanism: initiate(WEB, here, mechanism))

    assert (credential.method, credential.mechanisms) == ("gssapi-with-mic", (KERBEROS,))
