"""SSH keys, signatures, key files and trust files.

    public           PublicKey: blob, verify, fingerprint
    private          PrivateKey: generate, sign, save
    registry         which kinds of key there are, and which are refused
    families/        Ed25519, ECDSA, RSA: one file each
    certificates     Certificate: read, check, issue
    load             load_private_key, load_public_key: any format that is known
    openssh          OpenSSH's private key format
    ciphers          the ciphers that protect it
    pem, armor, der  PKCS#1, SEC1, PKCS#8 and the text around them
    lines            lines of text that hold a key
    known_hosts      the host keys that a user trusts
    authorized_keys  the keys that may log in
    patterns         host patterns in linear time
    files            all of it on disk: the only I/O
    errors           what parsers raise

Trust files, a family, a key format and everything of `cryptography`, PyNaCl and bcrypt load
when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from ssh_keys.errors import CertificateRefused as CertificateRefused
from ssh_keys.errors import KeyDecryptError as KeyDecryptError
from ssh_keys.errors import KeyFormatError as KeyFormatError
from ssh_keys.errors import PassphraseNeeded as PassphraseNeeded
from ssh_keys.errors import SigningFailed as SigningFailed
from ssh_keys.errors import UnsupportedKey as UnsupportedKey
from ssh_keys.lines import Problem as Problem
from ssh_keys.load import load_private_key as load_private_key
from ssh_keys.load import load_public_key as load_public_key
from ssh_keys.private import PrivateKey as PrivateKey
from ssh_keys.public import PublicKey as PublicKey
from ssh_keys.public import Signature as Signature

if TYPE_CHECKING:
    from ssh_keys.authorized_keys import AuthorizedKey as AuthorizedKey
    from ssh_keys.authorized_keys import AuthorizedKeys as AuthorizedKeys
    from ssh_keys.certificates import Certificate as Certificate
    from ssh_keys.known_hosts import HostKeys as HostKeys
    from ssh_keys.known_hosts import HostKeyStatus as HostKeyStatus
    from ssh_keys.known_hosts import KnownHosts as KnownHosts

_LATER: Final = {
    "AuthorizedKey": "ssh_keys.authorized_keys",
    "AuthorizedKeys": "ssh_keys.authorized_keys",
    "Certificate": "ssh_keys.certificates",
    "HostKeyStatus": "ssh_keys.known_hosts",
    "HostKeys": "ssh_keys.known_hosts",
    "KnownHosts": "ssh_keys.known_hosts",
}


def __getattr__(name: str) -> object:
    """Load a trust file's module when one of its names is first asked for."""
    if name not in _LATER:
        problem = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(problem)
    value = globals()[name] = getattr(import_module(_LATER[name]), name)
    return value
