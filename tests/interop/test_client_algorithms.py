"""Every algorithm that both sides have, negotiated by its name."""

from __future__ import annotations

import hashlib

import attrs
import pytest

from ssh_transport import Algorithms, profiles
from tests.interop.connecting import connect
from tests.interop.peers import Peer

DEFAULT = profiles("default", "client")
AEAD = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com")
SIZE = 1_000_000


async def moved(peer: Peer, algorithms: Algorithms) -> tuple[str, str, str, str | None]:
    """Move data both ways with a rekey between, and say what was negotiated."""
    data = bytes(range(256)) * (SIZE // 256)
    async with connect(peer, algorithms=algorithms, rekey_bytes=300_000) as conn:
        done = await conn.run("tee /dev/stderr | sha256sum", input=data)
        assert done.stderr == data
        assert done.stdout.split()[0].decode() == hashlib.sha256(data).hexdigest()
        agreed = conn.agreement
        way = agreed.client_to_server
        return agreed.kex, agreed.host_key, way.cipher, way.mac


@pytest.mark.parametrize("kex", DEFAULT.kex)
async def test_kex(peer: Peer, kex: str) -> None:
    if kex not in peer.algorithms.kex:
        assert kex.startswith("mlkem768x25519")  # what OpenSSH has had since 9.9
        assert peer.name in {"openssh-8.4", "openssh-9.2"}
        return

    assert (await moved(peer, attrs.evolve(DEFAULT, kex=(kex,))))[0] == kex


@pytest.mark.parametrize("host_key", DEFAULT.host_keys)
async def test_host_key(peer: Peer, host_key: str) -> None:
    assert (await moved(peer, attrs.evolve(DEFAULT, host_keys=(host_key,))))[1] == host_key


@pytest.mark.parametrize("cipher", DEFAULT.ciphers)
async def test_cipher(peer: Peer, cipher: str) -> None:
    assert (await moved(peer, attrs.evolve(DEFAULT, ciphers=(cipher,))))[2] == cipher


@pytest.mark.parametrize("mac", DEFAULT.macs)
@pytest.mark.parametrize("cipher", [name for name in DEFAULT.ciphers if name not in AEAD])
async def test_cipher_with_mac(peer: Peer, cipher: str, mac: str) -> None:
    algorithms = attrs.evolve(DEFAULT, ciphers=(cipher,), macs=(mac,))

    assert (await moved(peer, algorithms))[2:] == (cipher, mac)
