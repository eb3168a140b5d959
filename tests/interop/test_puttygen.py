"""PuTTY's private key files, with the puttygen of every suite, both ways."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from ssh_keys import PrivateKey
from tests.interop.keyfiles import folder_of, fresh_keys, read_private, read_public, run, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.interop.peers import Peer

PASSPHRASE: Final = "interop"
DATA: Final = b"what is signed"


def versions_of(peer: Peer) -> Sequence[Literal[2, 3]]:
    release = re.search(r"Release 0\.(\d+)", run(peer, "puttygen --version"))
    assert release
    return (2, 3) if int(release[1]) >= 75 else (2,)


def test_puttygen_reads_ours(peer: Peer) -> None:
    folder = folder_of(peer, "ppk")
    portable = fresh_keys(peer)
    portable.pop("mldsa44-ed25519", None)
    if 3 in versions_of(peer):  # the release that brought Ed448
        portable["ed448"] = PrivateKey.generate("ed448", comment="our ed448")
    for version in versions_of(peer):
        for name, key in portable.items():
            write(folder / f"{name}.{version}", key.to_ppk(version=version))
            write(folder / f"{name}.{version}p", key.to_ppk(PASSPHRASE, version=version))
    (folder / "secret").write_text(PASSPHRASE)
    script = r"""
cd "$1"
for f in *.?p *.?; do
  puttygen "$f" -L
  puttygen "$f" -O private-openssh-new -o out --old-passphrase secret --new-passphrase /dev/null
  ssh-keygen -y -f out || echo "no such kind"
  rm out
done
"""
    lines = iter(run(peer, script, folder).splitlines())
    read = 0
    for line, opened in zip(lines, lines, strict=True):
        key = next(key for key in portable.values() if line == key.public_key.to_openssh())
        wanted = "no such kind" if "ed448" in line else " ".join(line.split()[:2])
        assert opened.startswith(wanted)
        assert key.public_key.to_openssh() == line
        read += 1
    assert read == 2 * len(versions_of(peer)) * len(portable)


def test_we_read_those_of_puttygen(peer: Peer) -> None:
    folder = folder_of(peer, "puttygen")
    versions = versions_of(peer)
    script = r"""
set -e
cd "$1"; shift
printf interop >secret
: >none
for type in 'ed25519' 'ecdsa -b 256' 'ecdsa -b 384' 'ecdsa -b 521' 'rsa -b 2048' $NEWER; do
  for parameters; do
    for passphrase in none secret; do
      file="$(echo $type | tr -d ' ').$(echo $parameters | tr -dc a-z0-9).$passphrase"
      option="--ppk-param $parameters"
      [ "$parameters" = default ] && option=
      puttygen -q -t $type -C "a $type key" -o "$file" --new-passphrase $passphrase $option
      puttygen "$file" -L >"$file.pub"
      puttygen "$file" -p >"$file.framed"
    done
  done
done
"""
    parameters = ["default"]
    if 3 in versions:
        small = "memory=64,passes=2,parallelism=2"
        parameters += ["version=2", *(f"kdf=argon2{kind},{small}" for kind in ("i", "d", "id"))]
    types = ["ed448"] if 3 in versions else []
    run(peer, f"NEWER={' '.join(types)}\n{script}", folder, *parameters)
    read = 0
    for path in folder.iterdir():
        if path.suffix not in {".none", ".secret"}:
            continue
        passphrase = PASSPHRASE if path.suffix == ".secret" else None
        key = read_private(path, passphrase)
        public = read_public(path)
        assert key.public_key == public
        assert public.to_openssh() == path.with_name(f"{path.name}.pub").read_text().strip()
        assert read_public(path.with_name(f"{path.name}.framed")) == public
        assert public.verify(DATA, key.sign(DATA))
        read += 1
    assert read == 2 * (5 + len(types)) * len(parameters)
