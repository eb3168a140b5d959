"""SSH keys, signatures, key files and trust files.

    public                        PublicKey: blob, verify, fingerprint
    private                       PrivateKey: generate, sign, save
    certificates                  Certificate: read, check
    grants                        Grant: what an authority grants
    issuing                       issue: the certificate of it
    certificate_fields            how its fields are sent, and read strictly
    fido                          what a FIDO token says when it signs, and what is demanded of it
    registry                      which kinds of key there are, and which are refused
    families/                     one file for each family of keys
    load                          load_private_key, load_public_key: any format that is known
    openssh                       OpenSSH's private key format
    ciphers                       the ciphers that protect it
    ppk, ppk_kdf                  PuTTY's private key format
    pem, pem_ciphers, der         PKCS#1, SEC1, PKCS#8, and how they are encrypted
    armor, key_text               the text around keys, as it is written and as it arrives
    rfc4716                       public keys as RFC 4716 frames them
    lines                         lines of text that hold a key
    known_hosts                   the host keys that a user trusts
    host_names, host_lines        what stands on one line of that file
    known_hosts_file              changes to that file, everything else in it left as it is
    host_key_update               what is to change once a server has named its keys
    authorized_keys               the keys that may log in
    authorized_principals         the names that may log in with a certificate
    key_options                   the options in front of a key
    sshsig                        signatures of files and messages
    allowed_signers               who may sign what
    krl, serials                  lists of revoked keys and certificates
    krl_text                      such lists as text
    sshfp                         fingerprints of host keys in the DNS
    art                           randomart and bubblebabble
    patterns, addresses, dates    what the options of trust files are written in
    files                         all of it on disk: the only I/O
    errors                        what parsers raise

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
from ssh_keys.errors import SignatureRefused as SignatureRefused
from ssh_keys.errors import SigningFailed as SigningFailed
from ssh_keys.errors import TokenNeeded as TokenNeeded
from ssh_keys.errors import TooCostly as TooCostly
from ssh_keys.errors import UnprotectedKey as UnprotectedKey
from ssh_keys.errors import UnsupportedKey as UnsupportedKey
from ssh_keys.lines import Problem as Problem
from ssh_keys.load import load_private_key as load_private_key
from ssh_keys.load import load_public_key as load_public_key
from ssh_keys.private import PrivateKey as PrivateKey
from ssh_keys.public import PublicKey as PublicKey
from ssh_keys.public import Signature as Signature

if TYPE_CHECKING:
    from ssh_keys.allowed_signers import AllowedSigners as AllowedSigners
    from ssh_keys.authorized_keys import AuthorizedKey as AuthorizedKey
    from ssh_keys.authorized_keys import AuthorizedKeys as AuthorizedKeys
    from ssh_keys.authorized_principals import AuthorizedPrincipals as AuthorizedPrincipals
    from ssh_keys.certificates import Certificate as Certificate
    from ssh_keys.fido import FidoPolicy as FidoPolicy
    from ssh_keys.grants import Grant as Grant
    from ssh_keys.host_key_update import HostKeyUpdate as HostKeyUpdate
    from ssh_keys.issuing import issue as issue
    from ssh_keys.known_hosts import HostKeys as HostKeys
    from ssh_keys.known_hosts import HostKeyStatus as HostKeyStatus
    from ssh_keys.known_hosts import KnownHosts as KnownHosts
    from ssh_keys.known_hosts_file import KnownHostsFile as KnownHostsFile
    from ssh_keys.krl import RevocationList as RevocationList
    from ssh_keys.sshfp import SSHFP as SSHFP
    from ssh_keys.sshsig import SSHSig as SSHSig

_LATER: Final = {
    "AllowedSigners": "ssh_keys.allowed_signers",
    "AuthorizedKey": "ssh_keys.authorized_keys",
    "AuthorizedKeys": "ssh_keys.authorized_keys",
    "AuthorizedPrincipals": "ssh_keys.authorized_principals",
    "Certificate": "ssh_keys.certificates",
    "FidoPolicy": "ssh_keys.fido",
    "Grant": "ssh_keys.grants",
    "HostKeyStatus": "ssh_keys.known_hosts",
    "HostKeyUpdate": "ssh_keys.host_key_update",
    "HostKeys": "ssh_keys.known_hosts",
    "KnownHosts": "ssh_keys.known_hosts",
    "KnownHostsFile": "ssh_keys.known_hosts_file",
    "RevocationList": "ssh_keys.krl",
    "SSHFP": "ssh_keys.sshfp",
    "SSHSig": "ssh_keys.sshsig",
    "issue": "ssh_keys.issuing",
}


def __getattr__(name: str) -> object:
    """Load a trust file's module when one of its names is first asked for."""
    if name not in _LATER:
        problem = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(problem)
    value = globals()[name] = getattr(import_module(_LATER[name]), name)
    return value
