"""One key of each kind, always the same: read from files, made of constants."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path

from ssh_keys import (
    Certificate,
    CertificateSpec,
    KeyPolicy,
    PrivateKey,
    PublicKey,
    issue,
    load_private_key,
)
from ssh_keys.certificates import PERMISSIONS
from ssh_keys.families.mldsa import FAMILY as MLDSA
from ssh_keys.families.sk import FAMILY as TOKENS
from ssh_wire.primitives import read_string, string

__all__ = [
    "AUTHORITY",
    "CERTIFICATES",
    "PORTABLE",
    "PUBLIC",
    "SIGNING",
    "SMALL_RSA",
    "TOKEN_KEYS",
    "VECTOR",
]

_DATA = Path(__file__).parents[1] / "packages" / "ssh-keys" / "tests" / "data"

VECTOR = {
    name: b64decode(text)
    for name, text in json.loads((_DATA / "mldsa44-ed25519.json").read_text()).items()
    if name != "source"
}
"""The composite's test vector: message, public key, private key, signature."""

PORTABLE = [
    load_private_key((_DATA / f"{name}.ppk").read_bytes())
    for name in ("ed25519", "ed448", "ecdsa", "rsa")
]


SMALL_RSA = load_private_key((_DATA / "rsa1024.ppk").read_bytes(), policy=KeyPolicy.LEGACY)
"""An RSA key that is tried fast, where keys are taken down to 1024 bits."""


def _composite(kind: str) -> PrivateKey:
    section = string(kind) + string(VECTOR["pk"]) + string(VECTOR["sk"])
    return MLDSA.read_private(section, 0, policy=KeyPolicy.DEFAULT)[0]


def _token(kind: str, plain: PublicKey) -> PrivateKey:
    _, pos = read_string(plain.blob, 0)
    blob = string(kind) + plain.blob[pos:] + string("ssh:")
    section = blob + b"\1" + string(b"handle") + string(b"")
    return TOKENS.read_private(section, 0, policy=KeyPolicy.DEFAULT)[0]


SIGNING = [
    *PORTABLE,
    _composite("ssh-mldsa44-ed25519"),
    _composite("ssh-mldsa44-ed25519@openssh.com"),
]

TOKEN_KEYS = [
    _token("sk-ssh-ed25519@openssh.com", PORTABLE[0].public_key),
    _token("sk-ecdsa-sha2-nistp256@openssh.com", PORTABLE[2].public_key),
]

PUBLIC = [key.public_key for key in (*SIGNING, *TOKEN_KEYS)]

AUTHORITY = PORTABLE[0]

_USER = CertificateSpec(
    role="user",
    key_id="an id",
    principals=("alice", "bob"),
    critical_options={
        "force-command": string("ls"),
        "source-address": string("192.0.2.0/24,2001:db8::/32"),
        "verify-required": b"",
    },
    extensions=PERMISSIONS,
)
_HOST = CertificateSpec(
    role="host", key_id="", principals=("*.example.com",), valid_before=2_000_000_000
)

CERTIFICATES: list[Certificate] = [
    *(issue(AUTHORITY, key, spec=_USER, random=bytes) for key in PUBLIC),
    issue(AUTHORITY, AUTHORITY.public_key, spec=_HOST, random=bytes),
]
