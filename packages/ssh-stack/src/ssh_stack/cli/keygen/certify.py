"""Certificates: issue them, as ssh-keygen -s does."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from ssh_keys import Certificate, CertificateSpec, issue
from ssh_keys.certificates import PERMISSIONS
from ssh_keys.files import write_key_file
from ssh_keys.signatures import MessageSigner
from ssh_stack.cli.keygen.keys import read_private, read_public
from ssh_stack.cli.keygen.options import Options
from ssh_stack.cli.keygen.validity import parse_validity, tell_validity
from ssh_stack.cli.report import Report
from ssh_wire import UsageError, lazy_attrs
from ssh_wire.primitives import string
from ssh_wire.text import printable

__all__ = ["certify", "spec_of"]

_BARE: Final = "no-touch-required"
"""The one permission that is not given unless it is asked for."""

_WARNINGS: Final = {
    # whether it is for hosts: what a certificate without principals is good for
    False: "no -n: the certificate names no user. OpenSSH before 10.3 takes it for every user "
    "whose authorized_keys lists the authority without principals=; later ones take it nowhere",
    True: "no -n: the certificate names no host. OpenSSH before 10.3 takes it for every host that "
    "the authority is trusted for; later ones take it nowhere",
}

_NAMES: Final = {name.lower(): name for name in (*PERMISSIONS, _BARE)}


@lazy_attrs.define
class _Options:
    """The options of a certificate while -O after -O is read."""

    critical: dict[str, bytes]
    extensions: dict[str, bytes]


def certify(options: Options, report: Report) -> int:
    """Certify each key that is named, and save its certificate beside it."""
    identity = options.need("I", "what the certificate is called in logs")
    if not options.files:
        problem = "name the keys to certify"
        raise UsageError(problem)
    with ExitStack() as stack:
        _certify_each(_authority(options, stack), options, report, identity)
    if not certificate_names(options):
        report.warn(_WARNINGS[options.has("h")])
    return 0


def _authority(options: Options, stack: ExitStack) -> MessageSigner:
    path = options.need("s", "the authority's key")
    if options.has("U"):
        from ssh_stack.cli.keygen.agent_keys import AgentSigner  # rarely used

        return AgentSigner(read_public(Path(path)), stack)
    if options.get("D"):
        from ssh_stack.cli.keygen.tokens import authority_in_token  # rarely used

        return authority_in_token(options, stack)
    return read_private(Path(path), options)


def _certify_each(
    authority: MessageSigner, options: Options, report: Report, identity: str
) -> None:
    now = int(time.time())
    for number, word in enumerate(options.files):
        path = Path(word)
        spec = lazy_attrs.evolve(spec_of(options, identity, now), serial=_serial(options, number))
        key = read_public(path)
        if not key.comment and word.endswith(".pub"):  # as ssh-keygen does
            key = key.with_comment(word)
        certificate = issue(authority, key, spec=spec, random=secrets.token_bytes)
        target = path.with_name(f"{path.name.removesuffix('.pub')}-cert.pub")
        line = certificate.to_openssh().encode() + b"\n"
        write_key_file(target, line, public=True, replace=True)
        report.show(_description(certificate, target))


def certificate_names(options: Options) -> tuple[str, ...]:
    """Return the principals of -n; none where it is not given.

    Raises:
        UsageError: one of them is empty.
    """
    text = options.get("n")
    names = () if text is None else tuple(text.split(","))
    if "" in names:
        problem = "-n has an empty principal name"
        raise UsageError(problem)
    return names


def spec_of(options: Options, identity: str, now: int) -> CertificateSpec:
    """Return what the certificate says.

    Raises:
        UsageError: an option is not known, or has a value that cannot be used.
    """
    host = options.has("h")
    names = certificate_names(options)
    first, last = parse_validity(options.get("V"), now)
    fields = _Options({}, {} if host else dict(PERMISSIONS))
    for option in options.extra:
        _read_option(option, fields)
    return CertificateSpec(
        role="host" if host else "user",
        key_id=identity,
        principals=names,
        valid_after=first,
        valid_before=last,
        critical_options=fields.critical,
        extensions=fields.extensions,
        algorithm=options.get("t"),
        unlimited=not names,
    )


def _read_option(option: str, fields: _Options) -> None:
    """Take one -O, as ssh-keygen(1) lists them under CERTIFICATES."""
    word, equals, value = option.partition("=")
    if word == "clear":
        fields.extensions.clear()
    elif word in _CRITICAL and equals:
        if word == "source-address":
            _check_addresses(value)
        fields.critical[word] = string(value)
    elif word == "verify-required":
        fields.critical[word] = b""
    elif word == _BARE:
        fields.extensions[word] = b""
    elif word.startswith("no-") and word.lower().replace("no-", "permit-", 1) in _NAMES:
        fields.extensions.pop(_NAMES[word.lower().replace("no-", "permit-", 1)], None)
    elif word.lower() in _NAMES:
        fields.extensions[_NAMES[word.lower()]] = b""
    elif option.startswith(tuple(_PREFIXES)):
        prefix, _, rest = option.partition(":")
        name, equals, value = rest.partition("=")
        _PREFIXES[f"{prefix}:"](fields)[name] = string(value) if equals else b""
    else:
        problem = f"no option {option!r} of certificates"
        raise UsageError(problem)


def _check_addresses(value: str) -> None:
    for each in value.split(","):
        try:
            ip_network(each)
        except ValueError as error:
            problem = f"-O source-address has {printable(each)}: {error}"
            raise UsageError(problem) from None


_CRITICAL: Final = frozenset({"force-command", "source-address"})
_PREFIXES: Final[Mapping[str, Callable[[_Options], dict[str, bytes]]]] = {
    "critical:": lambda fields: fields.critical,
    "extension:": lambda fields: fields.extensions,
}


def _serial(options: Options, number: int) -> int:
    """Return the serial of the key with this number: that of -z, counted up with a plus."""
    text = options.get("z") or "0"
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and int(digits) < 1 << 64):
        problem = f"-z takes a number, not {text!r}"
        raise UsageError(problem)
    return int(digits) + (number if text.startswith("+") else 0)


def _description(certificate: Certificate, target: Path) -> str:
    first, last = certificate.valid_after, certificate.valid_before
    names = f" for {','.join(certificate.principals)}" if certificate.principals else ""
    return (
        f'Signed {certificate.role} key {target}: id "{certificate.key_id}" '
        f"serial {certificate.serial}{names} valid {tell_validity(first, last)}"
    )
