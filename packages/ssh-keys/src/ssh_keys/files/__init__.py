"""Keys and trust files on disk; the one place of this package that does I/O.

A file is opened first and checked by its descriptor, so the file that is checked is the one that
is read, of a bounded size.  A pipe or a device is read to its end as OpenSSH reads it, `<(…)` of a
shell and /dev/fd/3 among them; see `ReadOnce`.  Only a regular file is changed.  A private key is
created for its owner alone, from the first system call on.

`OSError` is raised as it is; the content of a file is decoded as `ssh_keys.load` does.

disk         how files are opened, created and replaced
once         what was read from pipes and devices
locking      a lock against other processes
keys         files of private and public keys
hosts        files known_hosts
trust_files  the other files that say whose keys are trusted, and files of revoked keys
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_keys.files.disk import may_wait as may_wait
    from ssh_keys.files.disk import read_chunks as read_chunks
    from ssh_keys.files.disk import read_file as read_file
    from ssh_keys.files.hosts import append_known_host as append_known_host
    from ssh_keys.files.hosts import change_known_hosts as change_known_hosts
    from ssh_keys.files.hosts import hash_known_hosts as hash_known_hosts
    from ssh_keys.files.hosts import read_known_hosts as read_known_hosts
    from ssh_keys.files.hosts import remove_known_host as remove_known_host
    from ssh_keys.files.hosts import update_known_host as update_known_host
    from ssh_keys.files.keys import check_private_permissions as check_private_permissions
    from ssh_keys.files.keys import name_file_in_errors as name_file_in_errors
    from ssh_keys.files.keys import read_private_key as read_private_key
    from ssh_keys.files.keys import read_public_key as read_public_key
    from ssh_keys.files.keys import write_key_file as write_key_file
    from ssh_keys.files.keys import write_private_key as write_private_key
    from ssh_keys.files.once import ReadOnce as ReadOnce
    from ssh_keys.files.trust_files import read_allowed_signers as read_allowed_signers
    from ssh_keys.files.trust_files import read_authorized_keys as read_authorized_keys
    from ssh_keys.files.trust_files import read_authorized_principals as read_authorized_principals
    from ssh_keys.files.trust_files import read_revoked_keys as read_revoked_keys
    from ssh_keys.files.trust_files import write_revoked_keys as write_revoked_keys
else:
    __getattr__, __dir__, __all__ = lazy.names(
        __name__,
        {
            "ssh_keys.files.disk": "may_wait read_chunks read_file",
            "ssh_keys.files.hosts": (
                "append_known_host change_known_hosts hash_known_hosts read_known_hosts "
                "remove_known_host update_known_host"
            ),
            "ssh_keys.files.keys": (
                "check_private_permissions name_file_in_errors read_private_key read_public_key "
                "write_key_file write_private_key"
            ),
            "ssh_keys.files.once": "ReadOnce",
            "ssh_keys.files.trust_files": (
                "read_allowed_signers read_authorized_keys read_authorized_principals "
                "read_revoked_keys write_revoked_keys"
            ),
        },
    )
