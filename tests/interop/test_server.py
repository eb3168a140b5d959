"""OpenSSH's clients at our server."""

from __future__ import annotations

import hashlib
import os
import re

import pytest

from ssh_transport import profiles
from tests.interop.peers import Peer
from tests.interop.serving import by_key, serve

DEFAULT = profiles("default", "server")
AEAD = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com")
MIB = 1024 * 1024


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
async def test_publickey_exec_stdin_both_streams_and_status(peer: Peer, kind: str) -> None:
    async with serve(peer, "exec") as served:
        done = await served.client(
            "ssh",
            "tester@127.0.0.1",
            "cat; echo problem >&2; exit 7",
            stdin=b"to be echoed\n",
            key=kind,
        )

        assert done.stdout == b"to be echoed\n"
        assert b"problem\n" in done.stderr
        assert done.returncode == 7


@pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
async def test_password_methods(peer: Peer, method: str) -> None:
    async with serve(peer, "password") as served:
        done = await served.client_with_password(
            "tester@127.0.0.1", "echo in", options=[f"PreferredAuthentications={method}"]
        )

        assert done.stdout == b"in\n", done.stderr


async def test_a_wrong_user_is_refused(peer: Peer) -> None:
    async with serve(peer, "refused") as served:
        done = await served.client("ssh", "nobody@127.0.0.1", "true")

        assert done.returncode == 255
        assert b"Permission denied" in done.stderr


async def test_several_methods_in_sequence(peer: Peer) -> None:
    both = by_key(peer, ("publickey", "password"))
    async with serve(peer, "sequence", both) as served:
        key = str(peer.keys.private["ed25519"])
        done = await served.client_with_password(
            "-v", "-i", key, "tester@127.0.0.1", "echo in", options=["NumberOfPasswordPrompts=1"]
        )

        assert done.stdout == b"in\n", done.stderr
        assert re.search(rb"partial success", done.stderr)


async def negotiated(peer: Peer, *options: str) -> bytes:
    """Move data both ways with rekeys between; return what the client says of the handshake."""
    data = os.urandom(MIB)
    async with serve(peer, "algorithms") as served:
        done = await served.client(
            "ssh",
            "-v",
            "tester@127.0.0.1",
            "cat",
            options=[*options, "RekeyLimit=256K"],
            stdin=data,
        )
    assert done.stdout == data, done.stderr
    assert done.stderr.count(b"SSH2_MSG_NEWKEYS received") > 2
    return done.stderr


@pytest.mark.parametrize("kex", DEFAULT.kex)
async def test_kex(peer: Peer, kex: str) -> None:
    if kex not in peer.algorithms.kex:
        assert kex.startswith("mlkem768x25519")  # what OpenSSH has had since 9.9
        assert peer.name in {"openssh-8.4", "openssh-9.2"}
        return

    assert f"kex: algorithm: {kex}".encode() in await negotiated(peer, f"KexAlgorithms={kex}")


@pytest.mark.parametrize("host_key", DEFAULT.host_keys)
async def test_host_key(peer: Peer, host_key: str) -> None:
    said = await negotiated(peer, f"HostKeyAlgorithms={host_key}")

    assert f"kex: host key algorithm: {host_key}".encode() in said


@pytest.mark.parametrize("cipher", DEFAULT.ciphers)
async def test_cipher(peer: Peer, cipher: str) -> None:
    said = await negotiated(peer, f"Ciphers={cipher}")

    assert f"kex: client->server cipher: {cipher}".encode() in said


@pytest.mark.parametrize("mac", DEFAULT.macs)
@pytest.mark.parametrize("cipher", [name for name in DEFAULT.ciphers if name not in AEAD])
async def test_cipher_with_mac(peer: Peer, cipher: str, mac: str) -> None:
    said = await negotiated(peer, f"Ciphers={cipher}", f"MACs={mac}")

    assert f"kex: client->server cipher: {cipher} MAC: {mac}".encode() in said


async def test_sftp_64_mib_both_ways_with_rekeys_in_the_middle(peer: Peer) -> None:
    async with serve(peer, "sftp") as served:
        source, copy, back = (served.folder / name for name in ("source", "copy", "back"))
        source.write_bytes(os.urandom(MIB) * 64)
        batch = served.folder / "batch"
        batch.write_text(f"put {source} {copy}\nget {copy} {back}\n")

        done = await served.client(
            "sftp", "-b", batch, "tester@127.0.0.1", options=["RekeyLimit=16M"]
        )

        assert done.returncode == 0, done.stderr
        expected = hashlib.sha256(source.read_bytes()).digest()
        assert hashlib.sha256(copy.read_bytes()).digest() == expected
        assert hashlib.sha256(back.read_bytes()).digest() == expected


async def test_scp_of_a_tree(peer: Peer) -> None:
    async with serve(peer, "scp") as served:
        tree = served.folder / "tree"
        (tree / "sub").mkdir(parents=True, exist_ok=True)
        (tree / "sub" / "file").write_bytes(os.urandom(100_000))
        # before 9.0 scp spoke its own protocol unless told otherwise, and 8.4 cannot be told
        words = [] if peer.name == "openssh-8.4" else ["-s"]

        done = await served.client(
            "scp", *words, "-r", tree, f"tester@127.0.0.1:{served.folder}/copied"
        )

        assert done.returncode == 0, done.stderr
        copied = served.folder / "copied" / "sub" / "file"
        assert copied.read_bytes() == (tree / "sub" / "file").read_bytes()


async def test_a_shell_with_a_terminal(peer: Peer) -> None:
    async with serve(peer, "shell") as served:
        done = await served.client(
            "ssh", "-tt", "tester@127.0.0.1", stdin=b"stty size; tty; exit 4\n"
        )

        assert b"/dev/pts/" in done.stdout
        assert done.returncode == 4


async def test_forwards(peer: Peer) -> None:
    async with serve(peer, "forward") as served:
        done = await served.client(
            "ssh", "-W", f"127.0.0.1:{peer.port}", "tester@127.0.0.1", stdin=b""
        )
        assert done.stdout.startswith(b"SSH-2.0-OpenSSH")
