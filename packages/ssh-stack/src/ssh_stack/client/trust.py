"""Is this the right server?  known_hosts and the policy for servers that are not in it."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Container, Sequence
from typing import TYPE_CHECKING, Final

from ssh_keys import (
    CertificateRefused,
    HostKeyStatus,
    KeyFormatError,
    KeyPolicy,
    KnownHosts,
    PublicKey,
    plain_key,
)
from ssh_keys.trust import Verdict
from ssh_stack.client.options import HostKeyPolicy, HostKeyUpdateDecision
from ssh_stack.client.peer_address import PeerAddress
from ssh_stack.trust_files import load_known_hosts
from ssh_transport.algorithms import HOST_KEYS
from ssh_wire import UsageError, lazy, lazy_attrs

__all__ = ["COMMAND", "Trust", "load_known_hosts"]

if TYPE_CHECKING:
    from ssh_auth import AuthCredential
    from ssh_connection.aio import HostKeyProver
    from ssh_keys import Certificate, HostKeys, RevocationList
    from ssh_keys import Credential as HostCredential
    from ssh_stack import errors
    from ssh_stack.client import host_key_file
    from ssh_stack.client.host_key_dns import HostKeyDNS
    from ssh_stack.client.known_hosts_command import KnownHostsCommand
    from ssh_stack.local import callbacks
else:
    # rarely used
    errors = lazy.module("ssh_stack.errors")
    callbacks = lazy.module("ssh_stack.local.callbacks")
    host_key_file = lazy.module("ssh_stack.client.host_key_file")

_LOG: Final = logging.getLogger("ssh_stack")
_DEFAULT_PORT: Final = 22

_SECRET_METHODS: Final = frozenset({"password", "keyboard-interactive"})
"""The methods that tell a server something it could use elsewhere."""

COMMAND: Final = "KnownHostsCommand"
"""Where the lines of the command come from."""


@lazy_attrs.define
class Trust:
    """Decides about one server's key, and keeps what is known of the server up to date."""

    host: str
    """The server's name, as known_hosts has it."""
    port: int
    """The server's port."""
    known: KnownHosts
    """The keys that are trusted already."""
    policy: HostKeyPolicy
    """What becomes of a server that is not known."""
    file: str | os.PathLike[str] | None = None
    """Where an accepted key is remembered."""
    remembers: bool = True
    """Whether the key of a new server is written there."""
    hashed: bool = False
    """Whether the name is hashed there."""
    confirm: HostKeyUpdateDecision | None = None
    """Asked before the file is changed for keys that the server has named."""
    alias: str = ""
    """What known_hosts and certificates call the server instead, whatever its port
    (HostKeyAlias)."""
    revoked: Sequence[tuple[str, RevocationList]] = lazy_attrs.field(default=(), repr=False)
    """Lists of keys that are never accepted, each with its name (RevokedHostKeys)."""
    required_rsa_size: int = 0
    """The fewest bits of an RSA key (RequiredRSASize)."""
    key_policy: KeyPolicy = KeyPolicy.DEFAULT
    """Which keys of `file` are strong enough to be read."""
    algorithms: Container[str] = HOST_KEYS
    """The host key algorithms of this connection (HostKeyAlgorithms); a key that can sign with
    none of them counts as one that the server does not name."""
    ca_algorithms: Container[str] | None = None
    """The algorithms with which an authority may have signed a certificate; None for all
    (CASignatureAlgorithms).  A certificate with another signature is not used: its key is
    judged alone."""
    command: KnownHostsCommand | None = None
    """Prints further keys (KnownHostsCommand)."""
    dns: HostKeyDNS | None = None
    """Asks the DNS for fingerprints of the server's keys (VerifyHostKeyDNS)."""
    peer: PeerAddress = lazy_attrs.field(factory=PeerAddress)
    """The address that was connected to, and what it is for."""
    show: Callable[[PublicKey], None] | None = None
    """Shows a key that is known already (VisualHostKey)."""
    doubt: errors.HostKeyError | None = lazy_attrs.field(default=None, init=False)
    """Why the server is not to be trusted with secrets although the policy "off" let it pass."""
    _used: PublicKey | None = lazy_attrs.field(default=None, init=False)
    """The key of this connection, where the user trusts it: for itself, not for an authority."""
    _here: KnownHosts = lazy_attrs.field(init=False, repr=False)
    """The keys that are trusted, those of the command among them."""
    _ordering: KnownHosts = lazy_attrs.field(init=False, repr=False)
    """The keys that decide the order of the host key algorithms."""

    def __attrs_post_init__(self) -> None:
        self._here = self._ordering = self.known

    @property
    def _name(self) -> tuple[str, int]:
        """Name and port that known_hosts is asked for."""
        return (self.alias, _DEFAULT_PORT) if self.alias else (self.host, self.port)

    @property
    def _names(self) -> tuple[tuple[str, int], ...]:
        """The same, and the name without the port, which counts where the first is not known."""
        name = self._name
        return (name,) if name[1] == _DEFAULT_PORT else (name, (self.host, _DEFAULT_PORT))

    def _lookups(self, here: KnownHosts) -> tuple[tuple[KnownHosts, tuple[str, int]], ...]:
        """Return where to look for which name: the command is asked for the first one alone."""
        first, *others = self._names
        return ((here, first), *((self.known, name) for name in others))

    # ------------------------------------------------------------- judging

    async def verify(self, key: PublicKey) -> bool:
        """Return True if `key` is trusted for the server.

        Raises:
            HostKeyError: it is not, and why.
            KnownHostsCommandFailed: what the command knows cannot be told.
        """
        self._refuse_revoked(key)
        self._refuse_short(key)
        if await self._is_beyond_doubt(key):
            return True
        await self._run_command(key)
        verdict, here = self._judge(key)
        listed = all(line.source != COMMAND for line in verdict.lines)
        if verdict.status is HostKeyStatus.TRUSTED:
            if here and listed:
                self._used = key
            places = (f"{line.source}, line {line.line}" for line in verdict.lines)
            _LOG.debug("the host key is known: %s", "; ".join(places))
            await self._check_address(key, remembers=listed)
            if self.show is not None:
                self.show(key)
            return True
        if verdict.status is HostKeyStatus.UNKNOWN:
            if not await self._accepts(key):
                raise errors.HostKeyUnknown(
                    *self._name, key, file=self.file, unread=self._here.unread
                )
            if callable(self.policy):
                self._used = key  # "explicitly accepted by the user"
            await self._check_address(key, remembers=True)
            await self._remember(*self._name, key)
            return True
        made = (
            errors.HostKeyChanged
            if verdict.status is HostKeyStatus.CHANGED
            else errors.HostKeyRevoked
        )
        return self._reject(made(*self._name, key, lines=verdict.lines))

    async def verify_certificate(self, certificate: Certificate) -> bool:
        """Return True if an authority that is trusted for the server certified its key.

        False says nothing against the key: it is to be judged as if it had come alone.

        Raises:
            HostKeyError: the certificate or its key is revoked, or it is not good for the
                server at this time and its key is not trusted for itself either.
        """
        key = certificate.public_key
        self._refuse_revoked(certificate)
        self._refuse_short(key)
        if await self._is_beyond_doubt(key):
            return True
        await self._run_command(certificate)
        now = int(time.time())
        for each in (key, certificate.ca_key):
            verdict, _ = self._judge(each)
            if verdict.status is HostKeyStatus.REVOKED:
                return self._reject(errors.HostKeyRevoked(*self._name, key, lines=verdict.lines))
        for known, (host, port) in self._lookups(self._here):
            vouches = certificate.ca_key in known.lookup(host, port).authorities
            try:
                verdict = known.judge_certificate(certificate, host, port, now=now)
            except CertificateRefused as error:
                if self.policy == "off" or self._judge(key)[0].status is HostKeyStatus.TRUSTED:
                    return False
                raise errors.HostCertificateRefused(*self._name, key, str(error)) from error
            if verdict.status is HostKeyStatus.REVOKED:
                return self._reject(errors.HostKeyRevoked(*self._name, key, lines=verdict.lines))
            if vouches:
                return self.ca_algorithms is None or certificate.ca_algorithm in self.ca_algorithms
            if known.lookup(host, port).authorities:
                break
        return False

    def _judge(self, key: PublicKey) -> tuple[Verdict, bool]:
        """Return what is known of a key, and whether it is known of the very name and port.

        "An entry without the port" counts where the look with the port finds nothing, as in
        `ssh`.  There it can trust; another key says nothing.  Other than in `ssh`, it revokes
        whatever the look with the port finds.
        """
        first, *others = (known.judge(key, *name) for known, name in self._lookups(self._here))
        for other in others:
            trusts = other.status is HostKeyStatus.TRUSTED
            if other.status is HostKeyStatus.REVOKED or (
                trusts and first.status is HostKeyStatus.UNKNOWN
            ):
                return other, False
        return first, True

    def _reject(self, error: errors.HostKeyError) -> bool:
        """Refuse the server, or let it pass as `StrictHostKeyChecking no` does: warned of."""
        if self.policy != "off":
            raise error
        self.doubt = error
        _LOG.warning("%s", error, extra={"host_key_error": error})
        _LOG.warning(
            "password and keyboard-interactive authentication and all forwarding are disabled "
            "for this connection, to avoid man-in-the-middle attacks"
        )
        return True

    def withhold(self, credential: AuthCredential) -> str:
        """Return why a credential must not be used: a man in the middle would learn it."""
        if self.doubt is None or credential.method not in _SECRET_METHODS:
            return ""
        return f"it is disabled, because {self._doubt()}"

    def forbid_forwarding(self) -> str:
        """Return why nothing must be forwarded through the connection; empty where it may be."""
        return "" if self.doubt is None else self._doubt()

    def _doubt(self) -> str:
        what = "is revoked" if isinstance(self.doubt, errors.HostKeyRevoked) else "has changed"
        return f"the host key of {errors.host_and_port(*self._name)} {what}"

    def _refuse_revoked(self, key: HostCredential) -> None:
        for name, revoked in self.revoked:
            if revoked.revokes(key):
                plain = plain_key(key)
                raise errors.HostKeyRevoked(*self._name, plain, source=name)

    def _refuse_short(self, key: PublicKey) -> None:
        if key.kind == "ssh-rsa" and key.bits < self.required_rsa_size:
            raise errors.HostKeyTooShort(*self._name, key, self.required_rsa_size)

    # ------------------------------------------------------------- beside the files

    def order(self) -> None:
        """Ask the command for the keys that decide the order of the host key algorithms.

        Raises:
            KnownHostsCommandFailed: it cannot be run, or does not end with status 0.
        """
        if self.command is not None:
            self._ordering = self.known.merge(self.command.order(*self._name))

    async def _run_command(self, key: HostCredential) -> None:
        """Ask the command about a key, once: a certificate's key is judged by the same answer."""
        if self.command is not None and self._here is self.known:
            found = await self.command.look_up("HOSTNAME", *self._name, key)
            self._here = self.known.merge(found)

    async def _is_beyond_doubt(self, key: PublicKey) -> bool:
        """Return whether files are not asked: this machine itself, or a key that the DNS has.

        Other than in `ssh`, a key that known_hosts revokes is never beyond doubt.
        """
        if self._judge(key)[0].status is HostKeyStatus.REVOKED:
            return False
        if self.peer.is_exempt and not self.alias:
            _LOG.debug("the host key of %s is not checked: it is this machine", self.host)
            return True
        return self.dns is not None and await self.dns.vouches_for(self.host, key) is True

    async def _check_address(self, key: PublicKey, *, remembers: bool) -> None:
        """Look for the key under the server's address, too (CheckHostIP)."""
        address = self.peer.address_to_check(self.host)
        if not address:
            return
        known = self.known
        if self.command is not None:
            known = known.merge(await self.command.look_up("ADDRESS", address, self.port, key))
        verdict = known.judge(key, address, self.port)
        if verdict.status is HostKeyStatus.UNKNOWN:
            if remembers:
                await self._remember(address, self.port, key)
        elif verdict.status is not HostKeyStatus.TRUSTED:
            changed = verdict.status is HostKeyStatus.CHANGED
            made = errors.HostKeyChanged if changed else errors.HostKeyRevoked
            error = made(address, self.port, key, lines=verdict.lines)
            if self.policy != "off":
                raise error
            _LOG.warning("%s", error)  # the key is the right one for the name

    async def _accepts(self, key: PublicKey) -> bool:
        if callable(self.policy):
            return await callbacks.call_for_decision(self.policy, self.host, self.port, key)
        if self.policy == "accept-new":
            return not self._here.unread  # the host may be known there
        return self.policy == "off"

    # ------------------------------------------------------------- remembering

    async def _remember(self, host: str, port: int, key: PublicKey) -> None:
        """Write a key down.  What cannot be written is told and does not end the connection."""
        if self.file is None or not self.remembers:
            return
        name = errors.host_and_port(host, port)
        try:
            await self._memory(self.file).append(host, port, key)
        except (OSError, KeyFormatError, UsageError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            _LOG.warning("the host key of %s cannot be added to %s: %s", name, self.file, reason)
        else:
            _LOG.info(
                "Permanently added '%s' (%s) to the list of known hosts (%s)",
                name,
                key.kind,
                self.file,
            )

    async def update_host_keys(self, keys: tuple[PublicKey, ...], prove: HostKeyProver) -> None:
        """Make the file list the keys that the server names (UpdateHostKeys, ssh_config(5)).

        Only those are added that the server proves to have, and those are removed that it
        does not name any more.  "The key used to authenticate the host was already trusted
        or explicitly accepted by the user", is among the named ones and is in the file:
        what was accepted for once, or by an authority, is not made to last.

        Args:
            keys: every key that the server names.
            prove: asks the server for its proof.

        Raises:
            OSError: the file cannot be read or written.
            KeyFormatError: it is not a regular file.
        """
        file, used = self.file, self._used
        if file is None or used is None or used not in keys:
            return
        good = [
            key
            for key in keys
            if any(name in self.algorithms for name in key.algorithms + key.sha1_algorithms)
            and not any(each.revokes(key) for _, each in self.revoked)
        ]
        memory = self._memory(file)
        update = await memory.plan(self._name, used, good, self.known)
        if not update or len(await prove(update.new)) != len(update.new):
            return  # one that is not there makes all of it doubtful
        if self.confirm is None or await callbacks.call_for_decision(
            self.confirm, self.host, self.port, update
        ):
            await memory.update(self._name, update)

    def _memory(self, file: str | os.PathLike[str]) -> host_key_file.HostKeyFile:
        return host_key_file.HostKeyFile(os.fspath(file), self.hashed, self.key_policy)

    @property
    def preferred_algorithms(self) -> tuple[str, ...]:
        """The host key algorithms of the keys that are known for the server.

        Asked for first, so that a server with several keys shows one that can be checked.
        """
        found = self._known_keys()
        names = tuple(dict.fromkeys(name for key in found.trusted for name in key.algorithms))
        if not found.authorities:
            return names
        return (*(name for name in HOST_KEYS if "-cert" in name), *names)

    def _known_keys(self) -> HostKeys:
        """Return the keys of the name and port; where there are none, those of the name alone."""
        found = [known.lookup(*name) for known, name in self._lookups(self._ordering)]
        return next((each for each in found if each.trusted or each.authorities), found[0])
