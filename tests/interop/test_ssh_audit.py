"""What ssh-audit thinks of what we offer, as a server and as a client."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

import ssh_stack
from ssh_keys import PrivateKey
from ssh_transport import profiles
from ssh_wire import SSHError

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from pathlib import Path

    from ssh_transport.algorithms import Profile

_AUDIT = [sys.executable, "-m", "ssh_audit", "--json"]
_LISTS = ("kex", "key", "enc", "mac")
_LISTENING = re.compile(rb"Listening on 127\.0\.0\.1:(\d+)\n")

Profiles = pytest.mark.parametrize("profile", ["strict", "default"])


def found(report: dict[str, Any], level: str) -> set[tuple[str, str, str]]:
    """Return list, algorithm and words of each note of a level."""
    return {
        (kind, entry["algorithm"], note)
        for kind in _LISTS
        for entry in report[kind]
        for note in entry["notes"].get(level, ())
    }


def check(report: dict[str, Any], profile: str) -> None:
    assert {entry["algorithm"] for entry in report["enc"]} >= {"aes256-gcm@openssh.com"}
    unknown = {note for note in found(report, "warn") if "unknown algorithm" in note[2]}
    assert not unknown
    for kind, algorithm, note in found(report, "fail"):
        # what it thinks of the curves of NIST is an opinion that we do not share
        opinion = "elliptic curves that are suspected" in note and "nistp" in algorithm
        assert profile == "default", (kind, algorithm, note)
        assert opinion, (kind, algorithm, note)
    if profile == "strict":
        assert not found(report, "warn")
    assert not report["cves"]


async def read_to(process: Process, wanted: re.Pattern[bytes]) -> re.Match[bytes]:
    """Read what a program says until a pattern is in it."""
    assert process.stdout is not None
    printed = b""
    while (match := wanted.search(printed)) is None:
        line = await process.stdout.readline()
        assert line, printed
        printed += line
    return match


@Profiles
async def test_of_our_server(profile: str, tmp_path: Path) -> None:
    """The program as people start it, with host keys of three kinds."""
    words = ["--listen", "127.0.0.1:0", "--algorithms", profile]
    for kind, bits in (("ed25519", None), ("rsa", 3072), ("ecdsa", 256)):
        path = tmp_path / kind
        path.touch(0o600)
        path.write_bytes(PrivateKey.generate(kind, bits).to_openssh())
        words += ["--host-key", str(path)]
    (tmp_path / "authorized_keys").touch(0o600)
    words += ["--authorized-keys", str(tmp_path / "authorized_keys")]
    serving = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ssh_stack", "serve", *words, stdout=asyncio.subprocess.PIPE
    )
    try:
        port = int((await read_to(serving, _LISTENING))[1])
        audit = await asyncio.create_subprocess_exec(
            *_AUDIT,
            "--skip-rate-test",
            "-p",
            str(port),
            "127.0.0.1",
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await audit.communicate()
    finally:
        serving.terminate()
        await serving.communicate()
    check(json.loads(out), profile)


@Profiles
async def test_of_our_client(profile: Profile) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    audit = await asyncio.create_subprocess_exec(
        *_AUDIT,
        "-c",
        "-d",
        "-p",
        str(port),
        "-t",
        "30",
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        # it says so of IPv6 when it listens on IPv4
        await read_to(audit, re.compile(rb"Listening on \[::\]"))
        with suppress(SSHError):  # it hangs up when it has seen our KEXINIT
            await ssh_stack.connect(
                "127.0.0.1",
                port,
                username="nobody",
                keys=[],
                agent=None,
                config=None,
                known_hosts=None,
                host_key_policy="off",
                algorithms=profiles(profile, "client"),
            ).open()
        out, _ = await audit.communicate()
    finally:
        if audit.returncode is None:
            audit.kill()
            await audit.communicate()
    check(json.loads(out[out.index(b"{") :]), profile)
