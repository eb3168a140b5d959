"""OpenSSH's clients at our server."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re

import attrs
import pytest

from ssh_keys import CertificateSpec, PrivateKey, issue
from ssh_stack import Passwords
from ssh_transport import profiles
from ssh_transport.ciphers import CIPHERS
from ssh_transport.kex import METHODS
from tests.interop.offered import CIPHER_MACS, has_kex
from tests.interop.peers import PASSWORD, Peer
from tests.interop.serving import HOST_KEYS, by_key, serve

MIB = 1024 * 1024
EVERYTHING = attrs.evolve(profiles("legacy", "server"), kex=tuple(METHODS))


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


async def test_ssh_changes_an_expired_password(peer: Peer) -> None:
    """The helper answers what ssh asks: first the password, then the old and the new one."""
    kept = {"tester": PASSWORD}

    async def change(user: str, _old: str, new: str) -> bool:
        kept[user] = new
        return True

    passwords = Passwords(
        lambda user, given: kept.get(user) == given,
        expired=lambda user: kept[user] == PASSWORD,
        change=change,
    )
    async with serve(peer, "expired", passwords) as served:
        helper = served.folder / "renew"
        await asyncio.to_thread(
            helper.write_text,
            f'#!/bin/sh\ncase "$1" in *new*) echo renewed ;; *) echo {PASSWORD} ;; esac\n',
        )
        await asyncio.to_thread(helper.chmod, 0o755)
        options = ["PreferredAuthentications=password"]
        words = ("tester@127.0.0.1", "echo in")
        done = await served.client_with_password(*words, options=options, helper=helper)

    assert done.stdout == b"in\n", done.stderr
    assert b"The password of tester has expired." in done.stderr
    assert kept == {"tester": "renewed"}


async def test_algorithms_of_one_user(peer: Peer) -> None:
    """A client is told of them while it logs in, if it says that it takes that."""
    takes = peer.name not in {"openssh-8.4", "openssh-9.2"}

    async with serve(peer, "of-user", user_algorithms=lambda _: ["rsa-sha2-256"]) as served:
        done = await served.client("ssh", "-vvv", "tester@127.0.0.1", "echo in", key="rsa")

    assert (done.stdout == b"in\n") is takes, done.stderr
    assert done.stderr.count(b"SSH2_MSG_EXT_INFO received") == 1 + takes
    assert (b"signing using rsa-sha2-256" in done.stderr) is takes


async def test_wrong_user_is_refused(peer: Peer) -> None:
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
    async with serve(peer, "algorithms", algorithms=EVERYTHING) as served:
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


@pytest.mark.parametrize("kex", METHODS)
async def test_kex(peer: Peer, kex: str) -> None:
    if not has_kex(peer, kex):
        return

    assert f"kex: algorithm: {kex}".encode() in await negotiated(peer, f"KexAlgorithms={kex}")


@pytest.mark.parametrize(
    "host_key",
    ["ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]
    + [f"ecdsa-sha2-nistp{bits}" for bits in (256, 384, 521)],
)
async def test_host_key(peer: Peer, host_key: str) -> None:
    printed = await negotiated(peer, f"HostKeyAlgorithms={host_key}")

    assert f"kex: host key algorithm: {host_key}".encode() in printed


@pytest.mark.parametrize("cipher", [name for name, spec in CIPHERS.items() if spec.aead])
async def test_cipher(peer: Peer, cipher: str) -> None:
    printed = await negotiated(peer, f"Ciphers={cipher}")

    assert f"kex: client->server cipher: {cipher}".encode() in printed


@pytest.mark.parametrize(("cipher", "mac"), CIPHER_MACS)
async def test_cipher_with_mac(peer: Peer, cipher: str, mac: str) -> None:
    printed = await negotiated(peer, f"Ciphers={cipher}", f"MACs={mac}")

    assert f"kex: client->server cipher: {cipher} MAC: {mac}".encode() in printed


async def test_compression(peer: Peer) -> None:
    printed = await negotiated(peer, "Compression=yes")

    assert re.search(rb"kex: server->client cipher: .* compression: zlib@openssh.com", printed)
    assert b"Enabling compression" in printed or b"enabled" in printed.lower()


async def test_host_certificate(peer: Peer) -> None:
    ca, host = PrivateKey.generate("ed25519"), HOST_KEYS[0]
    spec = CertificateSpec(role="host", key_id="test", principals=("127.0.0.1",))
    certificate = issue(ca, host.public_key, spec=spec, random=os.urandom)
    async with serve(peer, "certified", host_certificates=[certificate]) as served:
        line = f"@cert-authority [127.0.0.1]:{served.port} {ca.public_key.to_openssh()}\n"
        served.known_hosts.write_text(line)
        done = await served.client("ssh", "-v", "tester@127.0.0.1", "echo in")

    assert done.stdout == b"in\n", done.stderr
    assert b"ssh-ed25519-cert-v01@openssh.com" in done.stderr


async def test_clients_learn_the_other_host_keys(peer: Peer) -> None:
    async with serve(peer, "learning") as served:
        lines = served.known_hosts.read_text().splitlines(keepends=True)
        served.known_hosts.write_text(lines[0])
        # its standard input stays open until it has written the file
        done = await served.client(
            "ssh", "-v", "tester@127.0.0.1", "sleep 2", options=["UpdateHostKeys=yes"]
        )
        known = served.known_hosts.read_text()

    assert done.returncode == 0, done.stderr
    assert known.count("ecdsa-sha2-nistp384 ") == 1, done.stderr
    assert known.count("ssh-rsa ") == 1


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


async def test_shell_has_a_terminal_and_returns_its_status(peer: Peer) -> None:
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
