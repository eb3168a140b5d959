"""host_key_policy="off": what `ssh -o StrictHostKeyChecking=no` does with a changed host key."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loopback_server import HOST_KEY, serving
from ssh_auth import AuthenticationFailed
from ssh_connection import ForwardingDisabled
from ssh_keys import Certificate, CertificateSpec, KnownHosts, PrivateKey, issue
from ssh_stack import LoopbackForwarding, Passwords
from ssh_stack.client.trust import Trust
from ssh_stack.errors import HostKeyUnknown
from ssh_stack.sources import DEFAULT
from ssh_wire.messages.auth import Prompt

if TYPE_CHECKING:
    from conftest import Cli, Sshd

OTHER = PrivateKey.generate("ed25519").public_key
CA = PrivateKey.generate("ed25519")
KEY = HOST_KEY.public_key


def passwords(seen: list[str]) -> Passwords:
    async def check(user: str, password: str) -> bool:
        seen.append(password)
        return True

    return Passwords(check)


def listed(port: int, marker: str = "", key: Any = OTHER) -> bytes:
    return f"{marker} [127.0.0.1]:{port} {key.to_openssh()}".strip().encode()


UNTRUSTED = [("", OTHER), ("@revoked", KEY)]


@pytest.mark.parametrize(("marker", "key"), UNTRUSTED)
async def test_password_is_withheld_from_server_with_changed_key(
    marker: str, key: Any, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []
    asked: list[str] = []

    async def answers(
        name: str, instruction: str, prompts: Sequence[Prompt], /
    ) -> Sequence[str] | None:
        asked.append(name)
        return ["secret" for _ in prompts]

    async with serving(auth=passwords(seen)) as here:
        untrusted = here.connect(
            keys=None,
            password="secret",
            interactive=answers,
            host_key_policy="off",
            known_hosts=listed(here.server.port, marker, key),
        )
        with pytest.raises(AuthenticationFailed) as caught:
            await untrusted.open()
    assert seen == asked == []
    what = "is revoked" if marker else "has changed"
    assert f"the host key of [127.0.0.1]:{here.server.port} {what}" in str(caught.value)
    assert "secret" not in str(caught.value)
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert KEY.fingerprint() in warnings[0]
    assert "authentication and all forwarding are disabled" in warnings[1]


@pytest.mark.parametrize("remembers", [False, True])
async def test_password_is_sent_to_new_server_that_configuration_alone_adds(
    remembers: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    seen: list[str] = []
    file = tmp_path / "known_hosts"
    policy: dict[str, Any] = {"host_key_policy": "off"}
    if remembers:
        policy = {"config_options": ["StrictHostKeyChecking no"], "host_key_policy": DEFAULT}
    async with serving(auth=passwords(seen)) as here:
        for known in (file, file, None):
            options = {"keys": None, "password": "secret", "known_hosts": known}
            async with here.connect(**options, **policy):
                pass
        line = f"[127.0.0.1]:{here.server.port} {KEY.to_openssh()}\n"
        assert (file.read_text() if file.exists() else "") == (line if remembers else "")
    assert seen == ["secret"] * 3
    assert ("Permanently added" in caplog.text) is remembers


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("StrictHostKeyChecking no", True),
        ("StrictHostKeyChecking off", True),
        ("StrictHostKeyChecking accept-new", True),
        ("StrictHostKeyChecking yes", False),
        ("StrictHostKeyChecking ask", False),
    ],
)
async def test_key_of_new_server_is_added_when_configuration_accepts_it(
    line: str, kept: bool, tmp_path: Path
) -> None:
    file = tmp_path / "known_hosts"
    options = {"config_options": [line, f"UserKnownHostsFile {file}", "HashKnownHosts yes"]}
    async with serving() as here:
        opening = here.connect(**options, known_hosts=DEFAULT, host_key_policy=DEFAULT)
        with contextlib.nullcontext() if kept else pytest.raises(HostKeyUnknown):
            async with opening:
                pass
    assert (file.read_text() if file.exists() else "").startswith("|1|") is kept


async def test_changed_key_is_not_added_and_updates_nothing(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    async with serving() as here:
        known = listed(here.server.port).decode() + "\n"
        file.write_text(known)
        options = {"known_hosts": file, "update_host_keys": True, "host_key_policy": "off"}
        async with here.connect(**options) as connection:
            assert (await connection.run("echo still", check=True)).stdout == b"still\n"
    assert file.read_text() == known


@pytest.mark.parametrize(("marker", "key"), UNTRUSTED)
async def test_forwarding_is_refused_when_key_has_changed(marker: str, key: Any) -> None:
    async with serving(forwarding=LoopbackForwarding()) as here:
        known = listed(here.server.port, marker, key)
        async with here.connect(host_key_policy="off", known_hosts=known) as connection:
            for scope in (
                connection.forward_local("127.0.0.1:0", "127.0.0.1:1"),
                connection.forward_remote("127.0.0.1:0", "127.0.0.1:1"),
            ):
                with pytest.raises(ForwardingDisabled, match="forwarding is disabled: the host"):
                    await scope.open()
            for opening in (connection.open_tcp, connection.open_tcp_channel):
                with pytest.raises(ForwardingDisabled, match=r"127\.0\.0\.1"):
                    await opening("127.0.0.1", here.server.port)


async def test_jump_through_host_with_changed_key_is_possible() -> None:
    async with serving(forwarding=LoopbackForwarding()) as outer, serving() as inner:
        known = listed(outer.server.port)
        async with (
            outer.connect(host_key_policy="off", known_hosts=known) as first,
            inner.connect(jump=first) as second,
        ):
            assert (await second.run("echo inner")).stdout == b"inner\n"


async def test_forwarding_is_possible_when_key_is_trusted() -> None:
    async with serving(forwarding=LoopbackForwarding()) as here, here.connect() as connection:
        async with connection.forward_local("127.0.0.1:0", f"127.0.0.1:{here.server.port}"):
            pass
        stream = await connection.open_tcp("127.0.0.1", here.server.port)
        assert (await stream.read(4)) == b"SSH-"
        await stream.close()


# ---------------------------------------------------------------- certificates


def certificate(*principals: str) -> Certificate:
    spec = CertificateSpec(role="host", key_id="test", principals=principals, valid_before=2**63)
    return issue(CA, KEY, spec=spec, random=bytes)


async def test_revoked_authority_raises_doubt() -> None:
    ca = CA.public_key.to_openssh()
    known = KnownHosts.parse(f"@cert-authority * {ca}\n@revoked * {ca}\n")
    judge = Trust("web1", 22, known, "off")
    assert await judge.verify_certificate(certificate("web1"))
    assert judge.doubt is not None
    assert "is revoked" in judge.forbid_forwarding()


async def test_key_of_invalid_certificate_is_judged_alone() -> None:
    known = KnownHosts.parse(f"@cert-authority * {CA.public_key.to_openssh()}")
    judge = Trust("web1", 22, known, "off")
    assert not await judge.verify_certificate(certificate("web2"))
    assert await judge.verify(KEY)
    assert judge.doubt is None


# ---------------------------------------------------------------- on the command line

OFF = ["-o", "StrictHostKeyChecking=no"]


def changed(sshd: Sshd, tmp_path: Path) -> list[str]:
    known = tmp_path / "changed"
    known.write_bytes(listed(sshd.port) + b"\n")
    return ["-F", "none", "-o", f"Port={sshd.port}", "-o", f"UserKnownHostsFile={known}", *OFF]


def test_command_warns_of_changed_key_as_ssh(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    options = [*changed(sshd, tmp_path), "-i", str(sshd.key)]
    done = cli.run("ssh", *options, "-R", "0:127.0.0.1:1", sshd.host, "echo in")
    text = done.stderr.decode()
    assert (done.returncode, done.stdout) == (0, b"in\n"), text
    assert "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n" in text
    assert f"{tmp_path}/changed, line 1 has {OTHER.kind} {OTHER.fingerprint()}" in text
    assert f"ssh-stack keygen -R '[127.0.0.1]:{sshd.port}' -f {tmp_path}/changed" in text
    assert "authentication and all forwarding are disabled" in text
    assert "forwarding is disabled: the host key of" in text
    assert (tmp_path / "changed").read_bytes() == listed(sshd.port) + b"\n"


def test_command_asks_for_no_password_when_key_has_changed(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    with cli.terminal("ssh", *changed(sshd, tmp_path), sshd.host, "true") as terminal:
        terminal.expect("REMOTE HOST IDENTIFICATION HAS CHANGED")
        terminal.expect(r"ssh-stack: authentication as [^\r]*has changed")
        assert terminal.wait() == 255
        assert b"password: " not in terminal.seen


@pytest.mark.parametrize("policy", ["no", "accept-new"])
@pytest.mark.parametrize("quiet", [False, True])
def test_command_prints_that_key_was_added(
    policy: str, quiet: bool, cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    known = tmp_path / "new"
    options = ["-o", f"StrictHostKeyChecking={policy}", "-o", f"UserKnownHostsFile={known}"]
    words = ["-F", "none", "-o", f"Port={sshd.port}", *options, "-i", str(sshd.key), sshd.host]
    done = cli.run("ssh", *(["-q"] if quiet else []), *words, "true")
    assert done.returncode == 0
    printed = f"Warning: Permanently added '[127.0.0.1]:{sshd.port}' (ssh-ed25519)"
    assert (printed in done.stderr.decode()) is not quiet
    assert known.read_text().startswith(f"[127.0.0.1]:{sshd.port} ssh-ed25519 ")
