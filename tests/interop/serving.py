"""Our server, in this process, for the clients of the peers."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack, cast

import attrs

import ssh_stack
from ssh_auth import Accept, AuthContext, Reject
from ssh_connection.aio import ForwardingRules, ServerAuthentication, SessionHandler
from ssh_keys import PrivateKey
from ssh_keys.files import read_authorized_keys
from ssh_wire.messages.auth import InfoRequest, Prompt
from tests.interop.loopback import client_options
from tests.interop.peers import PASSWORD, Peer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from ssh_keys import Certificate, PublicKey
    from ssh_stack import Authorization, RevokedSource, ServerOptionsKw
    from ssh_transport import Algorithms
    from tests.interop.peers import Completed

__all__ = ["HOST_KEYS", "Served", "serve"]

HOST_KEYS = [
    PrivateKey.generate("ed25519"),
    PrivateKey.generate("ecdsa", 256),
    PrivateKey.generate("ecdsa", 384),
    PrivateKey.generate("ecdsa", 521),
    PrivateKey.generate("rsa", 3072),
]


class Given(TypedDict, total=False):
    """What a test may have otherwise than the others."""

    host_keys: Sequence[PrivateKey]
    host_certificates: Sequence[Certificate]
    algorithms: Algorithms
    session: SessionHandler
    user_algorithms: Callable[[str], Sequence[str]]
    revoked_keys: RevokedSource
    agent_forwarding: bool
    x11_forwarding: bool
    forwarding: ForwardingRules


@attrs.frozen
class Served:
    """A running server, and a peer to try it with."""

    peer: Peer
    port: int
    folder: Path
    """A folder that the peer sees under the same path."""
    known_hosts: Path

    async def client(
        self,
        program: str,
        *words: str | Path,
        options: Sequence[str] = (),
        stdin: bytes | None = None,
        key: str | None = "ed25519",
    ) -> Completed:
        """Run one of the peer's programs against the server."""
        identity = self.peer.keys.private[key] if key is not None else None
        given = [o for option in options for o in ("-o", option)]
        argv = [program, *given, *client_options(self.port, self.known_hosts, identity), *words]
        if key is not None:
            argv[1:1] = ["-o", "BatchMode=yes"]
        return await asyncio.to_thread(self.peer.run_client, argv, stdin=stdin, timeout=90)

    async def client_with_password(
        self, *words: str, options: Sequence[str] = (), helper: Path | None = None
    ) -> Completed:
        """Run the peer's ssh with a program that gives the password."""
        if helper is None:
            helper = self.folder / "askpass"
            helper.write_text(f"#!/bin/sh\necho {PASSWORD}\n")
            helper.chmod(0o755)
        given = [o for option in options for o in ("-o", option)]
        environment = [f"SSH_ASKPASS={helper}", "SSH_ASKPASS_REQUIRE=force", "DISPLAY=:0"]
        argv = ["env", *environment, "ssh", *given]
        argv += [*client_options(self.port, self.known_hosts), *words]
        return await asyncio.to_thread(self.peer.run_client, argv, timeout=60)


@contextlib.asynccontextmanager
async def serve(
    peer: Peer,
    name: str,
    authentication: Authorization | None = None,
    **given: Unpack[Given],
) -> AsyncGenerator[Served]:
    """Serve commands, files and forwards to a peer."""
    keys = given.get("host_keys", HOST_KEYS)
    folder = peer.keys.folder / f"{name}-{peer.name}"
    folder.mkdir(exist_ok=True)
    options: ServerOptionsKw = {
        "host_keys": keys,
        "auth": authentication or by_key(peer),
        "session": ssh_stack.LocalShell(),
        "sftp": ssh_stack.Rooted("/"),
        "forwarding": ssh_stack.AllowForwarding(),
    }
    options.update(cast("ServerOptionsKw", given))
    async with ssh_stack.serve("127.0.0.1", 0, **options) as server:
        known = folder / f"known_hosts-{server.port}"
        lines = (f"[127.0.0.1]:{server.port} {k.public_key.to_openssh()}\n" for k in keys)
        known.write_text("".join(lines))
        yield Served(peer, server.port, folder, known)


def by_key(peer: Peer, *sequences: tuple[str, ...]) -> ServerAuthentication:
    """Let in whoever has one of the peer's keys, or the password."""
    keys = read_authorized_keys(peer.keys.authorized_keys)

    async def public_key(context: AuthContext, key: PublicKey) -> Accept | Reject:
        return Accept() if context.user == "tester" and keys.lookup(key) else Reject()

    async def password(context: AuthContext, given: str) -> Accept | Reject:
        return Accept() if (context.user, given) == ("tester", PASSWORD) else Reject()

    async def interactive(
        context: AuthContext, dialogue: int, answers: Sequence[str]
    ) -> Accept | Reject | InfoRequest:
        if dialogue == 0:
            return InfoRequest(name="Login", prompts=(Prompt(text="The word: ", echo=False),))
        return Accept() if (context.user, *answers) == ("tester", PASSWORD) else Reject()

    return ServerAuthentication(
        public_key=public_key, password=password, interactive=interactive, sequences=sequences
    )
