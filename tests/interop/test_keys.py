"""Keys, key files and signatures of every ssh-keygen, both ways.

What the programs of a peer make is made once, by one script; what we make is read by one
script too, because a command in a container takes longer than what it does.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from ssh_keys import FidoPolicy, KeyDecryptError, PassphraseNeeded, PrivateKey, SSHSig, TokenNeeded
from ssh_keys.fido import read_assertion
from ssh_keys.formats.openssh_ciphers import CIPHERS
from tests.interop.keyfiles import (
    TOKENS,
    all_kinds_of,
    folder_of,
    fresh_keys,
    kinds_of,
    read_private,
    read_public,
    run,
    write,
)

if TYPE_CHECKING:
    from tests.interop.peers import Peer

FORMS: Final = ("RFC4716", "PKCS8", "PEM")
IN_PEM: Final = ("ecdsa256", "ecdsa384", "ecdsa521", "rsa")
"""The kinds of which every ssh-keygen has a public key in PEM too."""
PORTABLE: Final = ("ed25519", "ecdsa", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa")
"""The keys that PEM has a form for, by the names that ours go by."""
OLD: Final = ("openssh-8.4", "openssh-9.2")
PASSPHRASE: Final = "interop"
DATA: Final = b"what is signed"

_MAKE: Final = r"""
set -e
export SSH_SK_PROVIDER=/usr/local/lib/sk-dummy.so
cd "$1"
printf 'what is signed' >data

make() { # NAME OPTION...
  name=$1; shift
  ssh-keygen -q "$@" -N '' -C "a $name key" -f "$name"
  for form in $FORMS; do
    public="$name.public.$form"
    ssh-keygen -e -m "$form" -f "$name.pub" >"$public" 2>/dev/null || rm "$public"
  done
  ssh-keygen -l -f "$name.pub" >"$name.sha256"
  ssh-keygen -l -E md5 -f "$name.pub" >"$name.md5"
  cp data "$name.data"
  ssh-keygen -q -Y sign -n file -f "$name" "$name.data" 2>/dev/null
  for cipher in $CIPHERS; do
    cp "$name" "$name.$cipher"
    ssh-keygen -q -p -P '' -N interop -a 1 -Z "$cipher" -f "$name.$cipher" >/dev/null
  done
  for form in PEM PKCS8; do
    for passphrase in '' interop; do
      file="$name.$form$passphrase"
      cp "$name" "$file"
      ssh-keygen -q -p -P '' -N "$passphrase" -m "$form" -f "$file" >/dev/null 2>&1 || true
      if grep -q OPENSSH "$file"; then rm "$file"; fi
    done
  done
}
"""


@pytest.fixture(scope="module")
def made(peer: Peer) -> Path:
    """A folder with what the peer's ssh-keygen makes."""
    folder = folder_of(peer, "made")
    lines = [f"CIPHERS='{' '.join(CIPHERS)}' FORMS='{' '.join(FORMS)}'", _MAKE]
    lines += [f"make {name} {options}" for name, options in all_kinds_of(peer).items()]
    lines.append(f"chown -R {os.getuid()}:{os.getgid()} .")
    run(peer, "\n".join(lines), folder)
    return folder


# ------------------------------------------------------------------------- theirs


def test_their_keys(peer: Peer, made: Path) -> None:
    for name in all_kinds_of(peer):
        public = read_public(made / f"{name}.pub")
        private = read_private(made / name)
        assert private.public_key == public
        assert private.comment == public.comment == f"a {name} key"
        assert public.to_openssh() == (made / f"{name}.pub").read_text().strip()
        bits, fingerprint, *_ = (made / f"{name}.sha256").read_text().split()
        assert (int(bits), fingerprint) == (public.bits, public.fingerprint())
        assert (made / f"{name}.md5").read_text().split()[1] == public.fingerprint("md5")


def test_their_public_files(peer: Peer, made: Path) -> None:
    for name in all_kinds_of(peer):
        forms = FORMS if name in IN_PEM else FORMS[:1]
        for form in FORMS:
            path = made / f"{name}.public.{form}"
            assert path.exists() == (form in forms)
            if form in forms:
                assert read_public(path) == read_public(made / f"{name}.pub")


def test_their_encrypted_keys(peer: Peer, made: Path) -> None:
    for name in all_kinds_of(peer):
        public = read_public(made / f"{name}.pub")
        for cipher in CIPHERS:
            path = made / f"{name}.{cipher}"
            key = read_private(path, PASSPHRASE)
            assert key.private_fields() == read_private(made / name).private_fields()
            with pytest.raises(KeyDecryptError, match="the passphrase is wrong"):
                read_private(path, "Interop")
            with pytest.raises(PassphraseNeeded) as caught:
                read_private(path)
            assert caught.value.public_key == public


def test_their_pem_files(peer: Peer, made: Path) -> None:
    read = 0
    for name in kinds_of(peer):
        for form in ("PEM", "PKCS8"):
            for passphrase in (None, PASSPHRASE):
                path = made / f"{name}.{form}{passphrase or ''}"
                if not path.exists():  # ssh-keygen has no such form of this kind
                    assert name not in IN_PEM
                    continue
                key = read_private(path, passphrase)
                assert key.public_key == read_public(made / f"{name}.pub")
                read += 1
    assert read >= 16


def test_their_signatures(peer: Peer, made: Path) -> None:
    for name in all_kinds_of(peer):
        found = SSHSig.from_armor((made / f"{name}.data.sig").read_bytes())
        assert found.public_key == read_public(made / f"{name}.pub")
        assert found.verify(DATA, "file") == (name != "ed25519-sk-free")
        free = FidoPolicy(touch=False)
        assert found.verify(DATA, "file", fido=free)
        assert not found.verify(DATA + b"x", "file", fido=free)


def test_their_tokens(made: Path) -> None:
    for name in TOKENS:
        private = read_private(made / name)
        with pytest.raises(TokenNeeded):
            private.sign(DATA)
        found = SSHSig.from_armor((made / f"{name}.data.sig").read_bytes())
        assertion = read_assertion(found.signature)
        assert assertion.touched == (name != "ed25519-sk-free")
        assert assertion.counter == 0x12345678  # what the token in software says


# ------------------------------------------------------------------------- ours


@pytest.fixture(scope="module")
def ours(peer: Peer, made: Path) -> dict[str, PrivateKey]:
    """Keys that we made, and those of tokens, which only a token makes."""
    return {**fresh_keys(peer), **{name: read_private(made / name) for name in TOKENS}}


def test_our_keys(peer: Peer, ours: dict[str, PrivateKey]) -> None:
    folder = folder_of(peer, "ours")
    for name, key in ours.items():
        write(folder / name, key.to_openssh())
        for cipher in CIPHERS:
            text = key.to_openssh(PASSPHRASE, cipher, rounds=1)
            write(folder / f"{name}.{cipher}", text)
        if name not in PORTABLE:
            continue
        for passphrase in (None, PASSPHRASE):
            suffix = passphrase or "plain"
            write(folder / f"{name}.pkcs8.{suffix}", key.to_pem(passphrase))
            if name != "ed25519":
                text = key.to_pem(passphrase, form="traditional")
                write(folder / f"{name}.pem.{suffix}", text)
    script = 'for f in *; do echo "$f $(ssh-keygen -y -P interop -f "$f" 2>&1)"; done'
    refused = not_read(peer, folder, script, ours)
    # before 9.6 ssh-keygen knew no Ed25519 in PKCS#8
    known = ["ed25519.pkcs8.interop", "ed25519.pkcs8.plain"]
    assert refused in ([], known)
    assert not refused or peer.name in OLD


def test_our_public_files(peer: Peer, ours: dict[str, PrivateKey]) -> None:
    folder = folder_of(peer, "public")
    for name, key in ours.items():
        write(folder / f"{name}.RFC4716", key.public_key.to_rfc4716())
        if name in PORTABLE:
            write(folder / f"{name}.PKCS8", key.public_key.to_pem())
    script = 'for f in *; do echo "$f $(ssh-keygen -i -m "${f##*.}" -f "$f" 2>&1)"; done'
    # no ssh-keygen reads a public Ed25519 key in PEM
    assert not_read(peer, folder, script, ours) == ["ed25519.PKCS8"]


def not_read(peer: Peer, folder: Path, script: str, keys: dict[str, PrivateKey]) -> list[str]:
    """The files that a script does not read as the key by whose name they are called.

    The script prints each file's name and, behind it, the public key that it found there.
    """
    names = sorted(path.name for path in folder.iterdir())
    output = run(peer, f'cd "$1"; {script}', folder)
    printed = dict(line.split(" ", 1) for line in output.splitlines() if " " in line)
    wanted = {name: keys[name.partition(".")[0]].public_key.to_openssh() for name in names}
    return [name for name in names if printed[name].split()[:2] != wanted[name].split()[:2]]
