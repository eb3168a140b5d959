"""Keys, key files, signatures and certificates of every ssh-keygen, both ways.

What the programs of a peer make is made once, by one script; what we make is read by one
script too, because a command in a container takes longer than what it does.
"""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from ssh_keys import (
    Certificate,
    FidoPolicy,
    Grant,
    KeyDecryptError,
    PassphraseNeeded,
    PrivateKey,
    TokenNeeded,
    issue,
    load_public_key,
)
from ssh_keys.armor import enclose
from ssh_keys.ciphers import CIPHERS
from ssh_keys.fido import read_assertion
from ssh_keys.grants import PERMISSIONS
from ssh_wire import Record, UInt32, record
from ssh_wire.primitives import string
from tests.interop.keyfiles import (
    folder_of,
    fresh_keys,
    read_private,
    read_public,
    run,
    write,
)
from tests.interop.loopback import client_options
from tests.interop.peers import USER

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
PASSPHRASE: Final = "interop"
NOW: Final = 1_800_000_000
DATA: Final = b"what is signed"

_MAKE: Final = r"""
set -e
export SSH_SK_PROVIDER=/usr/local/lib/sk-dummy.so
cd "$1"
printf 'what is signed' >data

make() { # NAME OPTION...
  name=$1; shift
  ssh-keygen -q "$@" -N '' -C "a $name key" -f "$name"
  ssh-keygen -e -m RFC4716 -f "$name.pub" >"$name.rfc4716" 2>/dev/null || rm -f "$name.rfc4716"
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

certify() { # AUTHORITY KEY
  cp "$2.pub" "$1-$2.pub"
  ssh-keygen -q -s "$1" -I "an id" -n alice,bob -z 7 -V 20200101:20500101 -O force-command=ls \
    -O source-address=192.0.2.0/24,2001:db8::/32 "$1-$2.pub"
  cp "$2.pub" "$1-$2-host.pub"
  ssh-keygen -q -h -s "$1" -I "a host" -n 'web1,*.example.com' "$1-$2-host.pub"
}
"""


@record
class _SSHSIG(Record):
    """A detached signature (OpenSSH's PROTOCOL.sshsig), behind its magic."""

    version: UInt32
    key: bytes
    namespace: bytes
    reserved: bytes
    hash: str
    signature: bytes

    def signed(self, data: bytes) -> bytes:
        digest = hashlib.new(self.hash, data).digest()
        parts = (self.namespace, self.reserved, self.hash.encode(), digest)
        return b"SSHSIG" + b"".join(string(part) for part in parts)


def kinds_of(peer: Peer) -> dict[str, str]:
    return {**PLAIN, **(MLDSA if "ssh-mldsa44-ed25519" in peer.algorithms.host_keys else {})}


@pytest.fixture(scope="module")
def made(peer: Peer) -> Path:
    """A folder with what the peer's ssh-keygen makes."""
    folder = folder_of(peer, "made")
    lines = [f"CIPHERS='{' '.join(CIPHERS)}'", _MAKE]
    kinds = kinds_of(peer)
    lines += [f"make {name} {options}" for name, options in {**kinds, **TOKENS}.items()]
    lines += [f"certify {ca} {key}" for ca in kinds for key in {**kinds, **TOKENS}]
    lines += [
        # the algorithms that an RSA key can sign with, SHA-1 among them
        *(
            f"cp ed25519.pub {name}.pub; ssh-keygen -q -t {name} -s rsa -I x -n alice {name}.pub"
            for name in ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")
        ),
        f"chown -R {os.getuid()}:{os.getgid()} .",
    ]
    run(peer, "\n".join(lines), folder)
    return folder


def read_certificate(path: Path) -> Certificate:
    certificate = load_public_key(path.read_bytes())
    assert isinstance(certificate, Certificate)
    return certificate


# ------------------------------------------------------------------------- theirs


def test_their_keys(peer: Peer, made: Path) -> None:
    for name in {**kinds_of(peer), **TOKENS}:
        public = read_public(made / f"{name}.pub")
        private = read_private(made / name)
        assert private.public_key == public
        assert private.comment == public.comment == f"a {name} key"
        assert public.to_openssh() == (made / f"{name}.pub").read_text().strip()
        bits, fingerprint, *_ = (made / f"{name}.sha256").read_text().split()
        assert (int(bits), fingerprint) == (public.bits, public.fingerprint())
        assert (made / f"{name}.md5").read_text().split()[1] == public.fingerprint("md5")
        framed = made / f"{name}.rfc4716"
        if name in PLAIN or framed.exists():
            assert read_public(framed) == public


def test_their_encrypted_keys(peer: Peer, made: Path) -> None:
    for name in {**kinds_of(peer), **TOKENS}:
        public = read_public(made / f"{name}.pub")
        for cipher in CIPHERS:
            path = made / f"{name}.{cipher}"
            key = read_private(path, PASSPHRASE)
            assert key.section() == read_private(made / name).section()
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
                    assert name not in {"ecdsa256", "ecdsa384", "ecdsa521", "rsa"}
                    continue
                key = read_private(path, passphrase)
                assert key.public_key == read_public(made / f"{name}.pub")
                read += 1
    assert read >= 16


def their_signature(path: Path) -> _SSHSIG:
    text = "".join(line for line in path.read_text().splitlines() if not line.startswith("-"))
    body = base64.b64decode(text)
    assert body.startswith(b"SSHSIG")
    return _SSHSIG.decode(body[6:])


def test_their_signatures(peer: Peer, made: Path) -> None:
    for name in {**kinds_of(peer), **TOKENS}:
        public = read_public(made / f"{name}.pub")
        found = their_signature(made / f"{name}.data.sig")
        assert found.key == public.blob
        touched = name != "ed25519-sk-free"
        assert public.verify(found.signed(DATA), found.signature) == touched
        free = FidoPolicy(touch=False)
        assert public.verify(found.signed(DATA), found.signature, fido=free)
        assert not public.verify(found.signed(DATA + b"x"), found.signature, fido=free)


def test_their_tokens(made: Path) -> None:
    for name in TOKENS:
        private = read_private(made / name)
        with pytest.raises(TokenNeeded):
            private.sign(DATA)
        found = their_signature(made / f"{name}.data.sig")
        assertion = read_assertion(found.signature)
        assert assertion.touched == (name != "ed25519-sk-free")
        assert assertion.counter == 0x12345678  # what the token in software says


def test_their_certificates(peer: Peer, made: Path) -> None:
    kinds = kinds_of(peer)
    for ca in kinds:
        for key in {**kinds, **TOKENS}:
            user = read_certificate(made / f"{ca}-{key}-cert.pub")
            assert user.public_key == read_public(made / f"{key}.pub")
            assert user.ca_key == read_public(made / f"{ca}.pub")
            assert (user.role, user.serial, user.key_id) == ("user", 7, "an id")
            assert user.principals == ("alice", "bob")
            assert user.extensions == PERMISSIONS
            assert user.force_command == "ls"
            assert user.source_address is not None
            assert [str(n) for n in user.source_address] == ["192.0.2.0/24", "2001:db8::/32"]
            options = ("force-command", "source-address")
            algorithms = (user.ca_algorithm,)
            user.check(
                role="user",
                principal="bob",
                now=NOW,
                ca_algorithms=algorithms,
                understood_options=options,
            )
            host = read_certificate(made / f"{ca}-{key}-host-cert.pub")
            for name in ("web1", "x.example.com"):
                host.check(role="host", principal=name, now=NOW, ca_algorithms=algorithms)


def test_their_rsa_authority_signs_with_what_it_is_told(made: Path) -> None:
    for name in ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"):
        assert read_certificate(made / f"{name}-cert.pub").ca_algorithm == name


# ------------------------------------------------------------------------- ours


@pytest.fixture(scope="module")
def ours(peer: Peer) -> dict[str, PrivateKey]:
    return fresh_keys(peer)


def test_our_keys(peer: Peer, ours: dict[str, PrivateKey]) -> None:
    folder = folder_of(peer, "ours")
    for name, key in ours.items():
        write(folder / name, key.to_openssh())
        for cipher in CIPHERS:
            text = key.to_openssh(PASSPHRASE, cipher, rounds=1)
            write(folder / f"{name}.{cipher}", text)
        if name == "mldsa44-ed25519":
            continue
        for passphrase in (None, PASSPHRASE):
            suffix = passphrase or "plain"
            write(folder / f"{name}.pkcs8.{suffix}", key.to_pem(passphrase))
            if name != "ed25519":
                text = key.to_pem(passphrase, form="traditional")
                write(folder / f"{name}.pem.{suffix}", text)
    names = sorted(path.name for path in folder.iterdir())
    output = run(
        peer,
        'cd "$1"; shift; for f; do echo "$f $(ssh-keygen -y -P interop -f "$f" 2>&1)"; done',
        folder,
        *names,
    )
    lines = dict(line.split(" ", 1) for line in output.splitlines() if " " in line)
    refused: list[str] = []
    for name in names:
        key = ours[name.partition(".")[0]]
        wanted = " ".join(key.public_key.to_openssh().split()[:2])
        if " ".join(lines[name].split()[:2]) != wanted:
            refused.append(name)
    # before 9.6 ssh-keygen knew no Ed25519 in PKCS#8
    known = ["ed25519.pkcs8.interop", "ed25519.pkcs8.plain"]
    assert refused in ([], known)
    assert not refused or peer.name in {"openssh-8.4", "openssh-9.2"}


def test_our_frames(peer: Peer, ours: dict[str, PrivateKey]) -> None:
    folder = folder_of(peer, "frames")
    for name, key in ours.items():
        write(folder / name, key.public_key.to_rfc4716())
    script = 'cd "$1"; for f in *; do echo "$f $(ssh-keygen -i -m RFC4716 -f "$f")"; done'
    lines = dict(line.split(" ", 1) for line in run(peer, script, folder).splitlines())
    for name, key in ours.items():
        assert lines[name].split()[:2] == key.public_key.to_openssh().split()[:2]


def test_our_signatures(peer: Peer, ours: dict[str, PrivateKey]) -> None:
    folder = folder_of(peer, "signed")
    for name, key in ours.items():
        for algorithm in key.public_key.algorithms:
            sig = _SSHSIG(
                version=1,
                key=key.public_key.blob,
                namespace=b"file",
                reserved=b"",
                hash="sha512",
                signature=b"",
            )
            signature = key.sign(sig.signed(DATA), algorithm)
            body = b"SSHSIG" + sig.replace(signature=signature).encode()
            write(folder / f"{name}.{algorithm}", enclose("SSH SIGNATURE", body))
    script = (
        'cd "$1"; for f in *; do printf "%s " "$f"; printf "what is signed" | '
        'ssh-keygen -Y check-novalidate -n file -s "$f" 2>&1; done'
    )
    output = run(peer, script, folder).splitlines()
    assert len(output) == sum(len(key.public_key.algorithms) for key in ours.values())
    for line in output:
        assert 'Good "file" signature' in line


def test_our_certificates(peer: Peer, ours: dict[str, PrivateKey]) -> None:
    folder = folder_of(peer, "certified")
    user = Grant(
        role="user",
        key_id="an id",
        principals=("alice", "bob"),
        serial=2**64 - 1,
        valid_after=1_577_836_800,
        valid_before=1_893_456_000,
        critical_options={
            "source-address": string("192.0.2.0/24"),
            "force-command": string("ls -l"),
        },
        extensions=PERMISSIONS,
    )
    host = Grant(role="host", key_id="a host", principals=("*.example.com",))
    for ca_name, ca in ours.items():
        for name, key in ours.items():
            for grant in (user, host):
                certificate = issue(ca, key.public_key, grant=grant, random=os.urandom)
                write(folder / f"{ca_name}+{name}+{grant.role}", certificate.to_openssh() + "\n")
    script = 'cd "$1"; for f in *; do echo "= $f"; TZ=UTC ssh-keygen -L -f "$f" 2>&1; done'
    listed = run(peer, script, folder).split("= ")[1:]
    assert len(listed) == 2 * len(ours) ** 2
    for text in listed:
        ca_name, name, role = text.split("\n")[0].split("+")
        assert f"{role} certificate" in text
        assert ours[name].public_key.fingerprint() in text
        assert f"{ours[ca_name].public_key.fingerprint()} (using" in text
        flat = " ".join(text.split())
        if role == "host":
            assert (
                "Serial: 0 Valid: forever Principals: *.example.com Critical Options: (none)"
                in flat
            )
            continue
        assert 'Key ID: "an id" Serial: 18446744073709551615' in flat
        assert "Valid: from 2020-01-01T00:00:00 to 2030-01-01T00:00:00" in flat
        assert "Principals: alice bob Critical Options: force-command ls -l" in flat
        assert "source-address 192.0.2.0/24 Extensions: permit-X11-forwarding" in flat


def test_a_login_with_our_certificates(peer: Peer, ours: dict[str, PrivateKey]) -> None:
    # both sides trust our authority, and know no key
    folder = folder_of(peer, "login")
    ca, user, host = ours["ed25519"], ours["ecdsa"], ours["rsa"]
    write(folder / "ca.pub", ca.public_key.to_openssh() + "\n")
    write(folder / "known_hosts", f"@cert-authority * {ca.public_key.to_openssh()}\n")
    # before 10.3 a host certificate names hosts letter by letter
    address = "127.0.0.*" if peer.name == "openssh-10.6" else "127.0.0.1"
    by_name = {
        "user": (user, Grant(role="user", key_id="", principals=(USER,), extensions=PERMISSIONS)),
        "host": (host, Grant(role="host", key_id="", principals=("other", address))),
    }
    for name, (key, grant) in by_name.items():
        certificate = issue(ca, key.public_key, grant=grant, random=os.urandom)
        write(folder / name, key.to_openssh())
        write(folder / f"{name}-cert.pub", certificate.to_openssh() + "\n")
    for path in folder.iterdir():
        path.chmod(0o600)
    options = [
        f"TrustedUserCAKeys={folder}/ca.pub",
        "AuthorizedKeysFile=none",
        f"HostKey={folder}/host",
        f"HostCertificate={folder}/host-cert.pub",
    ]
    with peer.sshd(options) as server:
        argv = ["ssh", *client_options(server.port, folder / "known_hosts", folder / "user")]
        algorithms = "HostKeyAlgorithms=rsa-sha2-512-cert-v01@openssh.com"
        argv += ["-o", f"CertificateFile={folder}/user-cert.pub", "-o", algorithms]
        done = peer.run_client([*argv, f"{USER}@127.0.0.1", "id -un"], timeout=30)
    assert (done.returncode, done.stdout.strip()) == (0, USER.encode()), done.stderr
