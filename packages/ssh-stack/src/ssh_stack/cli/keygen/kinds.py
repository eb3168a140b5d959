"""What the short name of a kind of key means, and the file that a key of it goes into.

OpenSSH 10.4 and 10.5 write "ssh-mldsa44-ed25519@openssh.com" for `-t mldsa44-ed25519`, 10.6 and
later "ssh-mldsa44-ed25519", the name of draft-miller-sshm-mldsa44-ed25519-composite-sigs.  Each of
them takes its own name alone, and those are two kinds of key, with other fingerprints.
"""

from __future__ import annotations

import subprocess
from typing import Final

__all__ = ["TOKENS", "default_file", "full_kind"]

TOKENS: Final = {
    "ecdsa-sk": "sk-ecdsa-sha2-nistp256@openssh.com",
    "ed25519-sk": "sk-ssh-ed25519@openssh.com",
}
"""The short names of kinds of key in FIDO tokens."""
_SHORT: Final = "mldsa44-ed25519"
_DRAFT: Final = "ssh-mldsa44-ed25519"
_EARLY: Final = "ssh-mldsa44-ed25519@openssh.com"
_SECONDS: Final = 5.0


def full_kind(kind: str) -> str:
    """Return the kind of key that `-t` asks for.

    "mldsa44-ed25519" means what it means to the OpenSSH of this machine, and the name that
    10.6 and later have where there is none, or one that does not know such keys.
    """
    if kind != _SHORT:
        return TOKENS.get(kind, kind)
    known = _known_to_openssh()
    return _EARLY if _EARLY in known and _DRAFT not in known else _DRAFT


def default_file(kind: str) -> str:
    """Return the name of the file for a key of a kind, as ssh-keygen has it."""
    named = next((short for short, full in TOKENS.items() if full == kind), kind)
    short = named.removesuffix("@openssh.com").removeprefix("ssh-")
    if short.startswith("ecdsa-"):
        short = "ecdsa"
    return f"id_{short.replace('-', '_')}"


def _known_to_openssh() -> frozenset[str]:
    """Return the kinds of key that the ssh of this machine knows; none where there is no ssh."""
    try:
        done = subprocess.run(
            ["ssh", "-Q", "key"],  # noqa: S607 (the one that the user would run)
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return frozenset()
    return frozenset(done.stdout.decode("ascii", "replace").split())
