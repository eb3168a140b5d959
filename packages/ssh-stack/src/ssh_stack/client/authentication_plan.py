"""What one connection is to do, after the options and the configuration were merged."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Final

import attrs

from ssh_stack.sources import DEFAULT, Default, Path

__all__ = ["METHODS", "AuthenticationPlan"]

METHODS: Final = ("publickey", "keyboard-interactive", "password")
"""Authentication methods in the order in which `ssh` prefers them (ssh_config(5))."""


@attrs.frozen(kw_only=True)
class AuthenticationPlan:
    """How the user is authenticated at one server."""

    user: str
    """The user to log in as."""
    host: str
    """The server's name, for prompts."""
    identity_files: tuple[FilePath, ...] = ()
    """Private key files, or public ones of keys in the agent; empty for the default identities."""
    certificate_files: tuple[FilePath, ...] = ()
    """User certificates beyond those that lie beside the key files (CertificateFile)."""
    identities_only: bool = False
    """Whether only those keys of the agent are used that the files name (IdentitiesOnly)."""
    agent: Path | Default | None = DEFAULT
    """The agent's socket; None for no agent; by default SSH_AUTH_SOCK (IdentityAgent)."""
    methods: tuple[str, ...] = METHODS
    """The methods that may be tried, in the order of preference (PreferredAuthentications)."""
    devices: str = ""
    """What the server is told of the devices for prompts (KbdInteractiveDevices)."""
    public_key_algorithms: tuple[str, ...] | None = None
    """Signature algorithms that may be used; None for all (PubkeyAcceptedAlgorithms)."""
    min_rsa_bits: int = 0
    """The smallest RSA key that is used, in bits; 0 for the profile's own (RequiredRSASize)."""
    password_prompts: int = 3
    """How often a password is asked for (NumberOfPasswordPrompts)."""
    batch: bool = False
    """Whether no prompter and no function is asked for anything (BatchMode)."""

    @property
    def login(self) -> str:
        """The user and the host, "user@host", for prompts."""
        return f"{self.user}@{self.host}"
