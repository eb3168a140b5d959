"""SSHFP records from the system's name servers, by dnspython."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

import ssh_stack
from ssh_keys import PrivateKey
from ssh_keys.trust.sshfp import sshfp_records
from ssh_stack.client import system_dns
from ssh_stack.client.system_dns import system_resolver, trusts_name_servers
from ssh_stack.errors import ConfigError

KEY = PrivateKey.generate("ed25519").public_key
_AD, _QR, _RA = 0x0020, 0x8000, 0x0080
_NXDOMAIN = 3
_SSHFP, _IN = b"\x00\x2c", b"\x00\x01"


class NameServer(asyncio.DatagramProtocol):
    """Answers every question for web1.example with records, and all others with NXDOMAIN."""

    def __init__(self) -> None:
        self.records = [each.to_rdata() for each in sshfp_records(KEY)]
        self.flags = _AD
        self.questions: list[bytes] = []

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        end = data.index(b"\0", 12) + 5
        question = data[12:end]
        self.questions.append(question)
        known = question == b"\x04web1\x07example\0" + _SSHFP + _IN
        records = self.records if known else []
        flags = _QR | _RA | (data[2] & 1) << 8 | self.flags | (0 if known else _NXDOMAIN)
        counts = (1, len(records), 0, 0)
        head = data[:2] + b"".join(number.to_bytes(2, "big") for number in (flags, *counts))
        answers = b"".join(
            b"\xc0\x0c" + _SSHFP + _IN + b"\0\0\0\x3c" + len(each).to_bytes(2, "big") + each
            for each in records
        )
        self._transport.sendto(head + question + answers, addr)


@pytest.fixture
async def name_server(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[NameServer]:
    """The one name server that dnspython asks; the system trusts it."""
    resolvers: Any = pytest.importorskip("dns.resolver")
    server = NameServer()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: server, ("127.0.0.1", 0)
    )
    port = transport.get_extra_info("sockname")[1]
    original = resolvers.Resolver

    def configured() -> Any:
        resolver = original(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], port
        return resolver

    monkeypatch.setattr(resolvers, "Resolver", configured)
    monkeypatch.setattr(system_dns, "trusts_name_servers", lambda: True)
    yield server
    transport.close()


async def test_records_of_authenticated_answer_are_returned(name_server: NameServer) -> None:
    found: Any = await asyncio.to_thread(system_resolver(), "web1.example")

    assert set(found.records) == set(sshfp_records(KEY))
    assert found.authenticated is True
    assert len(name_server.questions) == 1


async def test_answer_without_flag_ad_is_not_authenticated(name_server: NameServer) -> None:
    name_server.flags = 0

    found: Any = await asyncio.to_thread(system_resolver(), "web1.example")

    assert len(found.records) == 2
    assert found.authenticated is False


async def test_answer_of_name_server_that_is_not_trusted_is_not_authenticated(
    name_server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_dns, "trusts_name_servers", lambda: False)

    found: Any = await asyncio.to_thread(system_resolver(), "web1.example")

    assert name_server.questions
    assert found.authenticated is False


async def test_name_without_records_raises(name_server: NameServer) -> None:
    with pytest.raises(Exception, match="does not exist"):
        await asyncio.to_thread(system_resolver(), "web2.example")

    assert name_server.questions == [b"\x04web2\x07example\0" + _SSHFP + _IN]


@pytest.mark.parametrize(
    ("text", "variable", "trusted"),
    [
        ("nameserver 127.0.0.53\noptions edns0 trust-ad\n", "", True),
        ("options edns0\noptions\ttrust-ad\n", "", True),
        ("", "ndots:2 trust-ad", True),
        ("nameserver 127.0.0.53\noptions edns0\n", "", False),
        ("# options trust-ad\n;options trust-ad\n", "", False),
        ("options no-trust-ad\n\n", "", False),
        (None, "", False),
    ],
)
def test_flag_ad_counts_where_resolv_conf_says_so(
    text: str | None,
    variable: str,
    trusted: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "resolv.conf"
    if text is not None:
        file.write_text(text)
    monkeypatch.setattr(system_dns, "_RESOLV_CONF", file)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("RES_OPTIONS", variable)

    assert trusts_name_servers() is trusted


async def test_missing_package_is_one_line_that_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str, *_: Any) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(system_dns, "import_module", missing)
    connect = ssh_stack.connect(
        "127.0.0.1", 1, config=None, config_options=["VerifyHostKeyDNS yes"]
    )

    with pytest.raises(ConfigError, match=r"dnspython.*pip install 'ssh-stack\[dns\]'") as caught:
        await connect
    assert "\n" not in str(caught.value)
