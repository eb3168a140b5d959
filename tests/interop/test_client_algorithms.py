"""Every algorithm that both sides have, negotiated by its name."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Generator, Sequence

import attrs
import pytest

from ssh_keys import KnownHosts
from ssh_transport import Algorithms, profiles
from ssh_transport.ciphers import CIPHERS
from ssh_transport.kex import METHODS
from ssh_transport.macs import MACS
from tests.interop.connecting import connect
from tests.interop.offered import CIPHER_MACS, has_kex
from tests.interop.peers import Peer

LEGACY = profiles("legacy", "client")
SIZE = 1_000_000


async def moved(
    peer: Peer, algorithms: Algorithms, known_hosts: bytes | None = None
) -> tuple[str, str, str, str | None]:
    """Move data both ways with a rekey between, and say what was negotiated."""
    data = bytes(range(256)) * (SIZE // 256)
    known = peer.known_hosts if known_hosts is None else known_hosts
    async with connect(
        peer, algorithms=algorithms, rekey_bytes=300_000, known_hosts=known
    ) as conn:
        done = await conn.run("tee /dev/stderr | sha256sum", input=data)
        assert done.stderr == data
        assert done.stdout.split()[0].decode() == hashlib.sha256(data).hexdigest()
        agreed = conn.agreement
        way = agreed.client_to_server
        return agreed.kex, agreed.host_key, way.cipher, way.mac


@pytest.mark.parametrize("kex", METHODS)
async def test_kex(peer: Peer, kex: str) -> None:
    if not has_kex(peer, kex):
        return

    assert (await moved(peer, attrs.evolve(LEGACY, kex=(kex,))))[0] == kex


@pytest.mark.parametrize(
    "host_key",
    ["ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]
    + [f"ecdsa-sha2-nistp{bits}" for bits in (256, 384, 521)],
)
async def test_host_key(peer: Peer, host_key: str) -> None:
    assert (await moved(peer, attrs.evolve(LEGACY, host_keys=(host_key,))))[1] == host_key


@pytest.mark.parametrize("cipher", [name for name, spec in CIPHERS.items() if spec.aead])
async def test_cipher(peer: Peer, cipher: str) -> None:
    assert (await moved(peer, attrs.evolve(LEGACY, ciphers=(cipher,))))[2] == cipher


@pytest.mark.parametrize(("cipher", "mac"), CIPHER_MACS)
async def test_cipher_with_mac(peer: Peer, cipher: str, mac: str) -> None:
    assert mac in peer.algorithms.macs
    assert cipher in peer.algorithms.ciphers
    algorithms = attrs.evolve(LEGACY, ciphers=(cipher,), macs=(mac,))

    assert (await moved(peer, algorithms))[2:] == (cipher, mac)


def test_every_mac_is_tried() -> None:
    assert {mac for _, mac in CIPHER_MACS} == set(MACS)


async def test_compression(peer: Peer) -> None:
    algorithms = attrs.evolve(LEGACY, compression=("zlib@openssh.com",))
    async with connect(peer, algorithms=algorithms, rekey_bytes=300_000) as conn:
        data = b"a line that comes again and again\n" * 40_000
        done = await conn.run("cat", input=data)
        assert done.stdout == data
        assert conn.agreement.server_to_client.compression == "zlib@openssh.com"
        conn.rekey()
        assert (await conn.run("cat", input=data)).stdout == data


@contextlib.contextmanager
def made(peer: Peer, commands: str, options: Sequence[str]) -> Generator[tuple[Peer, bytes]]:
    """Run commands in the peer's container, then an sshd with options; give what they print."""
    done = peer.run_client(["sh", "-euc", commands])
    assert done.returncode == 0, done.stderr
    with peer.sshd(options) as other:
        yield other, done.stdout


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
async def test_host_certificate(peer: Peer, kind: str) -> None:
    folder = f"/tmp/certified-{kind}"  # noqa: S108 - in the container
    commands = f"""
        rm -rf {folder}; mkdir {folder}; cd {folder}
        ssh-keygen -q -t ed25519 -N '' -f ca
        ssh-keygen -q -t {kind} -N '' -f host
        ssh-keygen -q -s ca -h -I test -n '127.0.0.1' host.pub
        cat ca.pub
    """
    options = [f"HostKey={folder}/host", f"HostCertificate={folder}/host-cert.pub"]
    with made(peer, commands, options) as (other, authority):
        known = b"@cert-authority [127.0.0.1]:%d %s" % (other.port, authority)
        assert KnownHosts.parse(known).problems == ()
        host_key = (await moved(other, LEGACY, known))[1]
        assert "-cert-v01@openssh.com" in host_key
        assert host_key.startswith({"ed25519": "ssh-ed", "ecdsa": "ecdsa", "rsa": "rsa-"}[kind])


async def test_mldsa_host_key(peers: dict[str, Peer]) -> None:
    folder = "/tmp/mldsa"  # noqa: S108 - in the container
    commands = f"""
        rm -rf {folder}; mkdir {folder}
        ssh-keygen -q -t mldsa44-ed25519 -N '' -f {folder}/host
        cut -d' ' -f1,2 {folder}/host.pub
    """
    name = "ssh-mldsa44-ed25519"
    options = [f"HostKey={folder}/host", f"HostKeyAlgorithms=+{name}"]
    with made(peers["sid"], commands, options) as (other, line):
        known = b"[127.0.0.1]:%d %s" % (other.port, line)
        algorithms = LEGACY.adjusted(host_keys=name)
        assert (await moved(other, algorithms, known))[1] == name
