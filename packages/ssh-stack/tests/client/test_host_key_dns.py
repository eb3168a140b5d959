"""Fingerprints of host keys in the DNS (VerifyHostKeyDNS)."""

from __future__ import annotations

import logging
import os
from typing import Any

import pytest

from loopback_server import HOST_KEY, USER, USER_KEY, serving
from ssh_keys import CertificateSpec, PrivateKey, issue
from ssh_keys.trust.sshfp import SSHFP, sshfp_records
from ssh_stack import HostKeyChanged, HostKeyRevoked, HostKeyUnknown, SSHFPAnswer
from ssh_stack.client.load_trust import load_trust
from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan import Target, merge
from ssh_stack.client.trust import Trust
from ssh_stack.config import Config

KEY = PrivateKey.generate("ed25519").public_key
OTHER = PrivateKey.generate("ed25519").public_key
RSA = PrivateKey.generate("rsa", 2048).public_key
RECORDS = sshfp_records(KEY)


def trust(
    answer: object, text: str = "VerifyHostKeyDNS yes", host: str = "web1", **options: Any
) -> Trust:
    def resolve(name: str) -> Any:
        assert name == host
        if isinstance(answer, Exception):
            raise answer
        return answer

    config = Config.parse(text).resolve(host)
    given: dict[str, Any] = {"known_hosts": b"", "dns_resolver": resolve, **options}
    return load_trust(merge(ClientOptions(**given), config, Target(host=host, local_user="me")))


def accept(*_: object) -> bool:
    return True


def answer(*records: SSHFP, authenticated: bool = True) -> SSHFPAnswer:
    return SSHFPAnswer(records=records, authenticated=authenticated)


@pytest.mark.parametrize("records", [RECORDS, RECORDS[:1], RECORDS[1:]])
async def test_key_of_authenticated_answer_is_trusted(records: tuple[SSHFP, ...]) -> None:
    assert await trust(answer(*records)).verify(KEY)


@pytest.mark.parametrize(
    "given",
    [
        answer(*RECORDS, authenticated=False),
        answer(),
        answer(*sshfp_records(OTHER)),
        answer(*sshfp_records(RSA)),
        answer(RECORDS[0], sshfp_records(OTHER)[0]),
        SSHFPAnswer(records=RECORDS, authenticated=1),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - not True
        SSHFPAnswer(records=RECORDS, authenticated="no"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - the same
        None,
        True,
        RECORDS,
        OSError("no name server"),
        ValueError("x"),
    ],
)
async def test_any_other_answer_leaves_host_unknown(given: object) -> None:
    with pytest.raises(HostKeyUnknown):
        await trust(given).verify(KEY)


async def test_mode_ask_leaves_authenticated_key_to_the_user(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "ssh_stack")
    judge = trust(answer(*RECORDS), "VerifyHostKeyDNS ask", host_key_policy=accept)

    assert await judge.verify(KEY)
    assert "Matching host key fingerprint found in DNS." in caplog.text
    with pytest.raises(HostKeyUnknown):
        await trust(answer(*RECORDS), "VerifyHostKeyDNS ask").verify(KEY)


async def test_key_that_contradicts_dns_is_warned_of_and_judged_by_files(
    caplog: pytest.LogCaptureFixture,
) -> None:
    known = f"web1 {KEY.to_openssh()}".encode()
    given = answer(*sshfp_records(OTHER))

    assert await trust(given, known_hosts=known).verify(KEY)
    assert "not that of its SSHFP records" in caplog.text


async def test_other_key_in_files_is_not_asked_where_dns_is_sure() -> None:
    """As OpenSSH does: the DNS is asked before known_hosts."""
    known = f"web1 {OTHER.to_openssh()}".encode()

    assert await trust(answer(*RECORDS), known_hosts=known).verify(KEY)
    with pytest.raises(HostKeyChanged):
        await trust(answer(*RECORDS, authenticated=False), known_hosts=known).verify(KEY)


async def test_revoked_key_is_refused_whatever_dns_says() -> None:
    judge = trust(answer(*RECORDS), revoked_host_keys=KEY.to_openssh().encode())

    with pytest.raises(HostKeyRevoked):
        await judge.verify(KEY)


async def test_key_that_known_hosts_revokes_is_refused_whatever_dns_says() -> None:
    known = f"@revoked * {KEY.to_openssh()}\n".encode()
    with pytest.raises(HostKeyRevoked):
        await trust(answer(*RECORDS), known_hosts=known).verify(KEY)


async def test_certificate_is_trusted_by_its_key() -> None:
    spec = CertificateSpec(role="host", key_id="x", principals=("web1",))
    certificate = issue(PrivateKey.generate("ed25519"), KEY, spec=spec, random=os.urandom)

    assert await trust(answer(*RECORDS)).verify_certificate(certificate)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
async def test_address_is_not_looked_up(host: str) -> None:
    with pytest.raises(HostKeyUnknown):
        await trust(answer(*RECORDS), host=host).verify(KEY)


async def test_dns_is_not_asked_unless_configuration_says_so() -> None:
    with pytest.raises(HostKeyUnknown):
        await trust(answer(*RECORDS), "").verify(KEY)


async def test_async_resolver_is_awaited_for_connection() -> None:
    asked: list[str] = []

    async def resolve(host: str) -> SSHFPAnswer:
        asked.append(host)
        return answer(*sshfp_records(HOST_KEY.public_key))

    async with serving() as here:
        options: dict[str, Any] = {
            "username": USER,
            "keys": [USER_KEY],
            "agent": None,
            "config": None,
            "known_hosts": None,
            "dns_resolver": resolve,
            "config_options": ["VerifyHostKeyDNS yes", "Hostname localhost"],
        }
        async with here.connect(**options) as connection:
            assert connection.host_key == HOST_KEY.public_key

    assert asked == ["localhost"]
