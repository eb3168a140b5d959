"""Certificates for the tests: good ones, and ones whose fields are set one by one."""

from __future__ import annotations

from os import urandom
from typing import Any

import attrs
import pytest

from ssh_keys import Certificate, CertificateRefused, CertificateSpec, PrivateKey, PublicKey, issue
from ssh_keys.certificates.certificate_spec import FOREVER, PERMISSIONS
from ssh_wire.primitives import read_string, string

NOW = 1_700_000_000
ALICE = CertificateSpec(
    role="user", key_id="who", principals=("alice", "bob"), extensions=PERMISSIONS
)
HOSTS = CertificateSpec(
    role="host", key_id="web", principals=("web1.example.com", "*.example.org")
)


def certify(
    ca: PrivateKey, key: PublicKey, spec: CertificateSpec = ALICE, **changes: Any
) -> Certificate:
    return issue(ca, key, spec=attrs.evolve(spec, **changes), random=urandom)


def signed(ca: PrivateKey, public: PublicKey, **fields: bytes) -> bytes:
    """A certificate field by field, with any of them replaced, and signed all the same."""
    _, pos = read_string(public.blob, 0)
    parts = {
        "kind": string(public.kind.removesuffix("@openssh.com") + "-cert-v01@openssh.com"),
        "nonce": string(bytes(32)),
        "key": public.blob[pos:],
        "serial": bytes(8),
        "role": (1).to_bytes(4),
        "key_id": string("who"),
        "principals": string(string("alice")),
        "valid_after": bytes(8),
        "valid_before": FOREVER.to_bytes(8),
        "critical": string(b""),
        "extensions": string(b""),
        "reserved": string(b""),
        "ca_key": string(ca.public_key.blob),
    }
    assert fields.keys() <= parts.keys() | {"behind", "signature"}
    behind = fields.pop("behind", b"")
    signature = fields.pop("signature", None)
    body = b"".join({**parts, **fields}.values())
    return body + string(ca.sign(body) if signature is None else signature) + behind


def refuses(
    certificate: Certificate, reason: str, match: str | None = None, **purpose: Any
) -> None:
    wanted: dict[str, Any] = {"role": "user", "principal": "alice", "now": NOW, **purpose}
    with pytest.raises(CertificateRefused, match=match) as caught:
        certificate.check(**wanted)
    assert caught.value.reason == reason
