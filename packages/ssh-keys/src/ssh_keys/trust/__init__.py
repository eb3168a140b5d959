"""Trust files: whose keys are trusted, for what, and until when.

known_hosts             the host keys that a user trusts
host_names, host_lines  the parts of one line of that file
known_hosts_file        changes to that file; everything else in it stays as it is
host_key_update         what is to change once a server has named its keys
authorized_keys         the keys that may log in
authorized_principals   the names that may log in with a certificate
key_options             the options in front of a key
address_lists, dates    the values of such options
allowed_signers         who may sign what
krl, krl_records        lists of revoked keys and certificates, and their encoding
serial_sets             the serial numbers in them
krl_text                such lists as text
key_blobs               the key of a line, also of a kind that is refused
sshfp                   fingerprints of host keys in the DNS

The names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_keys.lines import Problem as Problem
    from ssh_keys.lines import numbered_lines as numbered_lines
    from ssh_keys.lines import take_field as take_field
    from ssh_keys.trust.allowed_signers import AllowedSigner as AllowedSigner
    from ssh_keys.trust.allowed_signers import AllowedSigners as AllowedSigners
    from ssh_keys.trust.authorized_keys import AuthorizedKey as AuthorizedKey
    from ssh_keys.trust.authorized_keys import AuthorizedKeysFile as AuthorizedKeysFile
    from ssh_keys.trust.authorized_principals import AuthorizedPrincipal as AuthorizedPrincipal
    from ssh_keys.trust.authorized_principals import AuthorizedPrincipals as AuthorizedPrincipals
    from ssh_keys.trust.dates import parse_date as parse_date
    from ssh_keys.trust.host_key_update import HostKeyUpdate as HostKeyUpdate
    from ssh_keys.trust.host_key_update import names_only as names_only
    from ssh_keys.trust.host_lines import HostEntry as HostEntry
    from ssh_keys.trust.host_lines import HostLine as HostLine
    from ssh_keys.trust.host_lines import Marker as Marker
    from ssh_keys.trust.host_lines import UnusableLine as UnusableLine
    from ssh_keys.trust.host_lines import split_host_line as split_host_line
    from ssh_keys.trust.host_names import HashedName as HashedName
    from ssh_keys.trust.host_names import host_name as host_name
    from ssh_keys.trust.key_options import OPTIONS as OPTIONS
    from ssh_keys.trust.key_options import KeyOptions as KeyOptions
    from ssh_keys.trust.key_options import PermittedAddress as PermittedAddress
    from ssh_keys.trust.known_hosts import HostKeys as HostKeys
    from ssh_keys.trust.known_hosts import HostKeyStatus as HostKeyStatus
    from ssh_keys.trust.known_hosts import KnownHosts as KnownHosts
    from ssh_keys.trust.known_hosts import Verdict as Verdict
    from ssh_keys.trust.known_hosts import format_host_line as format_host_line
    from ssh_keys.trust.known_hosts_file import FoundLine as FoundLine
    from ssh_keys.trust.known_hosts_file import KnownHostsFile as KnownHostsFile
    from ssh_keys.trust.krl import RevocationList as RevocationList
    from ssh_keys.trust.krl import RevokedCertificates as RevokedCertificates
    from ssh_keys.trust.krl_records import Extension as Extension
    from ssh_keys.trust.krl_text import Authority as Authority
    from ssh_keys.trust.krl_text import parse_revoked as parse_revoked
    from ssh_keys.trust.krl_text import revoke_specified as revoke_specified
    from ssh_keys.trust.sshfp import SSHFP as SSHFP
    from ssh_keys.trust.sshfp import SSHFPMatch as SSHFPMatch
    from ssh_keys.trust.sshfp import check_sshfp as check_sshfp
    from ssh_keys.trust.sshfp import sshfp_records as sshfp_records
else:
    __getattr__, __dir__, __all__ = lazy.names(
        __name__,
        {
            "ssh_keys.trust.allowed_signers": "AllowedSigner AllowedSigners",
            "ssh_keys.trust.authorized_keys": "AuthorizedKey AuthorizedKeysFile",
            "ssh_keys.trust.authorized_principals": "AuthorizedPrincipal AuthorizedPrincipals",
            "ssh_keys.trust.dates": "parse_date",
            "ssh_keys.trust.host_key_update": "HostKeyUpdate names_only",
            "ssh_keys.trust.host_lines": "HostEntry HostLine Marker UnusableLine split_host_line",
            "ssh_keys.trust.host_names": "HashedName host_name",
            "ssh_keys.trust.key_options": "OPTIONS KeyOptions PermittedAddress",
            "ssh_keys.trust.known_hosts": (
                "HostKeys HostKeyStatus KnownHosts Verdict format_host_line"
            ),
            "ssh_keys.trust.known_hosts_file": "FoundLine KnownHostsFile",
            "ssh_keys.trust.krl": "RevocationList RevokedCertificates",
            "ssh_keys.trust.krl_records": "Extension",
            "ssh_keys.trust.krl_text": "Authority parse_revoked revoke_specified",
            "ssh_keys.lines": "Problem numbered_lines take_field",
            "ssh_keys.trust.sshfp": "SSHFP SSHFPMatch check_sshfp sshfp_records",
        },
    )
