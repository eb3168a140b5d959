"""known_hosts, fingerprints and SSHFP records, as every ssh-keygen makes and prints them."""

from __future__ import annotations

from os import urandom
from typing import TYPE_CHECKING, Final, Literal, get_args

import pytest

from ssh_keys import (
    SSHFP,
    CertificateSpec,
    KnownHostsFile,
    PrivateKey,
    PublicKey,
    UnsupportedKey,
    issue,
)
from ssh_keys.randomart import bubblebabble, randomart
from ssh_keys.trust import Marker, format_host_line, sshfp_records
from ssh_wire.primitives import read_string, string

if TYPE_CHECKING:
    from ssh_keys import Credential
    from tests.interop.workshop import Workshop

HashName = Literal["md5", "sha1", "sha256", "sha384", "sha512"]
HASHES: Final[tuple[HashName, ...]] = get_args(HashName)
TITLES: Final = {Marker.TRUST: "", Marker.AUTHORITY: "CA", Marker.REVOKED: "REVOKED"}
HOSTS: Final = {
    "alpha": ("alpha", 22),
    "beta": ("beta", 22),
    "[alpha]:2222": ("alpha", 2222),
    "gamma": ("gamma", 22),
    "www.example.com": ("www.example.com", 22),
    "bad.example.com": ("bad.example.com", 22),
    "nowhere": ("nowhere", 22),
}
_HAS_MLDSA: Final = (10, 6)


@pytest.fixture(scope="module")
def keys() -> dict[str, PrivateKey]:
    kinds = ("ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
    made = {kind: PrivateKey.generate(kind, comment=f"a {kind}") for kind in kinds}
    made["rsa2048"] = PrivateKey.generate("rsa", 2048)
    made["rsa4096"] = PrivateKey.generate("rsa", 4096)
    made["mldsa"] = PrivateKey.generate("ssh-mldsa44-ed25519")
    return made


def tokens(keys: dict[str, PrivateKey]) -> dict[str, PublicKey]:
    """Public keys as FIDO tokens have them."""
    named = {
        "ed25519": "sk-ssh-ed25519@openssh.com",
        "ecdsa-sha2-nistp256": "sk-ecdsa-sha2-nistp256@openssh.com",
    }
    made: dict[str, PublicKey] = {}
    for kind, name in named.items():
        blob = keys[kind].public_key.blob
        _, pos = read_string(blob, 0)
        made[name] = PublicKey.from_blob(string(name) + blob[pos:] + string("ssh:"))
    return made


@pytest.fixture(scope="module")
def content(keys: dict[str, PrivateKey]) -> bytes:
    """A known_hosts file with one line of every sort."""
    one, two, rsa = (keys[k].public_key for k in ("ed25519", "ecdsa-sha2-nistp256", "rsa2048"))
    lines = [
        "# my hosts",
        "",
        f"alpha,Beta {one.to_openssh()}",
        f"\t[alpha]:2222 {two.to_openssh()}\tmore  words ",
        f"*.example.com,!bad.example.com {one.to_openssh()}",
        f"@cert-authority *.com,alpha {rsa.to_openssh()}",
        f"@revoked alpha {two.to_openssh()}",
        format_host_line("alpha", 22, rsa, hashed=True),
        format_host_line("gamma", 22, two, hashed=True),
        f"alpha {two.to_openssh()}\r",
        f"   delta,www.example.com {two.to_openssh()}",
    ]
    return "\n".join(lines).encode() + b"\n"


def test_finding_and_removing(shop: Workshop, content: bytes) -> None:
    for name, data in (("whole", content), ("open", content[:-1])):
        shop.write(name, data)
        file = KnownHostsFile.parse(data)
        script = "".join(
            f"ssh-keygen -F '{host}' -f {name} >found-{number} 2>/dev/null\n"
            f"cp {name} removed-{number}; ssh-keygen -R '{host}' -f removed-{number} 2>/dev/null\n"
            for number, host in enumerate(HOSTS)
        )
        shop.run(script)
        for number, (host, where) in enumerate(HOSTS.items()):
            found = b"".join(
                f"# Host {host} found: line {each.line} {TITLES[each.marker]}\n".encode()
                + each.text
                + b"\n"
                for each in file.find(*where)
            )
            assert shop.read(f"found-{number}") == found
            assert shop.read(f"removed-{number}") == file.without(*where).to_bytes()


def test_hashing(shop: Workshop, content: bytes) -> None:
    ours = KnownHostsFile.parse(content).hashed()
    shop.write("theirs", content)
    shop.write("ours", ours.to_bytes())
    finds = (
        f"ssh-keygen -F '{host}' -f {name} >{name}-{number} 2>/dev/null"
        for number, host in enumerate(HOSTS)
        for name in ("ours", "theirs")
    )
    shop.run("ssh-keygen -H -f theirs 2>/dev/null\n" + "\n".join(finds))
    theirs = KnownHostsFile.parse(shop.read("theirs"))
    assert [_unhashed(line) for line in theirs.lines] == [_unhashed(line) for line in ours.lines]
    for number, where in enumerate(HOSTS.values()):
        lines = [each.line for each in ours.find(*where)]
        assert [each.line for each in theirs.find(*where)] == lines
        for name in ("ours", "theirs"):
            printed = shop.read(f"{name}-{number}").decode().split("\n")
            found = [text for text in printed if text.startswith("# Host")]
            assert [int(text.split(": line ")[1].split()[0]) for text in found] == lines


def _unhashed(line: bytes) -> bytes:
    return line.partition(b" ")[2] if line.startswith(b"|1|") else line


def test_fingerprints_and_pictures(shop: Workshop, keys: dict[str, PrivateKey]) -> None:
    presented: dict[str, Credential] = {name: key.public_key for name, key in keys.items()}
    presented |= tokens(keys)
    spec = CertificateSpec(role="user", key_id="", principals=("me",))
    for name in ("ed25519", "rsa4096", "sk-ssh-ed25519@openssh.com"):
        plain = presented[name]
        assert isinstance(plain, PublicKey)
        ca = keys["ecdsa-sha2-nistp521"]
        presented[f"{name}-cert"] = issue(ca, plain, spec=spec, random=urandom)
    if shop.version < _HAS_MLDSA:
        del presented["mldsa"]
    for name, key in presented.items():
        shop.write(f"{name}.pub", key.to_openssh() + "\n")
    shop.run(
        f"for key in *.pub; do ssh-keygen -B -f $key >$key.words; for hash in {' '.join(HASHES)}; "
        "do ssh-keygen -lv -E $hash -f $key >$key.$hash; done; done"
    )
    for name, key in presented.items():
        assert shop.read(f"{name}.pub.words").decode().split()[1] == bubblebabble(key)
        for hash_name in HASHES:
            first, picture = shop.read(f"{name}.pub.{hash_name}").decode().split("\n", 1)
            assert picture == randomart(key, hash_name) + "\n"
            if hash_name in ("md5", "sha256"):
                assert first.split()[1] == key.fingerprint(hash_name)


def test_sshfp(shop: Workshop, keys: dict[str, PrivateKey]) -> None:
    known = {name: key.public_key for name, key in keys.items()} | tokens(keys)
    del known["mldsa"]
    for name, key in known.items():
        shop.write(f"{name}.pub", key.to_openssh() + "\n")
    shop.run(
        "for key in *.pub; do ssh-keygen -r host.example. -f $key >$key.plain 2>/dev/null; "
        "ssh-keygen -r host.example. -g -f $key >$key.generic 2>/dev/null; done"
    )
    for name, key in known.items():
        try:
            records = sshfp_records(key)
        except UnsupportedKey:
            records = ()
        plain = "".join(f"{each.to_text('host.example.')}\n" for each in records)
        generic = "".join(f"{each.to_generic_text('host.example.')}\n" for each in records)
        for printed, expected in (("plain", plain), ("generic", generic)):
            text = shop.read(f"{name}.pub.{printed}").decode()
            assert text == expected
            read = [SSHFP.from_text(line.split(maxsplit=3)[3]) for line in text.splitlines()]
            assert tuple(read) == records
