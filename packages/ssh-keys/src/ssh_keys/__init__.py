"""SSH keys, signatures, key files and trust files.

Public modules:

    ssh_keys        keys, certificates, their errors, trust files
    certificates    what an authority certifies: check it, issue it
    errors          what parsers raise
    fido            what a FIDO token's signature states, and what is demanded of it
    fido_library    the library that talks to FIDO tokens
    files           all of it on disk: the only I/O
    pkcs11          keys in smartcards and hardware security modules
    patterns        patterns of hosts and algorithms, as ssh_config(5) has them
    randomart       randomart and bubblebabble
    signatures      signatures of files and messages
    trust           lines of trust files, revocation lists, SSHFP records

Internal:

    kinds           the kinds of key by name: which are handled, and which are refused
    policy          KeyPolicy: which keys are strong enough to be read
    credential      a key or a certificate, whichever it is
    public          PublicKey: blob, verify, fingerprint
    message_signer  MessageSigner: what signs with a key
    private         PrivateKey: generate, sign, save
    registry        what a family of keys offers
    families/       one file for each family of keys
    formats/        how keys are written in files
    load            load_private_key, load_public_key: any format that is known
    lines           lines of text files
    strict_base64   base64 in the one way to write it

Trust files, a family, a key format and everything of `cryptography` and bcrypt load
when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_keys.certificates.certificate import Certificate as Certificate
    from ssh_keys.certificates.certificate_spec import CertificateSpec as CertificateSpec
    from ssh_keys.certificates.signing import issue as issue
    from ssh_keys.credential import Credential as Credential
    from ssh_keys.credential import credential_from_blob as credential_from_blob
    from ssh_keys.credential import plain_key as plain_key
    from ssh_keys.errors import CertificateRefused as CertificateRefused
    from ssh_keys.errors import KeyDecryptError as KeyDecryptError
    from ssh_keys.errors import KeyFormatError as KeyFormatError
    from ssh_keys.errors import PinNeeded as PinNeeded
    from ssh_keys.errors import SignatureRefused as SignatureRefused
    from ssh_keys.errors import SigningFailed as SigningFailed
    from ssh_keys.errors import TokenFailed as TokenFailed
    from ssh_keys.errors import TokenNeeded as TokenNeeded
    from ssh_keys.errors import TooCostly as TooCostly
    from ssh_keys.errors import UnprotectedKey as UnprotectedKey
    from ssh_keys.errors import UnsupportedKey as UnsupportedKey
    from ssh_keys.fido import FidoPolicy as FidoPolicy
    from ssh_keys.formats.key_text import is_key_text as is_key_text
    from ssh_keys.kinds import certified_name as certified_name
    from ssh_keys.kinds import is_known_kind as is_known_kind
    from ssh_keys.kinds import is_security_key as is_security_key
    from ssh_keys.kinds import plain_kind as plain_kind
    from ssh_keys.lines import Problem as Problem
    from ssh_keys.load import load_private_key as load_private_key
    from ssh_keys.load import load_public_key as load_public_key
    from ssh_keys.policy import KeyPolicy as KeyPolicy
    from ssh_keys.private import PassphraseNeeded as PassphraseNeeded
    from ssh_keys.private import PrivateKey as PrivateKey
    from ssh_keys.public import MAX_BLOB as MAX_BLOB
    from ssh_keys.public import PublicKey as PublicKey
    from ssh_keys.public import Signature as Signature
    from ssh_keys.signatures.sshsig import SSHSig as SSHSig
    from ssh_keys.trust.allowed_signers import AllowedSigners as AllowedSigners
    from ssh_keys.trust.authorized_keys import AuthorizedKey as AuthorizedKey
    from ssh_keys.trust.authorized_keys import AuthorizedKeysFile as AuthorizedKeysFile
    from ssh_keys.trust.authorized_principals import AuthorizedPrincipals as AuthorizedPrincipals
    from ssh_keys.trust.host_key_update import HostKeyUpdate as HostKeyUpdate
    from ssh_keys.trust.known_hosts import HostKeys as HostKeys
    from ssh_keys.trust.known_hosts import HostKeyStatus as HostKeyStatus
    from ssh_keys.trust.known_hosts import KnownHosts as KnownHosts
    from ssh_keys.trust.known_hosts_file import KnownHostsFile as KnownHostsFile
    from ssh_keys.trust.krl import RevocationList as RevocationList
    from ssh_keys.trust.sshfp import SSHFP as SSHFP
else:
    __getattr__, __dir__, __all__ = lazy.names(
        __name__,
        {
            "ssh_keys.trust.allowed_signers": "AllowedSigners",
            "ssh_keys.trust.authorized_keys": "AuthorizedKey AuthorizedKeysFile",
            "ssh_keys.trust.authorized_principals": "AuthorizedPrincipals",
            "ssh_keys.certificates.certificate": "Certificate",
            "ssh_keys.certificates.certificate_spec": "CertificateSpec",
            "ssh_keys.certificates.signing": "issue",
            "ssh_keys.credential": "Credential credential_from_blob plain_key",
            "ssh_keys.errors": (
                "CertificateRefused KeyDecryptError KeyFormatError PinNeeded "
                "SignatureRefused SigningFailed TokenFailed TokenNeeded TooCostly UnprotectedKey "
                "UnsupportedKey"
            ),
            "ssh_keys.fido": "FidoPolicy",
            "ssh_keys.trust.host_key_update": "HostKeyUpdate",
            "ssh_keys.formats.key_text": "is_key_text",
            "ssh_keys.trust.known_hosts": "HostKeyStatus HostKeys KnownHosts",
            "ssh_keys.trust.known_hosts_file": "KnownHostsFile",
            "ssh_keys.trust.krl": "RevocationList",
            "ssh_keys.lines": "Problem",
            "ssh_keys.load": "load_private_key load_public_key",
            "ssh_keys.policy": "KeyPolicy",
            "ssh_keys.private": "PassphraseNeeded PrivateKey",
            "ssh_keys.public": "MAX_BLOB PublicKey Signature",
            "ssh_keys.kinds": "certified_name is_known_kind is_security_key plain_kind",
            "ssh_keys.trust.sshfp": "SSHFP",
            "ssh_keys.signatures.sshsig": "SSHSig",
        },
    )
