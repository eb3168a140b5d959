"""The algorithm names of SSH, each with its list, its specification and an assessment.

The assessment is that of the stack's profiles (RFC 9142, twenty years after RFC 4253):

    recommended   resists every known attack; what a new server should offer
    allowed       sound, and needed for today's peers
    legacy        weak or partly broken; for legacy peers, when a user asks for it
    never         broken, or without protection; not to be offered
    marker        not an algorithm: a name in the list that signals a feature of its sender

The table is for protocol tools, such as the scanner of the tutorials, so no module of the stack
imports it: what the stack offers is decided by `ssh_transport.algorithms`, which has only the
algorithms that are implemented.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from ssh_wire import lazy_attrs

__all__ = ["ALGORITHMS", "Algorithm", "Kind", "Status", "algorithm", "algorithms"]

Kind: TypeAlias = Literal["kex", "host key", "cipher", "mac", "compression"]
"""The list of KEXINIT that a name is in; user keys sign with the names of host keys."""

Status: TypeAlias = Literal["recommended", "allowed", "legacy", "never", "marker"]
"""The assessment of an algorithm."""


@lazy_attrs.frozen
class Algorithm:
    """An algorithm name.

    Attributes:
        kind: the list that it is in.
        name: the name; a name that ends with `*` is a prefix of names.
        status: its assessment.
        source: the specification that defines it.
    """

    kind: Kind
    name: str
    status: Status
    source: str


_Rows: TypeAlias = tuple[tuple[Status, str, str], ...]

_KEX: _Rows = (
    ("recommended", "mlkem768x25519-sha256", "draft-ietf-sshm-mlkem-hybrid-kex"),
    ("recommended", "mlkem768nistp256-sha256", "draft-ietf-sshm-mlkem-hybrid-kex"),
    ("recommended", "mlkem1024nistp384-sha384", "draft-ietf-sshm-mlkem-hybrid-kex"),
    ("recommended", "sntrup761x25519-sha512", "draft-ietf-sshm-ntruprime-ssh"),
    ("recommended", "sntrup761x25519-sha512@openssh.com", "draft-ietf-sshm-ntruprime-ssh"),
    ("allowed", "curve25519-sha256", "RFC 8731"),
    ("allowed", "curve25519-sha256@libssh.org", "RFC 8731"),
    ("allowed", "curve448-sha512", "RFC 8731"),
    ("allowed", "ecdh-sha2-nistp256", "RFC 5656"),
    ("allowed", "ecdh-sha2-nistp384", "RFC 5656"),
    ("allowed", "ecdh-sha2-nistp521", "RFC 5656"),
    ("allowed", "diffie-hellman-group14-sha256", "RFC 8268"),
    ("allowed", "diffie-hellman-group15-sha512", "RFC 8268"),
    ("allowed", "diffie-hellman-group16-sha512", "RFC 8268"),
    ("allowed", "diffie-hellman-group17-sha512", "RFC 8268"),
    ("allowed", "diffie-hellman-group18-sha512", "RFC 8268"),
    ("allowed", "diffie-hellman-group-exchange-sha256", "RFC 4419"),
    ("allowed", "gss-curve25519-sha256-*", "RFC 8732"),
    ("allowed", "gss-curve448-sha512-*", "RFC 8732"),
    ("allowed", "gss-group14-sha256-*", "RFC 8732"),
    ("allowed", "gss-group15-sha512-*", "RFC 8732"),
    ("allowed", "gss-group16-sha512-*", "RFC 8732"),
    ("allowed", "gss-group17-sha512-*", "RFC 8732"),
    ("allowed", "gss-group18-sha512-*", "RFC 8732"),
    ("allowed", "gss-nistp256-sha256-*", "RFC 8732"),
    ("allowed", "gss-nistp384-sha384-*", "RFC 8732"),
    ("allowed", "gss-nistp521-sha512-*", "RFC 8732"),
    ("legacy", "ecmqv-sha2", "RFC 5656"),
    ("legacy", "rsa2048-sha256", "RFC 4432"),
    ("legacy", "diffie-hellman-group14-sha1", "RFC 4253"),
    ("legacy", "diffie-hellman-group-exchange-sha1", "RFC 4419"),
    ("legacy", "diffie-hellman-group1-sha1", "RFC 4253"),
    ("legacy", "gss-gex-sha1-*", "RFC 4462"),
    ("legacy", "gss-group14-sha1-*", "RFC 4462"),
    ("legacy", "gss-group1-sha1-*", "RFC 4462"),
    ("never", "rsa1024-sha1", "RFC 4432"),
    ("marker", "ext-info-c", "RFC 8308"),
    ("marker", "ext-info-s", "RFC 8308"),
    ("marker", "kex-strict-c-v00@openssh.com", "draft-miller-sshm-strict-kex"),
    ("marker", "kex-strict-s-v00@openssh.com", "draft-miller-sshm-strict-kex"),
    ("marker", "kex-strict-c", "draft-miller-sshm-strict-kex"),
    ("marker", "kex-strict-s", "draft-miller-sshm-strict-kex"),
)

_COMPOSITE = "draft-miller-sshm-mldsa44-ed25519-composite-sigs"

_HOST_KEYS: _Rows = (
    ("recommended", "ssh-ed25519", "RFC 8709"),
    ("recommended", "ssh-ed25519-cert-v01@openssh.com", "PROTOCOL.certkeys"),
    ("recommended", "sk-ssh-ed25519@openssh.com", "PROTOCOL.u2f"),
    ("recommended", "sk-ssh-ed25519-cert-v01@openssh.com", "PROTOCOL.u2f"),
    ("recommended", "ssh-mldsa44-ed25519", _COMPOSITE),
    ("recommended", "ssh-mldsa44-ed25519-cert", _COMPOSITE),
    ("recommended", "ssh-mldsa44-ed25519@openssh.com", _COMPOSITE),
    ("recommended", "ssh-mldsa44-ed25519-cert-v01@openssh.com", _COMPOSITE),
    ("recommended", "rsa-sha2-512", "RFC 8332"),
    ("recommended", "rsa-sha2-256", "RFC 8332"),
    ("recommended", "rsa-sha2-512-cert-v01@openssh.com", "PROTOCOL.certkeys"),
    ("recommended", "rsa-sha2-256-cert-v01@openssh.com", "PROTOCOL.certkeys"),
    ("allowed", "ssh-ed448", "RFC 8709"),
    ("allowed", "ecdsa-sha2-nistp256", "RFC 5656"),
    ("allowed", "ecdsa-sha2-nistp384", "RFC 5656"),
    ("allowed", "ecdsa-sha2-nistp521", "RFC 5656"),
    ("allowed", "ecdsa-sha2-nistp256-cert-v01@openssh.com", "PROTOCOL.certkeys"),
    ("allowed", "ecdsa-sha2-nistp384-cert-v01@openssh.com", "PROTOCOL.certkeys"),
    ("allowed", "ecdsa-sha2-nistp521-cert-v01@openssh.com", "PROTOCOL.certkeys"),
    ("allowed", "sk-ecdsa-sha2-nistp256@openssh.com", "PROTOCOL.u2f"),
    ("allowed", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "PROTOCOL.u2f"),
    ("allowed", "webauthn-sk-ecdsa-sha2-nistp256@openssh.com", "PROTOCOL.u2f"),
    ("allowed", "webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "PROTOCOL.u2f"),
    ("allowed", "x509v3-ecdsa-sha2-*", "RFC 6187"),
    ("allowed", "x509v3-rsa2048-sha256", "RFC 6187"),
    ("allowed", "null", "RFC 4462"),
    ("legacy", "ssh-rsa", "RFC 4253"),
    ("legacy", "ssh-rsa-cert-v01@openssh.com", "PROTOCOL.certkeys"),
    ("legacy", "x509v3-ssh-rsa", "RFC 6187"),
    ("never", "ssh-dss", "RFC 4253"),
    ("never", "ssh-dss-cert-v01@openssh.com", "PROTOCOL.certkeys"),
    ("never", "x509v3-ssh-dss", "RFC 6187"),
    ("never", "pgp-sign-rsa", "RFC 4253"),
    ("never", "pgp-sign-dss", "RFC 4253"),
)

_CIPHERS: _Rows = (
    ("recommended", "aes256-gcm@openssh.com", "RFC 5647, PROTOCOL section 1.6"),
    ("recommended", "aes128-gcm@openssh.com", "RFC 5647, PROTOCOL section 1.6"),
    ("recommended", "chacha20-poly1305@openssh.com", "PROTOCOL.chacha20poly1305"),
    ("recommended", "chacha20-poly1305", "draft-ietf-sshm-chacha20-poly1305"),
    ("allowed", "aes256-ctr", "RFC 4344"),
    ("allowed", "aes192-ctr", "RFC 4344"),
    ("allowed", "aes128-ctr", "RFC 4344"),
    ("legacy", "AEAD_AES_256_GCM", "RFC 5647"),
    ("legacy", "AEAD_AES_128_GCM", "RFC 5647"),
    ("legacy", "aes256-cbc", "RFC 4253"),
    ("legacy", "aes192-cbc", "RFC 4253"),
    ("legacy", "aes128-cbc", "RFC 4253"),
    ("legacy", "3des-cbc", "RFC 4253"),
    ("never", "3des-ctr", "RFC 4344"),
    ("never", "rijndael-cbc@lysator.liu.se", "OpenSSH before 7.9"),
    ("never", "blowfish-c*", "RFC 4253, RFC 4344"),
    ("never", "cast128-c*", "RFC 4253, RFC 4344"),
    ("never", "idea-c*", "RFC 4253, RFC 4344"),
    ("never", "twofish*", "RFC 4253, RFC 4344"),
    ("never", "serpent*", "RFC 4253, RFC 4344"),
    ("never", "arcfour*", "RFC 8758"),
    ("never", "des-cbc*", "RFC 4250"),
    ("never", "none", "RFC 4253"),
)

_MACS: _Rows = (
    ("recommended", "hmac-sha2-512-etm@openssh.com", "PROTOCOL section 1.5"),
    ("recommended", "hmac-sha2-256-etm@openssh.com", "PROTOCOL section 1.5"),
    ("allowed", "hmac-sha2-512", "RFC 6668"),
    ("allowed", "hmac-sha2-256", "RFC 6668"),
    ("allowed", "umac-128-etm@openssh.com", "PROTOCOL section 1.1"),
    ("allowed", "umac-128@openssh.com", "PROTOCOL section 1.1"),
    ("legacy", "umac-64-etm@openssh.com", "PROTOCOL section 1.1"),
    ("legacy", "umac-64@openssh.com", "PROTOCOL section 1.1"),
    ("legacy", "AEAD_AES_256_GCM", "RFC 5647"),
    ("legacy", "AEAD_AES_128_GCM", "RFC 5647"),
    ("legacy", "hmac-sha1-etm@openssh.com", "PROTOCOL section 1.5"),
    ("legacy", "hmac-sha1-96-etm@openssh.com", "PROTOCOL section 1.5"),
    ("legacy", "hmac-sha1", "RFC 4253"),
    ("legacy", "hmac-sha1-96", "RFC 4253"),
    ("never", "hmac-md5*", "RFC 4253"),
    ("never", "hmac-ripemd160*", "OpenSSH before 7.6"),
    ("never", "none", "RFC 4253"),
)

_COMPRESSION: _Rows = (
    ("recommended", "none", "RFC 4253"),
    ("allowed", "zlib@openssh.com", "PROTOCOL section 1.2"),
    ("never", "zlib", "RFC 4253"),
)

_TABLES: Final[dict[Kind, _Rows]] = {
    "kex": _KEX,
    "host key": _HOST_KEYS,
    "cipher": _CIPHERS,
    "mac": _MACS,
    "compression": _COMPRESSION,
}

ALGORITHMS: Final = tuple(
    Algorithm(kind, name, status, source)
    for kind, rows in _TABLES.items()
    for status, name, source in rows
)
"""Every known name, the better ones first within their kind."""

_BY_NAME: Final = {(known.kind, known.name): known for known in ALGORITHMS}


def algorithms(kind: Kind) -> tuple[Algorithm, ...]:
    """Return every known algorithm of a kind, the better ones first."""
    return tuple(known for known in ALGORITHMS if known.kind == kind)


def algorithm(kind: Kind, name: str) -> Algorithm | None:
    """Return the entry for a name in a list of KEXINIT; None if it is not known."""
    known = _BY_NAME.get((kind, name))
    if known is not None:
        return known
    for (of, pattern), found in _BY_NAME.items():
        if of == kind and pattern.endswith("*") and name.startswith(pattern[:-1]):
            return found
    return None
