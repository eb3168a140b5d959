"""Five clients at our server: methods, and options of authorized_keys, allowed and denied."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any, Final

import asyncssh
import pytest

import ssh_stack
from ssh_auth import Accept, AuthContext, Reject
from ssh_keys import CertificateSpec, PrivateKey, issue
from ssh_keys.certificates import PERMISSIONS
from ssh_stack import (
    AllowForwarding,
    AuthorizedKeys,
    InOrder,
    LocalShell,
    Passwords,
    ServerAuthentication,
    TrustedUserCAKeys,
)
from ssh_wire.messages.auth import InfoRequest, Prompt
from ssh_wire.primitives import string
from tests.interop.clients import CLIENTS, DENIED, HOST_KEY, REFUSED, Try, missing

KEY, CA = PrivateKey.generate("ed25519"), PrivateKey.generate("ed25519")
LINE: Final = KEY.public_key.to_openssh()
PASSWORD: Final = "s3same"
TTY: Final = "test -t 0 && echo a tty || echo no tty"
needs_programs = pytest.mark.skipif(
    bool(missing()) and not os.environ.get("SSH_STACK_REQUIRE_PEERS"),
    reason=f"not on this machine: {', '.join(missing())}",
)
pytestmark = needs_programs


@contextlib.asynccontextmanager
async def serving(auth: Any, **options: Any) -> AsyncGenerator[int]:
    given: dict[str, Any] = {
        "session": LocalShell(shell="/bin/sh", grace=0.2),  # noqa: S604 (a path)
        "forwarding": AllowForwarding(),
        **options,
    }
    async with ssh_stack.serve("127.0.0.1", 0, host_keys=[HOST_KEY], auth=auth, **given) as server:
        yield server.port


@contextlib.asynccontextmanager
async def greeting() -> AsyncGenerator[int]:
    """A server that says one line, to be forwarded to."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"reached\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


# ------------------------------------------------------------- options of authorized_keys

# options (TARGET is a port), what is tried, what comes of it
OPTIONS: Final = (
    ("", "exec", "in"),
    ("restrict", "exec", "in"),
    ("restrict", "pty", DENIED),
    ("restrict,pty", "pty", "a tty"),
    ("no-pty", "pty", DENIED),
    ("", "pty", "a tty"),
    ('from="127.0.0.1"', "exec", "in"),
    ('from="10.0.0.0/8"', "exec", REFUSED),
    ('from="*,!127.0.0.0/8"', "exec", REFUSED),
    ('command="echo forced"', "exec", "forced"),
    ('command="echo $SSH_ORIGINAL_COMMAND"', "exec", "echo in"),
    ('expiry-time="20500101"', "exec", "in"),
    ('expiry-time="20200101"', "exec", REFUSED),
    ("", "open", "reached"),
    ("no-port-forwarding", "open", DENIED),
    ("restrict,port-forwarding", "open", "reached"),
    ('permitopen="127.0.0.1:TARGET"', "open", "reached"),
    ('permitopen="*:TARGET"', "open", "reached"),
    ('permitopen="localhost:TARGET"', "open", DENIED),
    ('permitopen="127.0.0.1:1"', "open", DENIED),
    ("", "listen", "in"),
    ("restrict", "listen", DENIED),
    ('permitlisten="127.0.0.1:TARGET"', "listen", "in"),
    ('permitlisten="127.*:*"', "listen", "in"),
    ('permitlisten="127.0.0.1:1"', "listen", DENIED),
    ('permitlisten="localhost:TARGET"', "listen", DENIED),
    ("no-agent-forwarding,no-x11-forwarding,no-user-rc", "exec", "in"),
    ("verify-required,no-touch-required", "exec", "in"),  # they are about keys in tokens
    ("cert-authority", "exec", REFUSED),
    ('tunnel="0"', "exec", REFUSED),
    ("no-such-option", "exec", REFUSED),
)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("options", "thing", "expected"), OPTIONS)
async def test_option_of_a_key_is_enforced(
    options: str, thing: str, expected: str, client: str, tmp_path: Path
) -> None:
    keys = tmp_path / "authorized_keys"
    async with serving(AuthorizedKeys(keys, ["tester"])) as port, greeting() as greeter:
        target = greeter if thing == "open" else free_port()
        keys.write_text(f"{options.replace('TARGET', str(target))} {LINE}\n".lstrip())
        command = TTY if thing == "pty" else "echo in"
        tried = Try(port, tmp_path, thing, command, target, key=KEY)
        answer = await CLIENTS[client](tried)
    if (client, thing, expected) in IGNORANT:
        expected = IGNORANT[client, thing, expected]
    assert answer == expected


IGNORANT: Final = {
    # they go on without the terminal that they were denied
    ("dbclient", "pty", DENIED): "no tty",
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("permitted", "expected"), [(["STAGE"], "key"), (False, "none")])
async def test_environment_of_a_key_is_set_where_the_server_permits_it(
    client: str, permitted: Any, expected: str, tmp_path: Path
) -> None:
    keys = tmp_path / "authorized_keys"
    keys.write_text(f'environment="STAGE=key" {LINE}\n')
    auth = AuthorizedKeys(keys, ["tester"])
    async with serving(auth, permit_user_environment=permitted) as port:
        tried = Try(port, tmp_path, command="echo ${STAGE-none}", key=KEY)
        assert await CLIENTS[client](tried) == expected


# ------------------------------------------------------------- certificates

# line of authorized_keys, what the certificate has, what comes of it
CERTIFICATES: Final[Sequence[tuple[str, dict[str, Any], str]]] = (
    ("cert-authority", {}, "in"),
    ('cert-authority,principals="ops"', {}, REFUSED),
    ('cert-authority,principals="ops,dev"', {"principals": ("dev",)}, "in"),
    ("cert-authority", {"principals": ("other",)}, REFUSED),
    ("cert-authority", {"valid_before": 1}, REFUSED),
    ("cert-authority", {"role": "host"}, REFUSED),
    ("cert-authority", {"critical_options": {"force-command": string("echo forced")}}, "forced"),
    (
        'cert-authority,command="echo line"',
        {"critical_options": {"force-command": string("echo forced")}},
        REFUSED,
    ),
    ("cert-authority", {"critical_options": {"source-address": string("127.0.0.1")}}, "in"),
    ("cert-authority", {"critical_options": {"source-address": string("10.0.0.0/8")}}, REFUSED),
    ("cert-authority", {"critical_options": {"unknown@example.test": b""}}, REFUSED),
    ("", {}, REFUSED),
)


@pytest.mark.parametrize("client", ["ssh", "plink", "asyncssh", "paramiko"])
@pytest.mark.parametrize(("options", "fields", "expected"), CERTIFICATES)
async def test_certificate_is_accepted_as_line_and_certificate_say(
    options: str, fields: dict[str, Any], expected: str, client: str, tmp_path: Path
) -> None:
    keys = tmp_path / "authorized_keys"
    keys.write_text(f"{options} {CA.public_key.to_openssh()}\n".lstrip())
    given: dict[str, Any] = {
        "role": "user",
        "principals": ("tester",),
        "extensions": PERMISSIONS,
        **fields,
    }
    spec = CertificateSpec(key_id="me", **given)
    certificate = issue(CA, KEY.public_key, spec=spec, random=os.urandom)
    if client == "asyncssh" and "unknown@example.test" in certificate.critical_options:
        return  # it does not read such a certificate itself
    async with serving(AuthorizedKeys(keys, ["tester"])) as port:
        tried = Try(port, tmp_path, key=KEY, certificate=certificate)
        assert await CLIENTS[client](tried) == expected


@pytest.mark.parametrize("client", ["ssh", "plink", "asyncssh", "paramiko"])
@pytest.mark.parametrize("revoked", [False, True])
async def test_certificate_of_a_trusted_authority_is_accepted_until_it_is_revoked(
    client: str, tmp_path: Path, *, revoked: bool
) -> None:
    spec = CertificateSpec(role="user", key_id="me", principals=("tester",), serial=7)
    certificate = issue(CA, KEY.public_key, spec=spec, random=os.urandom)
    krl = ssh_stack.RevocationList()
    krl.revoke_serials(CA.public_key, 7 if revoked else 8)
    auth = TrustedUserCAKeys([CA.public_key], users=["tester"])
    async with serving(auth, revoked_keys=krl) as port:
        tried = Try(port, tmp_path, key=KEY, certificate=certificate)
        assert await CLIENTS[client](tried) == (REFUSED if revoked else "in")


# ------------------------------------------------------------- methods


async def dialogue(context: AuthContext, turn: int, answers: Sequence[str]) -> Any:
    if turn == 0:
        return InfoRequest(prompts=(Prompt(text="Password: ", echo=False),))
    return Accept() if (context.user, *answers) == ("tester", PASSWORD) else Reject()


async def guest(context: AuthContext) -> Accept | Reject:
    return Accept() if context.user == "tester" else Reject()


async def closed(_context: AuthContext) -> Accept | Reject:
    return Reject()


BY_KEY: Final = AuthorizedKeys([KEY.public_key], ["tester"])
OTHER: Final = AuthorizedKeys([CA.public_key], ["tester"])
BY_PASSWORD: Final = Passwords({"tester": PASSWORD})
BY_DIALOGUE: Final = ServerAuthentication(interactive=dialogue)

WRONG: Final = {"password": "x"}

# who may log in, what the client has, what comes of it
METHODS: Final[Sequence[tuple[str, Any, dict[str, Any], str]]] = (
    ("none", ServerAuthentication(none=guest), {}, "in"),
    ("none refused", ServerAuthentication(none=closed), {}, REFUSED),
    ("publickey", BY_KEY, {"key": KEY}, "in"),
    ("publickey refused", OTHER, {"key": KEY}, REFUSED),
    ("password", BY_PASSWORD, {"password": PASSWORD, "method": "password"}, "in"),
    ("password refused", BY_PASSWORD, {"password": "x", "method": "password"}, REFUSED),
    (
        "keyboard-interactive",
        BY_DIALOGUE,
        {"password": PASSWORD, "method": "keyboard-interactive"},
        "in",
    ),
    (
        "keyboard-interactive refused",
        BY_DIALOGUE,
        {"password": "x", "method": "keyboard-interactive"},
        REFUSED,
    ),
    ("two factors", InOrder(BY_KEY, BY_PASSWORD), {"key": KEY, "password": PASSWORD}, "in"),
    (
        "two factors, one wrong",
        InOrder(BY_KEY, BY_PASSWORD),
        {"key": KEY, "password": "x"},
        REFUSED,
    ),
    ("two factors, one only", InOrder(BY_KEY, BY_PASSWORD), {"key": KEY}, REFUSED),
)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("auth", "given", "expected"),
    [row[1:] for row in METHODS],
    ids=[row[0] for row in METHODS],
)
async def test_method_authenticates_the_user_that_it_should(
    auth: Any, given: dict[str, Any], expected: str, client: str, tmp_path: Path
) -> None:
    async with serving(auth) as port:
        assert await CLIENTS[client](Try(port, tmp_path, **given)) == expected


@pytest.mark.parametrize(
    ("host", "user", "expected"),
    [
        ("client.test", "tester", "in"),
        ("other.test", "tester", REFUSED),
        ("client.test", "x", REFUSED),
    ],
)
async def test_host_that_is_trusted_vouches_for_its_user(
    host: str, user: str, expected: str, tmp_path: Path
) -> None:
    """AsyncSSH signs with the host's key itself; OpenSSH's ssh needs a setuid program for it."""
    known = f"client.test {CA.public_key.to_openssh()}\n".encode()
    auth = ssh_stack.TrustedHosts(["client.test"], known, ["tester"])
    key = asyncssh.import_private_key(CA.to_openssh())
    async with serving(auth) as port:
        try:
            async with asyncssh.connect(
                "127.0.0.1",
                port,
                known_hosts=None,
                config=None,
                username="tester",
                client_keys=None,
                client_host_keysign=False,
                client_host_keys=[key],
                client_host=host,
                client_username=user,
            ) as connection:
                answer = str((await connection.run("echo in")).stdout).strip()
        except asyncssh.PermissionDenied:
            answer = REFUSED
    assert answer == expected
