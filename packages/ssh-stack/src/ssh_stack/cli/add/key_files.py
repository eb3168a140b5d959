"""Private keys in files, and the certificates beside them: added to the agent, and removed."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ssh_agent import AgentError, Constraints
from ssh_keys import (
    MAX_BLOB,
    Certificate,
    Credential,
    KeyDecryptError,
    KeyFormatError,
    KeyPolicy,
    PrivateKey,
    UnprotectedKey,
    is_security_key,
    load_private_key,
    load_public_key,
    plain_key,
)
from ssh_keys.files import check_private_permissions, read_file
from ssh_keys.randomart import title_of
from ssh_stack.cli.add.conversation import open_agent, reason
from ssh_stack.cli.add.destinations import parse_destinations
from ssh_stack.cli.add.public_files import certificate_beside, load_public, problem_of
from ssh_stack.cli.add.questions import secret
from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.local.user import home_directory
from ssh_wire import SSHError, lazy_attrs
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssh_agent.blocking import AgentClient
    from ssh_stack.cli.add.options import Options
    from ssh_stack.cli.report import Report

__all__ = ["Adding", "add", "remove", "time_frame", "title"]

_STDIN: Final = "-"
_FOR_EVER: Final = 2**64 - 1
_GRACE: Final = 300
"""Seconds for which an agent keeps a certificate that has expired."""
_MOST_SECONDS: Final = 2**31 - 1
_RULE: Final = "@" * 59


def add(options: Options, report: Report) -> int:
    """Add the keys of files, or of the usual ones."""
    with open_agent() as agent:
        constraints = Constraints(
            lifetime=options.lifetime,
            confirm=options.has("c"),
            destinations=parse_destinations(options),
        )
        adding = Adding(agent=agent, options=options, report=report, constraints=constraints)
        return _each(options, adding.add)


def remove(options: Options, report: Report) -> int:
    """Remove the keys of files, or of the usual ones."""
    with open_agent() as agent:
        removing = _Removing(agent, options, report)
        return _each(options, removing.remove)


def _each(options: Options, work: Callable[[str], bool]) -> int:
    if options.files:
        return int(not all([work(path) for path in options.files]))  # noqa: C419 (each of them)
    from ssh_stack.client.public_keys import DEFAULT_IDENTITIES  # loads what logs in

    usual = [str(home_directory() / ".ssh" / name) for name in DEFAULT_IDENTITIES]
    done = [work(path) for path in usual if Path(path).exists()]
    return int(not done or not all(done))


def title(key: Credential) -> str:
    """Return what a key is called, such as ED25519 or RSA-CERT."""
    name = title_of(plain_key(key).kind)
    return f"{name}-CERT" if isinstance(key, Certificate) else name


def time_frame(seconds: int) -> str:
    """Return a time as OpenSSH's fmt_timeframe writes it: 00:10:00, 1d00h00m, 01w2d03h."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    weeks, day = divmod(days, 7)
    if weeks:
        return f"{weeks:02}w{day}d{hour:02}h"
    if day:
        return f"{day}d{hour:02}h{minute:02}m"
    return f"{hour:02}:{minute:02}:{second:02}"


@lazy_attrs.define(kw_only=True)
class Adding:
    """Adds keys, and keeps the last passphrase for the next file."""

    agent: AgentClient
    options: Options
    report: Report
    constraints: Constraints
    passphrase: str = lazy_attrs.field(default="", repr=False)

    def add(self, path: str) -> bool:
        """Add the key of a file and its certificate; return whether the first wanted was added."""
        name = "(stdin)" if path == _STDIN else path
        data = self._read(path)
        key = None if data is None else self._open(data, name)
        if key is None:
            return False
        comment = key.comment or name
        provider = self.options.provider if is_security_key(key.public_key.kind) else ""
        constraints = lazy_attrs.evolve(self.constraints, provider=provider)
        added = self.options.plain_keys and self._add(key, name, comment, constraints)
        certified = self.options.certificates and self._add_certificate(
            key, name, comment, constraints
        )
        # ssh-add fails with -C even where it has added the certificate
        return added if self.options.plain_keys else certified

    def _read(self, path: str) -> bytes | None:
        if path == _STDIN:
            return sys.stdin.buffer.read(MAX_BLOB)
        try:
            check_private_permissions(path)
            return read_file(path, MAX_BLOB)
        except UnprotectedKey as error:
            self._warn_of_permissions(error)
        except OSError as error:
            self.report.plain(f"{printable(path)}: {error.strerror or error}")
        except KeyFormatError as error:
            self._not_loaded(path, error)
        return None

    def _warn_of_permissions(self, error: UnprotectedKey) -> None:
        self.report.plain(
            f"{_RULE}\n@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @\n{_RULE}\n"
            f"Permissions {error.mode:04o} for '{printable(error.path)}' are too open.\n"
            "It is required that your private key files are NOT accessible by others.\n"
            "This private key will be ignored."
        )

    def _not_loaded(self, name: str, error: SSHError | OSError) -> None:
        self.report.plain(f'Error loading key "{printable(name)}": {problem_of(error)}')

    def _open(self, data: bytes, name: str) -> PrivateKey | None:
        """Return the key, with the passphrase of the last one or one that is asked for."""
        try:
            return (
                self._load(data, None)
                or self._load(data, self.passphrase)
                or self._ask(data, name)
            )
        except KeyFormatError as error:
            self._not_loaded(name, error)
            return None

    def _load(self, data: bytes, passphrase: str | None) -> PrivateKey | None:
        if passphrase == "":  # none was asked for yet
            return None
        try:
            return load_private_key(data, passphrase, policy=KeyPolicy.LEGACY)
        except KeyDecryptError:
            return None

    def _ask(self, data: bytes, name: str) -> PrivateKey | None:
        """Ask until a passphrase is right; an empty one gives up."""
        which = printable(name) + " (will confirm each use)" * self.constraints.confirm
        question = f"Enter passphrase for {which}: "
        while passphrase := secret(question):
            key = self._load(data, passphrase)
            if key is not None:
                self.passphrase = passphrase
                return key
            question = f"Bad passphrase, try again for {which}: "
        self.passphrase = ""
        return None

    def _add(self, key: PrivateKey, name: str, comment: str, constraints: Constraints) -> bool:
        try:
            self.agent.add(key, comment, constraints=constraints)
        except AgentError as error:
            self.report.plain(f'Could not add identity "{printable(name)}": {reason(error)}')
            return False
        self._tell(f"Identity added: {printable(name)} ({printable(comment)})", constraints)
        return True

    def _add_certificate(
        self, key: PrivateKey, name: str, comment: str, constraints: Constraints
    ) -> bool:
        """Add the certificate beside a key; return whether there was one that could be added."""
        path = printable(f"{name}-cert.pub")
        try:
            certificate = certificate_beside(name)
        except (OSError, KeyFormatError) as error:
            self.report.plain(f'Failed to load certificate "{path}": {problem_of(error)}')
            return False
        if certificate is None:
            return False
        if certificate.public_key != key.public_key:
            self.report.plain(f"Certificate {path} does not match private key {printable(name)}")
            return False
        lifetime = self._lifetime(certificate)
        if lifetime is not None and lifetime < 0:
            self.report.plain(f"Certificate {path} has already expired; ignored")
            return False
        constraints = lazy_attrs.evolve(constraints, lifetime=lifetime)
        key_id = printable(certificate.key_id)
        try:
            self.agent.add(key, comment, certificate=certificate, constraints=constraints)
        except AgentError as error:
            self.report.plain(f"Certificate {path} ({key_id}) add failed: {reason(error)}")
            return False
        self._tell(f"Certificate added: {path} ({key_id})", constraints)
        return True

    def _lifetime(self, certificate: Certificate) -> int | None:
        """Return until when the agent keeps a certificate; a negative number if it has expired.

        That is five minutes after it expires, unless -t is earlier or -N was given.
        """
        wanted = self.constraints.lifetime
        if self.options.has("N") or certificate.valid_before == _FOR_EVER:
            return wanted
        left = certificate.valid_before + _GRACE - int(time.time())
        if left < 0:
            return -1
        return min(left, _MOST_SECONDS if wanted is None else wanted)

    def _tell(self, text: str, constraints: Constraints) -> None:
        if self.options.has("q"):
            return
        self.report.plain(text)
        if constraints.lifetime is not None:
            self.report.plain(f"Lifetime set to {time_frame(constraints.lifetime)}")
        if constraints.confirm:
            self.report.plain("The user must confirm each use of the key")


@lazy_attrs.define
class _Removing:
    """Removes keys."""

    agent: AgentClient
    options: Options
    report: Report

    def remove(self, path: str) -> bool:
        """Remove the key of a file and its certificate; return whether one was removed."""
        if path == _STDIN:
            return self._remove_lines()
        try:
            key = load_public(path)
        except (OSError, KeyFormatError) as error:
            sys.stdout.write(f"Bad key file {printable(path)}: {problem_of(error)}\n")
            return False
        removed = self._wanted(key) and self._remove(key, path)
        return (
            self._remove_certificate(key, path) or removed
            if self.options.certificates
            else removed
        )

    def _wanted(self, key: Credential) -> bool:
        certified = isinstance(key, Certificate)
        return self.options.certificates if certified else self.options.plain_keys

    def _remove_certificate(self, key: Credential, path: str) -> bool:
        beside = f"{path}-cert.pub"
        try:
            certificate = certificate_beside(path)
        except (OSError, KeyFormatError) as error:
            text = f'Failed to load certificate "{printable(beside)}": {problem_of(error)}'
            self.report.plain(text)
            return False
        if certificate is None:
            return False
        if certificate.public_key != plain_key(key):
            names = f"{printable(beside)} does not match private key {printable(path)}"
            problem = f"Certificate {names}"
            raise CommandExit(problem)
        return self._remove(certificate, beside)

    def _remove_lines(self) -> bool:
        """Remove the keys on the lines of standard input; return whether one was removed."""
        removed = False
        for number, line in enumerate(sys.stdin.buffer, 1):
            text = line.strip()
            if not text or text.startswith(b"#"):
                continue
            try:
                key = load_public_key(text, policy=KeyPolicy.LEGACY)
            except KeyFormatError as error:
                self.report.plain(f"(stdin):{number}: invalid key: {problem_of(error)}")
                continue
            removed |= self._wanted(key) and self._remove(key, "(stdin)")
        return removed

    def _remove(self, key: Credential, path: str) -> bool:
        try:
            self.agent.remove(key)
        except AgentError as error:
            self.report.plain(f'Could not remove identity "{printable(path)}": {reason(error)}')
            return False
        if not self.options.has("q"):
            comment = printable(key.comment) or "no comment"
            self.report.plain(f"Identity removed: {printable(path)} {title(key)} ({comment})")
        return True
