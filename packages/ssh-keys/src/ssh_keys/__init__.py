"""SSH keys, signatures, key files and trust files.

    public           PublicKey: blob, verify, fingerprint
    private          PrivateKey: generate, sign, save
    registry         which kinds of key there are, and which are refused
    families/        Ed25519, ECDSA, RSA: one file each
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

A family, a key format and everything of `cryptography`, PyNaCl and bcrypt load when they
are first used.
"""

from __future__ import annotations

from ssh_keys.authorized_keys import AuthorizedKey as AuthorizedKey
from ssh_keys.authorized_keys import AuthorizedKeys as AuthorizedKeys
from ssh_keys.errors import KeyDecryptError as KeyDecryptError
from ssh_keys.errors import KeyFormatError as KeyFormatError
from ssh_keys.errors import PassphraseNeeded as PassphraseNeeded
from ssh_keys.errors import SigningFailed as SigningFailed
from ssh_keys.errors import UnsupportedKey as UnsupportedKey
from ssh_keys.known_hosts import HostKeys as HostKeys
from ssh_keys.known_hosts import HostKeyStatus as HostKeyStatus
from ssh_keys.known_hosts import KnownHosts as KnownHosts
from ssh_keys.lines import Problem as Problem
from ssh_keys.load import load_private_key as load_private_key
from ssh_keys.load import load_public_key as load_public_key
from ssh_keys.private import PrivateKey as PrivateKey
from ssh_keys.public import PublicKey as PublicKey
from ssh_keys.public import Signature as Signature
