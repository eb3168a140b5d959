"""Key files that a peer and the tests share, and scripts that a peer runs on them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from ssh_keys import PrivateKey, PublicKey, load_private_key, load_public_key

if TYPE_CHECKING:
    from tests.interop.peers import Peer


PLAIN: Final = {
    "ed25519": "-t ed25519",
    "ecdsa256": "-t ecdsa -b 256",
    "ecdsa384": "-t ecdsa -b 384",
    "ecdsa521": "-t ecdsa -b 521",
    "rsa": "-t rsa -b 2048",
}
MLDSA: Final = {"mldsa": "-t ssh-mldsa44-ed25519"}
TOKENS: Final = {
    "ed25519-sk": "-t ed25519-sk",
    "ecdsa-sk": "-t ecdsa-sk",
    "ed25519-sk-free": "-t ed25519-sk -O no-touch-required -O application=ssh:free",
}


def kinds_of(peer: Peer) -> dict[str, str]:
    """How a peer's ssh-keygen makes each kind of key that it can sign with by itself."""
    return {**PLAIN, **(MLDSA if "ssh-mldsa44-ed25519" in peer.algorithms.host_keys else {})}


def all_kinds_of(peer: Peer) -> dict[str, str]:
    """How a peer's ssh-keygen makes each kind of key, those of tokens among them."""
    return {**kinds_of(peer), **TOKENS}


def folder_of(peer: Peer, name: str) -> Path:
    folder = peer.keys.folder / f"{name}-{peer.name}"
    folder.mkdir(exist_ok=True)
    return folder


def run(peer: Peer, script: str, *arguments: str | Path, timeout: float = 110) -> str:
    done = peer.run_client(["bash", "-c", script, "bash", *arguments], timeout=timeout)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return done.stdout.decode()


def write(path: Path, content: bytes | str) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)


def read_private(path: Path, passphrase: str | None = None) -> PrivateKey:
    return load_private_key(path.read_bytes(), passphrase)


def read_public(path: Path) -> PublicKey:
    key = load_public_key(path.read_bytes())
    assert isinstance(key, PublicKey)
    return key


def fresh_keys(peer: Peer) -> dict[str, PrivateKey]:
    """A key of ours of every kind that the peer knows."""
    kinds = {"ed25519": None, "ecdsa": 256, "ecdsa-sha2-nistp384": None, "rsa": 2048}
    kinds["ecdsa-sha2-nistp521"] = None
    if "ssh-mldsa44-ed25519" in peer.algorithms.host_keys:
        kinds["mldsa44-ed25519"] = None
    return {name: PrivateKey.generate(name, bits, f"our {name}") for name, bits in kinds.items()}
