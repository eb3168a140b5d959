"""Five clients that we did not write: OpenSSH's, Dropbear's and PuTTY's, AsyncSSH and Paramiko.

Each logs in to a server of ours on a loopback port and tries one thing.  The answer is what that
gave, or `REFUSED` where the client could not log in, or `DENIED` where it could and that failed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

import asyncssh
import attrs
import paramiko  # type: ignore[import-untyped]

from ssh_keys import Certificate, PrivateKey

__all__ = ["CLIENTS", "DENIED", "HOST_KEY", "PROGRAMS", "REFUSED", "Try", "missing"]

HOST_KEY: Final = PrivateKey.generate("ed25519")
REFUSED: Final = "refused"
DENIED: Final = "denied"
PROGRAMS: Final = ("ssh", "dbclient", "dropbearconvert", "plink")

_NO_LOGIN: Final = ("Permission denied", "No auth methods", "No supported authentication methods")
_NO_LOGIN_TOO: Final = ("Exited: No auth", "FATAL ERROR: ", "Access denied", "Exited: Max auth")


def missing() -> list[str]:
    """Return the programs that the machine lacks."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


@attrs.frozen
class Try:
    """What a client tries.

    Attributes:
        port: the server's port.
        folder: where the client may leave its files.
        thing: "exec", "pty", "open" or "listen".
        command: what is run.
        target: the port to connect to, or to listen on.
        key: the key, if there is one.
        certificate: its certificate.
        password: the password, if there is one.
        method: the one method to try; None for the client's own choice.
    """

    port: int
    folder: Path
    thing: str = "exec"
    command: str = "echo in"
    target: int = 0
    key: PrivateKey | None = None
    certificate: Certificate | None = None
    password: str | None = None
    method: str | None = None

    def write_key(self, form: str) -> Path:
        """Write the key in a client's format, with the certificate beside it."""
        assert self.key is not None
        path = self.folder / f"key-{form}"
        text = self.key.to_ppk() if form == "ppk" else self.key.to_openssh()
        path.write_bytes(text)
        path.chmod(0o600)
        if self.certificate is not None:
            beside = self.folder / f"key-{form}-cert.pub"
            beside.write_text(self.certificate.to_openssh() + "\n")
        return path


async def _run(
    *words: str | Path, env: dict[str, str] | None = None, stdin: bytes | None = b""
) -> tuple[int, str, str]:
    """Run a program; return its status and what it wrote.  None leaves its input open."""
    process = await asyncio.create_subprocess_exec(
        *map(str, words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "SSH_AUTH_SOCK": "", **(env or {})},
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate(stdin)
    return process.returncode or 0, out.decode(), err.decode()


def _answer(done: tuple[int, str, str], denied: Sequence[str]) -> str:
    """Return what the run of a program comes to."""
    status, out, err = done
    if any(words in err + out for words in denied):
        return DENIED
    if status and any(words in err for words in (*_NO_LOGIN, *_NO_LOGIN_TOO)):
        return REFUSED
    assert not status, (status, out, err)
    return out.replace("\r", "").strip()


async def openssh(tried: Try) -> str:
    """The machine's own ssh."""
    words: list[str | Path] = ["ssh", "-F", "none", "-p", str(tried.port), "-l", "tester"]
    options = ["StrictHostKeyChecking=no", f"UserKnownHostsFile={tried.folder}/known"]
    options += ["LogLevel=INFO", "ExitOnForwardFailure=yes", "IdentitiesOnly=yes"]
    options.append(f"BatchMode={'no' if tried.password else 'yes'}")
    if tried.method is not None:
        options.append(f"PreferredAuthentications={tried.method}")
    env: dict[str, str] = {}
    if tried.key is not None:
        words += ["-i", tried.write_key("openssh")]
    if tried.password is not None:
        helper = tried.folder / "askpass"
        helper.write_text(f"#!/bin/sh\necho '{tried.password}'\n")
        helper.chmod(0o755)
        env = {"SSH_ASKPASS": str(helper), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}
        options.append("NumberOfPasswordPrompts=1")
    words += [word for option in options for word in ("-o", option)]
    words += {
        "exec": [],
        "pty": ["-tt"],
        "open": ["-W", f"127.0.0.1:{tried.target}"],
        "listen": ["-R", f"127.0.0.1:{tried.target}:127.0.0.1:1"],
    }[tried.thing]
    words.append("127.0.0.1")
    if tried.thing != "open":
        words.append(tried.command)
    denied = ["PTY allocation request failed", "administratively prohibited", "forwarding failed"]
    return _answer(await _run(*words, env=env), denied)


async def dropbear(tried: Try) -> str:
    """Dropbear's dbclient."""
    words: list[str | Path] = ["dbclient", "-y", "-y", "-p", str(tried.port), "-l", "tester"]
    words += ["-o", "ExitOnForwardFailure=yes"]
    if tried.key is not None:
        source, path = tried.write_key("openssh"), tried.folder / "key-dropbear"
        await _run("dropbearconvert", "openssh", "dropbear", source, path)
        words += ["-i", path]
    env = {"HOME": str(tried.folder), "DROPBEAR_PASSWORD": tried.password or ""}
    words += {
        "exec": [],
        "pty": ["-t"],
        "open": ["-B", f"127.0.0.1:{tried.target}"],
        "listen": ["-R", f"127.0.0.1:{tried.target}:127.0.0.1:1"],
    }[tried.thing]
    words.append("127.0.0.1")
    if tried.thing != "open":
        words.append(tried.command)
    denied = ["Remote TCP forward request failed", "administratively prohibited"]
    if tried.thing == "pty":  # it wants a terminal of its own
        words = ["script", "-qec", shlex.join(map(str, words)), "/dev/null"]
        done = await _run(*words, env=env, stdin=None)
        return _answer(done, denied).splitlines()[-1].removeprefix("^@")
    done = await _run(*words, env=env)
    if "exited: Disconnect received" in done[2]:
        return REFUSED
    # it says no more of a connection that it could not forward
    closed = tried.thing == "open" and " closed." in done[2]
    return DENIED if closed else _answer(done, denied)


async def putty(tried: Try) -> str:
    """PuTTY's plink."""
    words: list[str | Path] = ["plink", "-ssh", "-batch", "-noagent", "-P", str(tried.port)]
    words += ["-l", "tester", "-hostkey", HOST_KEY.public_key.fingerprint()]
    if tried.key is not None:
        words += ["-i", tried.write_key("ppk")]
        if tried.certificate is not None:
            words += ["-cert", tried.folder / "key-ppk-cert.pub"]
    if tried.password is not None:
        words += ["-pw", tried.password]
    words += {
        "exec": ["-T"],
        "pty": ["-t"],
        "open": ["-nc", f"127.0.0.1:{tried.target}"],
        "listen": ["-v", "-T", "-R", f"127.0.0.1:{tried.target}:127.0.0.1:1"],
    }[tried.thing]
    words.append("127.0.0.1")
    if tried.thing != "open":
        words.append(tried.command)
    denied = ["dministratively prohibited", "refused to allocate pty"]
    done = await _run(*words, env={"HOME": str(tried.folder)})
    if tried.thing == "listen":
        refused = "Remote port forwarding from" in done[2] and "refused" in done[2]
        return DENIED if refused else _answer(done, ())
    return _answer(done, denied)


async def async_ssh(tried: Try) -> str:
    """AsyncSSH."""
    keys: list[Any] | None = None
    if tried.key is not None:
        key = asyncssh.import_private_key(tried.key.to_openssh())
        keys = [key]
        if tried.certificate is not None:
            keys = [(key, asyncssh.import_certificate(tried.certificate.to_openssh()))]
    given: dict[str, Any] = {"known_hosts": None, "username": "tester", "config": None}
    given |= {"client_keys": keys, "password": tried.password, "agent_path": None}
    if tried.method is not None:
        given["preferred_auth"] = tried.method
    try:
        async with asyncssh.connect("127.0.0.1", tried.port, **given) as connection:
            return await _async_thing(connection, tried)
    except asyncssh.PermissionDenied:
        return REFUSED
    except (asyncssh.ChannelOpenError, asyncssh.ChannelListenError):
        return DENIED


async def _async_thing(connection: asyncssh.SSHClientConnection, tried: Try) -> str:
    if tried.thing == "open":
        opened: tuple[Any, Any] = await connection.open_connection("127.0.0.1", tried.target)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        text: bytes = await opened[0].read()
        opened[1].close()
        return text.decode().strip()
    if tried.thing == "listen":
        listener = await connection.forward_remote_port("127.0.0.1", tried.target, "127.0.0.1", 1)
        listener.close()
    term = "vt100" if tried.thing == "pty" else None
    done = await connection.run(tried.command, term_type=term)
    return str(done.stdout).replace("\r", "").strip()


async def para_miko(tried: Try) -> str:
    """Paramiko, in a thread."""
    return await asyncio.to_thread(_paramiko, tried)


def _paramiko(tried: Try) -> str:
    with contextlib.closing(paramiko.Transport(("127.0.0.1", tried.port))) as transport:
        transport.start_client(timeout=20)
        try:
            _paramiko_login(transport, tried)
        except paramiko.AuthenticationException:
            return REFUSED
        try:
            return _paramiko_thing(transport, tried)
        except paramiko.SSHException:
            return DENIED


def _paramiko_login(transport: paramiko.Transport, tried: Try) -> None:
    if tried.key is not None:
        key = paramiko.Ed25519Key.from_private_key_file(str(tried.write_key("openssh")))
        if tried.certificate is not None:
            key.load_certificate(str(tried.folder / "key-openssh-cert.pub"))
        if not transport.auth_publickey("tester", key):
            return
    password = tried.password
    if tried.method == "keyboard-interactive":
        transport.auth_interactive(
            "tester", lambda _t, _i, prompts: [password or "" for _ in prompts]
        )
    elif password is not None:
        transport.auth_password("tester", password, fallback=False)
    elif tried.key is None:
        transport.auth_none("tester")
    if not transport.is_authenticated():
        raise paramiko.AuthenticationException


def _paramiko_thing(transport: paramiko.Transport, tried: Try) -> str:
    if tried.thing == "open":
        channel = transport.open_channel("direct-tcpip", ("127.0.0.1", tried.target), ("", 0))
        return _all_of(channel)
    if tried.thing == "listen":
        transport.request_port_forward("127.0.0.1", tried.target)
    channel = transport.open_session(timeout=20)
    channel.settimeout(20)
    if tried.thing == "pty":
        channel.get_pty()
    channel.exec_command(tried.command)
    return _all_of(channel)


def _all_of(channel: paramiko.Channel) -> str:
    text: bytes = channel.makefile("r").read()
    return text.decode().replace("\r", "").strip()


CLIENTS: Final[dict[str, Callable[[Try], Awaitable[str]]]] = {
    "ssh": openssh,
    "dbclient": dropbear,
    "plink": putty,
    "asyncssh": async_ssh,
    "paramiko": para_miko,
}
"""The clients by their names."""
