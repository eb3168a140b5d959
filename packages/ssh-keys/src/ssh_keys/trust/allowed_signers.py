"""Who may sign what: the file `allowed_signers` (ssh-keygen(1), ALLOWED SIGNERS).

    principals [options] kind base64 [comment]

A line allows a key, or the certificates of an authority, to sign for principals such as
"ops@example.com".  Principals and namespaces are lists of patterns, where `!` negates.  A line
that cannot be read is reported in `problems`, and allows no signature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from ssh_keys import kinds
from ssh_keys.credential import Credential, credential_from_blob
from ssh_keys.errors import CertificateRefused, KeyFormatError, SignatureRefused, quoted_name
from ssh_keys.formats.public_line import looks_like_kind, parse_key_fields
from ssh_keys.lines import Problem, as_bytes, checked_line, numbered_lines, take_field
from ssh_keys.patterns import matches, matches_list
from ssh_keys.policy import KeyPolicy
from ssh_keys.strict_base64 import from_base64
from ssh_keys.trust.authorized_keys import MAX_LINES
from ssh_keys.trust.key_options import dequote, take_options
from ssh_wire import lazy, lazy_attrs
from ssh_wire.text import printable, raw

if TYPE_CHECKING:
    from datetime import tzinfo

    from ssh_keys.certificates import Certificate
    from ssh_keys.signatures import Message, SSHSig
    from ssh_keys.trust import dates
    from ssh_keys.trust.krl import RevocationList
else:
    dates = lazy.module("ssh_keys.trust.dates")

__all__ = ["AllowedSigner", "AllowedSigners"]

_UNDERSTOOD: Final = ("force-command", "source-address", "verify-required")
"""Critical options: two for logins alone, and one that `SSHSig.verify` enforces."""


@lazy_attrs.frozen(kw_only=True)
class AllowedSigner:
    """A key, and the principals that it may sign for.

    Attributes:
        principals: patterns of the principals.
        key: the key, the certificate of one, or the authority's key.
        line: the number of its line, from 1.
        cert_authority: the key is that of an authority, which certifies the keys that sign.
        namespaces: patterns of the namespaces that it may sign in; None is all.
        valid_after: the first second in which it may sign, since 1970.
        valid_before: the last second in which it may sign, since 1970.
    """

    principals: tuple[str, ...]
    key: Credential
    line: int
    cert_authority: bool = False
    namespaces: tuple[str, ...] | None = None
    valid_after: int | None = None
    valid_before: int | None = None

    def signs_for(self, principal: str) -> bool:
        """Say whether the key may sign for a principal."""
        return _matches(self.principals, principal)

    def allows(self, namespace: str) -> bool:
        """Say whether the key may sign in a namespace."""
        return self.namespaces is None or _matches(self.namespaces, namespace)

    def valid_at(self, now: int) -> bool:
        """Say whether the key may sign at a time, in seconds since 1970."""
        too_early = self.valid_after is not None and now < self.valid_after
        return not too_early and (self.valid_before is None or now <= self.valid_before)

    def certifies(self, certificate: Certificate | None) -> bool:
        """Say whether the key is that of the authority of a certificate."""
        return certificate is not None and certificate.ca_key == self.key


@lazy_attrs.frozen
class AllowedSigners:
    """The keys that may sign, from one file.

    Attributes:
        signers: the lines that can be used.
        problems: the lines that cannot be used, and why.
    """

    signers: tuple[AllowedSigner, ...] = ()
    problems: tuple[Problem, ...] = ()

    @classmethod
    def parse(
        cls,
        data: str | bytes,
        source: str = "",
        *,
        policy: KeyPolicy = KeyPolicy.DEFAULT,
        zone: tzinfo | None = None,
    ) -> Self:
        """Read the content of an allowed_signers file; bad lines are in `problems`.

        Args:
            data: the content.
            source: the name of the file in `problems`.
            policy: which keys are strong enough to be read.
            zone: the time zone of dates without `Z`; the machine's when not given.
        """
        signers: list[AllowedSigner] = []
        problems: list[Problem] = []
        for number, line in numbered_lines(data):
            if number > MAX_LINES:
                reason = f"this line and those below are past the limit of {MAX_LINES}"
                problems.append(Problem(source, number, reason))
                break
            try:
                signers.append(_parse_line(line, number, policy=policy, zone=zone))
            except KeyFormatError as error:
                problems.append(Problem(source, number, str(error)))
        return cls(tuple(signers), tuple(problems))

    def verify(
        self,
        signature: SSHSig,
        message: Message,
        *,
        principal: str,
        namespace: str,
        now: int,
        revoked: RevocationList | None = None,
    ) -> AllowedSigner:
        """Return the line that allows a signature, as `ssh-keygen -Y verify` does.

        Args:
            signature: the signature.
            message: the message, in one piece or in many.
            principal: the principal that must have signed.
            namespace: the purpose that the signature must have.
            now: the time at which it must be valid, in seconds since 1970.
            revoked: keys and certificates that are revoked.

        Raises:
            SignatureRefused: it is not valid; the message says why.
        """
        if not signature.verify(message, namespace):
            problem = "the key did not sign this message for this namespace"
            raise SignatureRefused(problem)
        signer_key = signature.certificate or signature.public_key
        if revoked is not None and revoked.revokes(signer_key):
            problem = f"the key {signature.public_key.fingerprint()} is revoked"
            raise SignatureRefused(problem)
        reason = f"no line allows this key to sign for '{printable(principal, 64)}'"
        for signer in self.signers:
            if not signer.signs_for(principal) or not _made_by(signature, signer):
                continue
            refusal = _refusal(signature, signer, now, principal, namespace)
            if refusal is None:
                return signer
            reason = f"line {signer.line}: {refusal}"
        raise SignatureRefused(reason)

    def find_principals(self, signature: SSHSig, now: int) -> tuple[str, ...]:
        """Return the principals of a signature, as `ssh-keygen -Y find-principals` prints them.

        They are those of the first line that allows the key, as patterns; if the key is
        certified, those principals of the certificate that the line matches.  The signature
        itself is not verified.

        Args:
            signature: the signature.
            now: the time at which it must be valid, in seconds since 1970.
        """
        for signer in self.signers:
            if _made_by(signature, signer) and _refusal(signature, signer, now) is None:
                names = _principals_of(signature, signer)
                if names:
                    return names
        return ()

    def match_principals(self, principal: str) -> tuple[tuple[str, ...], ...]:
        """Return the principals of each line for one, as `ssh-keygen -Y match-principals`."""
        return tuple(each.principals for each in self.signers if each.signs_for(principal))


def _made_by(signature: SSHSig, signer: AllowedSigner) -> bool:
    if signer.cert_authority:
        return signer.certifies(signature.certificate)
    # a certified key is allowed by its authority, or by a line with this very certificate, which
    # is good for as long as the line says, as with ssh-keygen
    return signer.key == (signature.certificate or signature.public_key)


def _refusal(
    signature: SSHSig,
    signer: AllowedSigner,
    now: int,
    principal: str | None = None,
    namespace: str | None = None,
) -> str | None:
    """Return why a line does not allow a signature of its key; None if it does."""
    if namespace is not None and not signer.allows(namespace):
        return f"the key may not sign for '{printable(namespace, 64)}'"
    if not signer.valid_at(now):
        return "the key is not valid at this time"
    if signature.certificate is not None and signer.cert_authority:
        try:
            signature.certificate.check(
                role="user", principal=principal, now=now, understood_options=_UNDERSTOOD
            )
        except CertificateRefused as error:
            return str(error)
    return None


def _principals_of(signature: SSHSig, signer: AllowedSigner) -> tuple[str, ...]:
    if signature.certificate is None or not signer.cert_authority:
        return signer.principals
    return tuple(
        name
        for pattern in signer.principals
        for name in signature.certificate.principals
        if matches(raw(pattern), raw(name))
    )


def _matches(patterns: tuple[str, ...], text: str) -> bool:
    return matches_list(tuple(map(raw, patterns)), as_bytes(text))


def _parse_line(
    line: bytes, number: int, *, policy: KeyPolicy, zone: tzinfo | None
) -> AllowedSigner:
    principals, line = _take_principals(checked_line(line))
    first, _ = take_field(line)
    written, line = ([], line) if looks_like_kind(first) else take_options(line)
    kind, rest = take_field(line)
    signer = AllowedSigner(
        principals=_list(principals), key=_parse_key(kind, rest, policy), line=number
    )
    for option in written:
        signer = _with_option(signer, option, zone)
    after, before = signer.valid_after, signer.valid_before
    if after is not None and before is not None and before <= after:
        problem = "valid-before is not after valid-after"
        raise KeyFormatError(problem)
    return signer


def _parse_key(kind: bytes, rest: bytes, policy: KeyPolicy) -> Credential:
    if kinds.plain_kind(kind.decode("latin-1")) is None:
        return parse_key_fields(kind, rest, policy=policy)
    encoded, comment = take_field(rest)
    found = credential_from_blob(
        from_base64(encoded, "the certificate"),
        comment.decode("utf-8", "surrogateescape"),
        policy=policy,
    )
    if found.kind != kind.decode("latin-1"):
        problem = f"the line says{quoted_name(kind)}, its certificate is {found.kind}"
        raise KeyFormatError(problem)
    return found


def _take_principals(line: bytes) -> tuple[bytes, bytes]:
    """Return the first field, which is in quotes if it has blanks, and the rest."""
    if not line.startswith(b'"'):
        return take_field(line)
    field, quote, rest = line[1:].partition(b'"')
    if not quote:
        problem = "a quote is not closed"
        raise KeyFormatError(problem)
    return field, rest.lstrip(b" \t")


def _with_option(signer: AllowedSigner, option: bytes, zone: tzinfo | None) -> AllowedSigner:
    written, equals, value = option.partition(b"=")
    name = written.lower().decode("latin-1")
    if name == "cert-authority" and not equals:
        return lazy_attrs.evolve(signer, cert_authority=True)
    if name not in ("namespaces", "valid-after", "valid-before") or not equals:
        problem = f"unknown option{quoted_name(written)}"
        raise KeyFormatError(problem)
    field = name.replace("-", "_")
    if getattr(signer, field) is not None:
        problem = f"the option {name} is repeated"
        raise KeyFormatError(problem)
    text = dequote(name, value)
    if name == "namespaces":
        return lazy_attrs.evolve(signer, namespaces=_list(raw(text)))
    date = dates.parse_date(text, zone)
    if name == "valid-after":
        return lazy_attrs.evolve(signer, valid_after=date)
    return lazy_attrs.evolve(signer, valid_before=date)


def _list(text: bytes) -> tuple[str, ...]:
    return tuple(item.decode("utf-8", "surrogateescape") for item in text.split(b",") if item)
