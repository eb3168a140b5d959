"""Keys in FIDO tokens, made by the library that OpenSSH tests its own programs with."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from ssh_stack.cli.keygen import main
from tests.interop.keyfiles import folder_of, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interop.peers import Peer

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def library(peers: dict[str, Peer]) -> Path:
    """The library of Debian 12, whose OpenSSL this machine has too; loaded, it does not change."""
    peer = peers["bookworm"]
    target = folder_of(peer, "fido") / "sk-dummy.so"
    run(peer, 'cp /usr/local/lib/sk-dummy.so "$1"; chmod 644 "$1"', target)
    return target


@pytest.mark.parametrize("kind", ["ed25519-sk", "ecdsa-sk"])
def test_key_that_a_token_makes_signs_by_openssh(
    peers: dict[str, Peer], library: Path, kind: str
) -> None:
    folder = library.parent
    key, attestation = folder / kind, folder / f"{kind}.attestation"
    key.unlink(missing_ok=True)
    words = ["-q", "-t", kind, "-w", str(library), "-N", "", "-C", "a token", "-f", str(key)]
    options = ["-O", "application=ssh:work", "-O", f"write-attestation={attestation}"]
    assert main([*words, *options]) == 0
    assert attestation.read_bytes().startswith(b"\0\0\0\x11ssh-sk-attest-v01")
    signed = folder / f"{kind}.message"
    signed.write_text("data")
    signed.with_name(f"{signed.name}.sig").unlink(missing_ok=True)
    script = 'SSH_SK_PROVIDER=/usr/local/lib/sk-dummy.so ssh-keygen -Y sign -n file -f "$1" "$2"'
    run(peers["bookworm"], script, key, signed)
    check = ["-Y", "check-novalidate", "-n", "file", "-s", f"{signed}.sig"]
    with signed.open("rb") as data:
        done = subprocess.run(["ssh-keygen", *check], stdin=data, capture_output=True, check=True)
    assert f"{kind.upper()} key" in done.stdout.decode()


def test_token_that_keeps_no_keys_says_so(
    library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-K", "-N", "", "-w", str(library)]) != 0
    assert "does not support" in capsys.readouterr().err


def test_missing_library_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_SK_PROVIDER", raising=False)
    assert main(["-q", "-t", "ed25519-sk", "-N", "", "-f", "/nonexistent/x"]) != 0
    assert "-w or SSH_SK_PROVIDER" in capsys.readouterr().err
