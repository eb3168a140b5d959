"""Certificates: show what they say, as ssh-keygen -L does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ssh_keys import Certificate, KeyFormatError, KeyPolicy, load_public_key
from ssh_keys.certificates import PERMISSIONS
from ssh_keys.trust import numbered_lines
from ssh_stack.cli.keygen.keys import read
from ssh_stack.cli.keygen.options import Options
from ssh_stack.cli.keygen.output import write_line
from ssh_stack.cli.keygen.show import title
from ssh_stack.cli.keygen.validity import tell_validity
from ssh_stack.cli.report import Report
from ssh_wire import WireError
from ssh_wire.primitives import read_string
from ssh_wire.text import printable

__all__ = ["show_certificates"]

_VALUED: Final = frozenset({"force-command", "source-address"})
_BARE: Final = frozenset({*PERMISSIONS, "no-touch-required", "verify-required"})


def show_certificates(options: Options, report: Report) -> int:
    """Print every certificate of a file; exit status 1 where none is in it."""
    path = options.one_file()
    found = False
    for number, line in numbered_lines(read(path)):
        try:
            key = load_public_key(line, policy=KeyPolicy.LEGACY)
        except KeyFormatError as error:
            report.warn(f"{path}:{number} cannot be read: {error}")
            continue
        if not isinstance(key, Certificate):
            report.warn(f"{path}:{number} is not a certificate")
            continue
        write_line(f"{path if str(path) != '-' else '(stdin)'}:")
        for text in _lines(key):
            write_line(text)
        found = True
    return 0 if found else 1


def _lines(certificate: Certificate) -> Iterator[str]:
    ca = certificate.ca_key
    yield f"        Type: {certificate.kind} {certificate.role} certificate"
    yield f"        Public key: {title(certificate)} {certificate.fingerprint()}"
    signed = f"(using {printable(certificate.ca_algorithm, 64)})"
    yield f"        Signing CA: {title(ca)} {ca.fingerprint()} {signed}"
    yield f'        Key ID: "{printable(certificate.key_id)}"'
    yield f"        Serial: {certificate.serial}"
    valid = tell_validity(certificate.valid_after, certificate.valid_before)
    yield f"        Valid: {valid}"
    names = [printable(name) for name in certificate.principals]
    yield from _section("Principals", names)
    yield from _section("Critical Options", _options(certificate.critical_options))
    yield from _section("Extensions", _options(certificate.extensions))


def _section(name: str, entries: list[str]) -> Iterator[str]:
    yield f"        {name}: {'' if entries else '(none)'}"
    yield from (f"                {entry}" for entry in entries)


def _options(options: Mapping[str, bytes]) -> list[str]:
    return [_option(printable(name, 64), data) for name, data in options.items()]


def _option(name: str, data: bytes) -> str:
    if name in _BARE and not data:
        return name
    if name in _VALUED:
        try:
            value, end = read_string(data, 0)
        except WireError:
            end = -1
        else:
            if end == len(data):
                return f"{name} {printable(bytes(value), len(data))}"
    if not data:
        return f"{name} UNKNOWN FLAG OPTION"
    return f"{name} UNKNOWN OPTION: {data.hex()} (len {len(data)})"
