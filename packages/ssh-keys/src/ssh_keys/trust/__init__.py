"""Trust files: whose keys are believed, for what, and until when.

The names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_keys.allowed_signers import AllowedSigner as AllowedSigner
    from ssh_keys.allowed_signers import AllowedSigners as AllowedSigners
    from ssh_keys.authorized_keys import AuthorizedKey as AuthorizedKey
    from ssh_keys.authorized_keys import AuthorizedKeysFile as AuthorizedKeysFile
    from ssh_keys.authorized_principals import AuthorizedPrincipal as AuthorizedPrincipal
    from ssh_keys.authorized_principals import AuthorizedPrincipals as AuthorizedPrincipals
    from ssh_keys.dates import parse_date as parse_date
    from ssh_keys.host_key_update import HostKeyUpdate as HostKeyUpdate
    from ssh_keys.host_key_update import names_only as names_only
    from ssh_keys.host_lines import HostEntry as HostEntry
    from ssh_keys.host_lines import HostLine as HostLine
    from ssh_keys.host_lines import Marker as Marker
    from ssh_keys.host_lines import UnusableLine as UnusableLine
    from ssh_keys.host_lines import split_host_line as split_host_line
    from ssh_keys.host_names import HashedName as HashedName
    from ssh_keys.host_names import host_name as host_name
    from ssh_keys.key_options import OPTIONS as OPTIONS
    from ssh_keys.key_options import KeyOptions as KeyOptions
    from ssh_keys.key_options import PermittedAddress as PermittedAddress
    from ssh_keys.known_hosts import HostKeys as HostKeys
    from ssh_keys.known_hosts import HostKeyStatus as HostKeyStatus
    from ssh_keys.known_hosts import KnownHosts as KnownHosts
    from ssh_keys.known_hosts import Verdict as Verdict
    from ssh_keys.known_hosts import format_host_line as format_host_line
    from ssh_keys.known_hosts_file import FoundLine as FoundLine
    from ssh_keys.known_hosts_file import KnownHostsFile as KnownHostsFile
    from ssh_keys.krl import Extension as Extension
    from ssh_keys.krl import RevocationList as RevocationList
    from ssh_keys.krl import RevokedCertificates as RevokedCertificates
    from ssh_keys.krl_text import Authority as Authority
    from ssh_keys.krl_text import parse_revoked as parse_revoked
    from ssh_keys.krl_text import revoke_specified as revoke_specified
    from ssh_keys.lines import Problem as Problem
    from ssh_keys.lines import numbered_lines as numbered_lines
    from ssh_keys.lines import take_field as take_field
    from ssh_keys.sshfp import SSHFP as SSHFP
    from ssh_keys.sshfp import SSHFPMatch as SSHFPMatch
    from ssh_keys.sshfp import check_sshfp as check_sshfp
    from ssh_keys.sshfp import sshfp_records as sshfp_records
else:
    __getattr__, __dir__, __all__ = lazy.names(
        __name__,
        {
            "ssh_keys.allowed_signers": "AllowedSigner AllowedSigners",
            "ssh_keys.authorized_keys": "AuthorizedKey AuthorizedKeysFile",
            "ssh_keys.authorized_principals": "AuthorizedPrincipal AuthorizedPrincipals",
            "ssh_keys.dates": "parse_date",
            "ssh_keys.host_key_update": "HostKeyUpdate names_only",
            "ssh_keys.host_lines": "HostEntry HostLine Marker UnusableLine split_host_line",
            "ssh_keys.host_names": "HashedName host_name",
            "ssh_keys.key_options": "OPTIONS KeyOptions PermittedAddress",
            "ssh_keys.known_hosts": "HostKeys HostKeyStatus KnownHosts Verdict format_host_line",
            "ssh_keys.known_hosts_file": "FoundLine KnownHostsFile",
            "ssh_keys.krl": "Extension RevocationList RevokedCertificates",
            "ssh_keys.krl_text": "Authority parse_revoked revoke_specified",
            "ssh_keys.lines": "Problem numbered_lines take_field",
            "ssh_keys.sshfp": "SSHFP SSHFPMatch check_sshfp sshfp_records",
        },
    )
