"""Key files in every format, and what is inside their armour.

Where a passphrase is needed, the work that it costs is left out: the file was read up to
there, and what it hides is read as `openssh-container` and `ppk-secret`.
"""

from __future__ import annotations

import hmac

from fuzz.keys import CERTIFICATES, PORTABLE, PUBLIC, SIGNING, SMALL_RSA
from fuzz.target import Target, one_of
from ssh_keys import (
    KeyFormatError,
    KeyPolicy,
    PassphraseNeeded,
    PrivateKey,
    load_private_key,
    load_public_key,
)
from ssh_keys.formats.armor import enclose, open_armor
from ssh_keys.formats.der import check_cost
from ssh_keys.formats.rfc4716 import decode, encode
from ssh_keys.strict_base64 import to_base64
from ssh_wire.primitives import string

ED25519, _, ECDSA, RSA = PORTABLE
SMALL = [*PORTABLE[:3], SMALL_RSA]
LOCKED_OPENSSH = ED25519.to_openssh("pass", rounds=1, random=bytes)
LOCKED_PPK = [ED25519.to_ppk("pass", random=bytes), ED25519.to_ppk("pass", version=2)]
FRAMES = [PUBLIC[0].to_rfc4716().encode(), CERTIFICATES[0].to_rfc4716().encode()]


def read_private(data: bytes) -> None:
    try:
        key = load_private_key(data, policy=KeyPolicy.LEGACY)
    except PassphraseNeeded:
        return
    assert load_private_key(key.to_openssh(), policy=KeyPolicy.LEGACY).public_key == key.public_key


def read_public(data: bytes) -> None:
    key = load_public_key(data)
    assert load_public_key(key.to_openssh()) == key


def read_frame(data: bytes) -> None:
    blob, comment = decode(data)
    assert decode(encode(blob, comment).encode())[0] == blob


def _inside(label: str, seeds: list[bytes]) -> Target:
    """The content of an armour, for the armour lets little pass."""
    read = read_public if "PUBLIC" in label else read_private
    return Target(
        name=f"der-{label.lower().replace(' ', '-')}",
        function=lambda data: read(enclose(label, data)),
        seeds=seeds,
        allowed=(KeyFormatError,),
    )


def _sealed(key: PrivateKey) -> Target:
    """The secret fields of PuTTY's format behind a MAC that fits."""
    public = key.public_key
    kind = public.kind.encode()

    def read(data: bytes) -> None:
        over = b"".join(string(field) for field in (kind, b"none", b"", public.blob, data))
        lines = [
            b"PuTTY-User-Key-File-3: " + kind,
            b"Encryption: none",
            b"Comment: ",
            b"Public-Lines: 1",
            to_base64(public.blob),
            b"Private-Lines: 1",
            to_base64(data),
            b"Private-MAC: " + hmac.digest(b"", over, "sha256").hex().encode(),
        ]
        assert load_private_key(b"\n".join(lines), policy=KeyPolicy.LEGACY).public_key == public

    return Target(
        name=f"ppk-{public.kind}",
        function=read,
        seeds=[key.ppk_fields().encode()],
        allowed=(KeyFormatError,),
    )


def _inside_of(text: bytes | str) -> bytes:
    return open_armor(text.encode() if isinstance(text, str) else text).body


LOCKED_PKCS8 = bytes.fromhex(  # as OpenSSL encrypts it, with a salt that was random once
    "3081a3305f06092a864886f70d01050d3052303106092a864886f70d01050c30240410a7b8f578c44643064f"
    "fbd9e57ee1441f02020800300c06082a864886f70d02090500301d060960864801650304012a0410e2279dd4"
    "fd891aec2bde31c7813adfd30440518513c84159d6c94ea46b386c39840a9198a040f6162753d3848a4a5ab2"
    "fbaa83620647f34e80fc063999c1a27ee3be23f10f9b8df15854a8ae152c1d5800e8"
)

TARGETS = [
    Target(
        name="private-key-file",
        function=read_private,
        seeds=[
            *(key.to_openssh(random=bytes) for key in SIGNING),
            *(key.to_ppk() for key in PORTABLE),
            *(key.to_pem() for key in PORTABLE),
            RSA.to_pem(form="traditional"),
            ECDSA.to_pem(form="traditional"),
            LOCKED_OPENSSH,
            *LOCKED_PPK,
        ],
        allowed=(KeyFormatError,),
        tokens=[b"-----BEGIN ", b"PuTTY-User-Key-File-", b"Proc-Type: 4,ENCRYPTED\n", b"Argon2id"],
    ),
    Target(
        name="public-key-file",
        function=read_public,
        seeds=[
            *(key.to_openssh().encode() for key in PUBLIC),
            *(certificate.to_openssh().encode() for certificate in CERTIFICATES),
            *(key.public_key.to_pem().encode() for key in PORTABLE),
            *FRAMES,
            PORTABLE[0].to_ppk(),
        ],
        allowed=(KeyFormatError,),
        tokens=[
            b"-----BEGIN PUBLIC KEY-----\n",
            b"ssh-rsa ",
            b"ssh-ed25519-cert-v01@openssh.com ",
        ],
    ),
    Target(
        name="rfc4716",
        function=read_frame,
        seeds=FRAMES,
        allowed=(KeyFormatError,),
        tokens=[b"Comment: ", b"\\\n", b'"'],
    ),
    Target(
        name="der-cost",
        function=check_cost,
        seeds=[LOCKED_PKCS8],
        allowed=(KeyFormatError,),
    ),
    one_of(
        "der",
        [
            _inside("PRIVATE KEY", [_inside_of(key.to_pem()) for key in SMALL]),
            _inside("RSA PRIVATE KEY", [_inside_of(SMALL_RSA.to_pem(form="traditional"))]),
            _inside("EC PRIVATE KEY", [_inside_of(ECDSA.to_pem(form="traditional"))]),
            _inside("ENCRYPTED PRIVATE KEY", [LOCKED_PKCS8]),
            _inside(
                "PUBLIC KEY",
                [_inside_of(key.public_key.to_pem()) for key in PORTABLE],
            ),
        ],
    ),
    one_of("ppk-secret", [_sealed(key) for key in SMALL]),
]
