"""Certificates of users, with OpenSSH in both roles."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from ssh_auth import AuthenticationFailed, Outcome
from ssh_keys import Certificate, CertificateSpec, PrivateKey, RevocationList, issue
from ssh_keys.certificates import PERMISSIONS
from ssh_keys.files import write_key_file, write_private_key, write_revoked_keys
from ssh_stack import DEFAULT, TrustedUserCAKeys
from ssh_wire.primitives import string
from tests.interop.connecting import connect
from tests.interop.peers import PASSWORD, USER
from tests.interop.serving import serve
from tests.interop.test_client_login import agent

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interop.peers import Peer

KINDS = ["ed25519", "ecdsa", "rsa"]
CA = PrivateKey.generate("ed25519")
OTHER_CA = PrivateKey.generate("ecdsa")
STRANGER = PrivateKey.generate("ed25519")
"""A key that no server knows."""
TAKEN = {Outcome.PARTIAL, Outcome.ACCEPTED}
SPEC = CertificateSpec(role="user", key_id="an id", principals=(USER,), extensions=PERMISSIONS)


def certified(key: PrivateKey = STRANGER, ca: PrivateKey = CA, **changes: Any) -> Certificate:
    return issue(ca, key.public_key, spec=attrs.evolve(SPEC, **changes), random=os.urandom)


def public(peer: Peer, name: str, content: str | bytes) -> Path:
    """A file that the peer sees under the same path."""
    path = peer.keys.folder / f"{name}-{peer.name}"
    data = content.encode() if isinstance(content, str) else content
    write_key_file(path, data, public=True, replace=True)
    return path


def trusting(peer: Peer, *lines: str) -> str:
    """The lines of a sshd_config that trusts our authority."""
    ca = public(peer, "user-ca.pub", f"{CA.public_key.to_openssh()}\n")
    return "".join(f"{line}\n" for line in ("Match all", f"TrustedUserCAKeys {ca}", *lines))


async def refused(peer: Peer, certificate: Certificate, **options: Any) -> AuthenticationFailed:
    with pytest.raises(AuthenticationFailed) as caught:
        await connect(peer, keys=[STRANGER], certificates=[certificate], **options).open()
    return caught.value


# ------------------------------------------------------------- our client


@pytest.mark.parametrize("kind", KINDS)
async def test_sshd_takes_a_certificate_of_every_kind_of_key(peer: Peer, kind: str) -> None:
    key = PrivateKey.generate(kind)
    with peer.sshd_with(trusting(peer)) as sshd:
        async with connect(sshd, keys=[key], certificates=[certified(key)]) as connection:
            attempt = connection.auth_attempts[-1]
            assert (attempt.certificate, attempt.outcome) == ("an id", Outcome.ACCEPTED)
            assert "-cert-v01@openssh.com" in attempt.algorithm
            assert (await connection.run("echo in")).stdout == b"in\n"


async def test_certificate_beside_its_key_file_is_enough(peer: Peer, tmp_path: Path) -> None:
    write_private_key(tmp_path / "id", STRANGER)
    write_key_file(tmp_path / "id-cert.pub", certified().to_openssh().encode())
    with peer.sshd_with(trusting(peer)) as sshd:
        async with connect(sshd, keys=[tmp_path / "id"]) as connection:
            assert [attempt.certificate for attempt in connection.auth_attempts] == [
                None,
                "an id",
            ]
        config = f"IdentityFile {tmp_path}/id\nCertificateFile {tmp_path}/id-cert.pub\n"
        (tmp_path / "config").write_text(config)
        async with connect(sshd, config=tmp_path / "config", keys=DEFAULT) as connection:
            (attempt,) = connection.auth_attempts
            assert attempt.certificate == "an id"


@pytest.mark.parametrize("kind", KINDS)
async def test_agent_signs_for_the_certificates_that_it_holds(
    peer: Peer, tmp_path: Path, kind: str
) -> None:
    key = PrivateKey.generate(kind)
    write_private_key(tmp_path / "id", key)
    write_key_file(tmp_path / "id-cert.pub", certified(key).to_openssh().encode())
    keys = attrs.evolve(peer.keys, private={"id": tmp_path / "id"})
    with agent(keys) as socket, peer.sshd_with(trusting(peer)) as sshd:
        async with connect(sshd, keys=None, agent=socket) as connection:
            attempt = connection.auth_attempts[-1]
            assert attempt.source.startswith("agent")
            assert attempt.certificate == "an id"


async def test_sshd_refuses_certificates_that_are_not_good(peer: Peer) -> None:
    past = int(time.time()) - 60
    with peer.sshd_with(trusting(peer)) as sshd:
        for bad in (
            certified(ca=OTHER_CA),
            certified(valid_before=past),
            certified(principals=("somebody",)),
            certified(critical_options={"source-address": string("192.0.2.0/24")}),
        ):
            error = await refused(sshd, bad)
            assert error.attempts[0].certificate == "an id"
            assert error.attempts[0].outcome is Outcome.REJECTED


async def test_sshd_enforces_what_a_certificate_says(peer: Peer) -> None:
    forced = certified(critical_options={"force-command": string("echo forced")})
    with peer.sshd_with(trusting(peer)) as sshd:
        async with connect(sshd, keys=[STRANGER], certificates=[forced]) as connection:
            assert (await connection.run("echo free")).stdout == b"forced\n"


async def test_authorized_principals_of_sshd(peer: Peer) -> None:
    principals = public(peer, "principals", "ops\n")
    lines = trusting(peer, f"AuthorizedPrincipalsFile {principals}")
    with peer.sshd_with(lines) as sshd:
        ops = certified(principals=("ops",))
        async with connect(sshd, keys=[STRANGER], certificates=[ops]):
            pass
        await refused(sshd, certified())


async def test_revoked_keys_of_sshd(peer: Peer) -> None:
    revoked = RevocationList()
    revoked.revoke_serials(CA.public_key, 7)
    revoked.revoke_key_id(CA.public_key, "lost")
    krl = public(peer, "list", b"")
    write_revoked_keys(krl, revoked)
    krl.chmod(0o644)
    with peer.sshd_with(trusting(peer, f"RevokedKeys {krl}")) as sshd:
        async with connect(sshd, keys=[STRANGER], certificates=[certified(serial=8)]):
            pass
        for bad in (certified(serial=7), certified(key_id="lost")):
            await refused(sshd, bad)
        revoked.revoke(STRANGER.public_key)
        write_revoked_keys(krl, revoked)
        krl.chmod(0o644)
        await refused(sshd, certified(serial=8))


@pytest.mark.parametrize(
    "methods", ["publickey,password", "publickey,keyboard-interactive", "password,publickey"]
)
async def test_authentication_methods_with_a_certificate_among_them(
    peer: Peer, methods: str
) -> None:
    with peer.sshd_with(trusting(peer, f"AuthenticationMethods {methods}")) as sshd:
        given: dict[str, Any] = {"keys": [STRANGER], "certificates": [certified()]}
        async with connect(sshd, **given, password=PASSWORD) as connection:
            first, second = methods.split(",")
            taken = [(a.method, a.outcome) for a in connection.auth_attempts if a.outcome in TAKEN]
            assert taken == [(first, Outcome.PARTIAL), (second, Outcome.ACCEPTED)]
        with pytest.raises(AuthenticationFailed) as caught:
            await connect(sshd, **given).open()
        if methods.startswith("publickey"):
            assert "the server still requires" in str(caught.value)


# ------------------------------------------------------------- our server


def held(peer: Peer, name: str, key: PrivateKey, certificate: Certificate) -> Path:
    """A key and its certificate, in files that the peer's ssh reads."""
    path = peer.keys.folder / f"{name}-{peer.name}"
    write_private_key(path, key, replace=True)
    line = certificate.to_openssh().encode()
    write_key_file(path.with_name(f"{path.name}-cert.pub"), line, public=True, replace=True)
    return path


@pytest.mark.parametrize("kind", KINDS)
async def test_ssh_logs_in_with_a_certificate_of_every_kind_of_key(peer: Peer, kind: str) -> None:
    key = PrivateKey.generate(kind)
    path = held(peer, f"certified-{kind}", key, certified(key, extensions={}))
    trusted = TrustedUserCAKeys([CA.public_key], users=[USER])
    async with serve(peer, "certificates", trusted) as served:
        done = await served.client(
            "ssh", "-i", path, "tester@127.0.0.1", "echo in", options=["IdentitiesOnly=yes"]
        )

    assert done.stdout == b"in\n", done.stderr


async def test_our_server_refuses_certificates_that_are_not_good(peer: Peer) -> None:
    trusted = TrustedUserCAKeys([CA.public_key], users=[USER])
    past = int(time.time()) - 60
    async with serve(peer, "bad-certificates", trusted) as served:
        for number, bad in enumerate(
            (
                certified(ca=OTHER_CA),
                certified(valid_before=past),
                certified(principals=("somebody",)),
                certified(critical_options={"source-address": string("192.0.2.0/24")}),
                certified(critical_options={"unknown@example.com": b""}),
            )
        ):
            path = held(peer, f"bad-{number}", STRANGER, bad)
            done = await served.client("ssh", "-i", path, "tester@127.0.0.1", "true")
            assert done.returncode == 255
            assert b"Permission denied" in done.stderr


async def test_our_server_enforces_what_a_certificate_says(peer: Peer) -> None:
    forced = certified(
        critical_options={
            "force-command": string("echo forced, not $SSH_ORIGINAL_COMMAND"),
            "source-address": string("127.0.0.0/8"),
        },
        extensions={"permit-port-forwarding": b""},
    )
    path = held(peer, "forced-key", STRANGER, forced)
    trusted = TrustedUserCAKeys([CA.public_key], users=[USER])
    async with serve(peer, "forced", trusted) as served:
        words: list[str | Path] = ["-i", path, "tester@127.0.0.1", "echo free"]
        done = await served.client("ssh", *words)
        with_terminal = await served.client("ssh", "-tt", *words)

    assert done.stdout == b"forced, not echo free\n", done.stderr
    assert b"PTY allocation request failed" in with_terminal.stderr


async def test_our_server_asks_the_list_that_ssh_keygen_made(peer: Peer) -> None:
    bad, good = certified(serial=7), certified(serial=8)
    ca = public(peer, "krl-ca.pub", f"{CA.public_key.to_openssh()}\n")
    specification = public(peer, "krl-spec", "serial: 7\n")
    krl = peer.keys.folder / f"made-krl-{peer.name}"
    done = peer.run_client(["ssh-keygen", "-q", "-k", "-f", krl, "-s", ca, specification])
    assert done.returncode == 0, done.stderr
    trusted = TrustedUserCAKeys([CA.public_key], users=[USER])
    async with serve(peer, "krl", trusted, revoked_keys=krl.read_bytes()) as served:
        for certificate, status in ((bad, 255), (good, 0)):
            path = held(peer, f"serial-{certificate.serial}", STRANGER, certificate)
            done = await served.client("ssh", "-i", path, "tester@127.0.0.1", "true")
            assert done.returncode == status, done.stderr


async def test_our_server_takes_what_ssh_keygen_certified(peer: Peer) -> None:
    path = held(peer, "signed-there", STRANGER, certified())
    authority = peer.keys.folder / f"signing-ca-{peer.name}"
    write_private_key(authority, CA, replace=True)
    write_key_file(
        path.with_name(f"{path.name}.pub"),
        STRANGER.public_key.to_openssh().encode(),
        public=True,
        replace=True,
    )
    sign: list[str | Path] = ["ssh-keygen", "-q", "-s", authority, "-I", "there", "-n", USER]
    done = peer.run_client([*sign, "-V", "+5m", f"{path}.pub"])
    assert done.returncode == 0, done.stderr
    trusted = TrustedUserCAKeys([CA.public_key], users=[USER])
    async with serve(peer, "there", trusted) as served:
        done = await served.client("ssh", "-i", path, "tester@127.0.0.1", "echo in")

    assert done.stdout == b"in\n", done.stderr
