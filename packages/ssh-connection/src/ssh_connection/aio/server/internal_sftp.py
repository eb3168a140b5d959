"""The forced command "internal-sftp": the SFTP of the server itself (sshd_config(5), Subsystem).

As in OpenSSH's session.c, a client that asks for a subsystem gets it, and any other client is
told that there is nothing else.  Arguments restrict what is served ("-R"), and are not honoured:
a command that has some serves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ssh_connection.aio.server.session import Session

__all__ = ["SUBSYSTEM", "has_arguments", "is_internal_sftp", "refuse"]

SUBSYSTEM: Final = "sftp"
"""The subsystem that serves it."""

_NAME: Final = "internal-sftp"
_REFUSAL: Final = b"This service allows sftp connections only.\n"
_WITH_ARGUMENTS: Final = b"internal-sftp with arguments is not served.\n"


def is_internal_sftp(command: str) -> bool:
    """Return whether a forced command names it."""
    return command.startswith(_NAME) and command[len(_NAME) :][:1] in {"", " ", "\t"}


def has_arguments(command: str) -> bool:
    """Return whether such a command has arguments."""
    return bool(command[len(_NAME) :].strip())


async def refuse(session: Session) -> int:
    """Tell a client why there is nothing for it; return the exit status."""
    forced = session.user.permissions.forced_command or ""
    await session.write(_WITH_ARGUMENTS if has_arguments(forced) else _REFUSAL)
    return 1
