"""Banners of OpenSSH's server: shown whole up to a bound, cut there, and never a refusal."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ssh_auth import AuthLimits
from tests.interop.connecting import connect
from tests.interop.loopback import client_options
from tests.interop.peers import USER

if TYPE_CHECKING:
    from tests.interop.peers import Peer


@pytest.mark.parametrize("size", [0, 10, 100_000])
async def test_banner_of_openssh_arrives_whole(peer: Peer, size: int) -> None:
    """The sizes of OpenSSH's regress/banner.sh, and more than the client's bound was."""
    text = ("abcdefghi\n" * (size // 10))[:size]
    file = peer.keys.folder / f"banner-{peer.name}-{size}"
    file.write_text(text)
    told: list[str] = []
    with peer.sshd([f"Banner={file}"]) as other:
        async with connect(other, on_banner=told.append) as conn:
            assert (await conn.run("echo on", check=True)).stdout == b"on\n"
    assert "".join(told) == text


def test_long_banner_is_printed_by_the_command_line_as_by_ssh(peer: Peer) -> None:
    """As regress/banner.sh has it: standard error is the banner, to the byte."""
    text = "abcdefghi\n" * 10_000
    file = peer.keys.folder / f"banner-{peer.name}-cli"
    file.write_text(text)
    with peer.sshd([f"Banner={file}"]) as other:
        options = client_options(other.port, other.known_hosts, other.keys.private["ed25519"])
        argv = [sys.executable, "-m", "ssh_stack", "ssh", *options]
        argv += ["-o", "WarnWeakCrypto=no", f"{USER}@127.0.0.1", "true"]  # of an old server
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        quiet = subprocess.run(
            [*argv[:4], "-q", *argv[4:]], capture_output=True, text=True, timeout=60, check=False
        )

    assert (done.returncode, quiet.returncode) == (0, 0)
    assert done.stderr == text
    assert quiet.stderr == ""


async def test_banner_of_openssh_over_the_bound_is_cut(peer: Peer) -> None:
    file = peer.keys.folder / f"banner-{peer.name}-cut"
    file.write_text("abcdefghi\n" * 1_000)
    told: list[str] = []
    limits = AuthLimits(banner_bytes=100)
    with peer.sshd([f"Banner={file}"]) as other:
        async with connect(other, on_banner=told.append, auth_limits=limits) as conn:
            assert (await conn.run("echo on", check=True)).stdout == b"on\n"
    (text,) = told
    assert text == "abcdefghi\n" * 10 + "…\n[the banner is cut after 100 bytes]\n"
