"""Certificates of every ssh-keygen, both ways, and a login with ours."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest

from ssh_keys import (
    Certificate,
    CertificateRefused,
    CertificateSpec,
    FidoPolicy,
    PrivateKey,
    issue,
    load_public_key,
)
from ssh_keys.certificates import PERMISSIONS
from ssh_wire.primitives import string
from tests.interop.keyfiles import (
    TOKENS,
    all_kinds_of,
    folder_of,
    fresh_keys,
    read_public,
    run,
    write,
)
from tests.interop.loopback import client_options
from tests.interop.peers import USER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interop.peers import Peer

NOW: Final = 1_800_000_000

_MAKE: Final = r"""
set -e
export SSH_SK_PROVIDER=/usr/local/lib/sk-dummy.so
cd "$1"

make() { # NAME OPTION...
  name=$1; shift
  ssh-keygen -q "$@" -N '' -f "$name"
}

certify() { # AUTHORITY KEY
  cp "$2.pub" "$1-$2.pub"
  ssh-keygen -q -s "$1" -I "an id" -n alice,bob -z 7 -V 20200101:20500101 -O force-command=ls \
    -O source-address=192.0.2.0/24,2001:db8::/32 "$1-$2.pub"
  cp "$2.pub" "$1-$2-host.pub"
  ssh-keygen -q -h -s "$1" -I "a host" -n 'web1,*.example.com' "$1-$2-host.pub"
}
"""


@pytest.fixture(scope="module")
def made(peer: Peer) -> Path:
    """A folder with certificates of every kind of key by every kind of authority."""
    folder = folder_of(peer, "certificates")
    kinds = all_kinds_of(peer)
    lines = [_MAKE, *(f"make {name} {options}" for name, options in kinds.items())]
    lines += [f"certify {ca} {key}" for ca in kinds for key in kinds]
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


@pytest.fixture(scope="module")
def ours(peer: Peer) -> dict[str, PrivateKey]:
    return fresh_keys(peer)


def read_certificate(path: Path) -> Certificate:
    certificate = load_public_key(path.read_bytes())
    assert isinstance(certificate, Certificate)
    return certificate


def test_their_certificates(peer: Peer, made: Path) -> None:
    for ca in all_kinds_of(peer):
        for key in all_kinds_of(peer):
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
            # an authority that signs without a touch is a matter of the caller's policy
            fido = FidoPolicy(touch=ca != "ed25519-sk-free")
            user.check(
                role="user",
                principal="bob",
                now=NOW,
                ca_algorithms=algorithms,
                ca_fido=fido,
                understood_options=options,
            )
            host = read_certificate(made / f"{ca}-{key}-host-cert.pub")
            for name in ("web1", "x.example.com"):
                host.check(
                    role="host",
                    principal=name,
                    now=NOW,
                    ca_algorithms=algorithms,
                    ca_fido=fido,
                )
            if not fido.touch:
                with pytest.raises(CertificateRefused) as caught:
                    user.check(role="user", principal="bob", now=NOW)
                assert caught.value.reason == "ca-token"


def test_their_rsa_authority_signs_with_what_it_is_told(made: Path) -> None:
    for name in ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"):
        assert read_certificate(made / f"{name}-cert.pub").ca_algorithm == name


def test_our_certificates(peer: Peer, made: Path, ours: dict[str, PrivateKey]) -> None:
    subjects = {name: key.public_key for name, key in ours.items()}
    subjects |= {name: read_public(made / f"{name}.pub") for name in TOKENS}
    folder = folder_of(peer, "certified")
    user = CertificateSpec(
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
    host = CertificateSpec(role="host", key_id="a host", principals=("*.example.com",))
    for ca_name, ca in ours.items():
        for name, key in subjects.items():
            for spec in (user, host):
                certificate = issue(ca, key, spec=spec, random=os.urandom)
                write(folder / f"{ca_name}+{name}+{spec.role}", certificate.to_openssh() + "\n")
    script = 'cd "$1"; for f in *; do echo "= $f"; TZ=UTC ssh-keygen -L -f "$f" 2>&1; done'
    listed = run(peer, script, folder).split("= ")[1:]
    assert len(listed) == 2 * len(ours) * len(subjects)
    for text in listed:
        ca_name, name, role = text.split("\n")[0].split("+")
        assert f"{role} certificate" in text
        assert subjects[name].fingerprint() in text
        assert f"{ours[ca_name].public_key.fingerprint()} (using" in text
        flat = " ".join(text.split())
        if role == "host":
            assert "Serial: 0 Valid: forever Principals: *.example.com" in flat
            assert "Principals: *.example.com Critical Options: (none)" in flat
            continue
        assert 'Key ID: "an id" Serial: 18446744073709551615' in flat
        assert "Valid: from 2020-01-01T00:00:00 to 2030-01-01T00:00:00" in flat
        assert "Principals: alice bob Critical Options: force-command ls -l" in flat
        assert "source-address 192.0.2.0/24 Extensions: permit-X11-forwarding" in flat


def test_login_with_our_certificates_succeeds(peer: Peer, ours: dict[str, PrivateKey]) -> None:
    # both sides trust our authority, and know no key
    folder = folder_of(peer, "login")
    ca, user, host = ours["ed25519"], ours["ecdsa"], ours["rsa"]
    write(folder / "ca.pub", ca.public_key.to_openssh() + "\n")
    write(folder / "known_hosts", f"@cert-authority * {ca.public_key.to_openssh()}\n")
    # before 10.3 a host certificate names hosts letter by letter
    address = "127.0.0.*" if peer.name == "openssh-10.6" else "127.0.0.1"
    by_name = {
        "user": (
            user,
            CertificateSpec(role="user", key_id="", principals=(USER,), extensions=PERMISSIONS),
        ),
        "host": (host, CertificateSpec(role="host", key_id="", principals=("other", address))),
    }
    for name, (key, spec) in by_name.items():
        certificate = issue(ca, key.public_key, spec=spec, random=os.urandom)
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
