from __future__ import annotations

import sys
from typing import Any

import pytest

from ssh_auth import GSSAPICredential, GSSAPIFailed, GSSAPIIdentity, UnusableCredential
from ssh_stack.client import gssapi
from ssh_stack.client.gssapi import gssapi_credentials
from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan import Target, merge
from ssh_stack.client.plan.identity import IdentityPlan
from ssh_stack.config import Config

WEB = GSSAPIIdentity(host="web1")


def plan(text: str, **options: Any) -> IdentityPlan:
    config = Config.parse(text).resolve("web")
    return merge(ClientOptions(**options), config, Target(host="web", local_user="me")).identity


@pytest.mark.parametrize(
    ("text", "options", "used"),
    [
        ("", {}, False),
        ("GSSAPIAuthentication yes", {}, True),
        ("GSSAPIAuthentication no", {"gssapi": True}, True),
        ("GSSAPIAuthentication yes", {"gssapi": False}, False),
        ("GSSAPIAuthentication yes\nPreferredAuthentications publickey", {}, False),
    ],
)
def test_ticket_is_used_where_the_configuration_or_the_caller_says_so(
    text: str, options: dict[str, Any], used: bool
) -> None:
    identity = plan(text, **options)

    assert (identity.gssapi is not None) is used
    assert ("gssapi-with-mic" in identity.methods) is used


def test_configuration_names_the_server_and_the_user() -> None:
    assert plan("GSSAPIAuthentication yes\nHostname web1.example").gssapi == GSSAPIIdentity(
        host="web1.example"
    )
    lines = "GSSAPIDelegateCredentials yes\nGSSAPIClientIdentity ops\nGSSAPIServerIdentity web9"
    assert plan(f"GSSAPIAuthentication yes\n{lines}").gssapi == GSSAPIIdentity(
        host="web9", client="ops", delegate=True
    )


async def test_ticket_is_a_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check(*_arguments: object) -> None:
        pass

    monkeypatch.setattr(gssapi, "check_credentials", check)

    (found,) = await gssapi_credentials(GSSAPIIdentity(host="web1", client="ops"))

    assert isinstance(found, GSSAPICredential)
    assert found.source == "Kerberos ops"


async def test_missing_ticket_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check(*_arguments: object) -> None:
        problem = "no ticket"
        raise GSSAPIFailed(problem)

    monkeypatch.setattr(gssapi, "check_credentials", check)

    (found,) = await gssapi_credentials(WEB)

    assert isinstance(found, UnusableCredential)
    assert (found.method, found.problem) == ("gssapi-with-mic", "no ticket")


async def test_missing_library_is_told_and_nothing_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "gssapi", None)

    (found,) = await gssapi_credentials(WEB)

    assert isinstance(found, UnusableCredential)
    assert "pip install" in found.problem
