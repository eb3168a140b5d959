"""known_hosts: find a host, hash the names, remove a host."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from ssh_connection.addresses import parse_address
from ssh_keys import Certificate, KeyFormatError, KeyPolicy, KnownHostsFile, load_public_key
from ssh_keys.files import hash_known_hosts, remove_known_host
from ssh_keys.randomart import randomart
from ssh_keys.trust import FoundLine, HashedName, Marker, host_name, split_host_line
from ssh_stack.cli.keygen.keys import read
from ssh_stack.cli.keygen.options import Options
from ssh_stack.cli.keygen.show import hash_of, title
from ssh_stack.cli.report import Report
from ssh_stack.local.user import expand_home

__all__ = ["find", "hash_names", "remove"]

_USUAL = "~/.ssh/known_hosts"
_SALT = 20
_MARKS = {Marker.AUTHORITY: "CA", Marker.REVOKED: "REVOKED"}


def find(options: Options, report: Report) -> int:
    """Print the lines about a host; exit status 1 if there is none."""
    wanted = options.need("F", "the name of the host")
    host, port = _split(wanted)
    found = KnownHostsFile.parse(read(_path(options))).find(host, port)
    for line in found:
        if not report.quiet:
            mark = _MARKS.get(line.marker, "")
            click.echo(f"# Host {wanted} found: line {line.line} {mark}")
        click.echo(_line_text(line, wanted, host, port, options))
    return 0 if found else 1


def _line_text(line: FoundLine, wanted: str, host: str, port: int, options: Options) -> str:
    """Return a line as -F prints it: as it is, hashed with -H, as a fingerprint with -l."""
    if not options.has("l"):
        hashed = options.has("H")
        return _hashed(line, host, port) if hashed else line.text.decode("utf-8", "replace")
    _, _, key_text = split_host_line(line.text.strip())
    try:
        key = load_public_key(key_text, policy=KeyPolicy.LEGACY)
    except KeyFormatError as error:
        return f"{wanted} is not readable: {error}"
    plain = key.public_key if isinstance(key, Certificate) else key
    name = hash_of(options)
    text = f"{wanted} {title(key)} {plain.fingerprint(name)}"
    if key.comment:
        text += f" {key.comment}"
    if options.has("v"):
        text += "\n" + randomart(key, name)
    return text


def _hashed(line: FoundLine, host: str, port: int) -> str:
    """Return the line with the requested name hashed; a line with a marker is unchanged."""
    text = line.text
    if line.marker is Marker.TRUST:
        _, _, key_text = split_host_line(line.text.strip())
        salt = secrets.token_bytes(_SALT)
        text = HashedName.make(salt, host_name(host, port)).to_field() + b" " + key_text
    return text.decode("utf-8", "surrogateescape")


def hash_names(options: Options, report: Report) -> int:
    """Hash the names of the hosts in known_hosts."""
    path = _path(options)
    hash_known_hosts(path)
    if not report.quiet:
        click.echo(f"{path} updated.\nOriginal contents retained as {path}.old")
    report.warn(f"{path}.old still has the names: remove it to hide them")
    return 0


def remove(options: Options, report: Report) -> int:
    """Remove a host's keys from known_hosts."""
    wanted = options.need("R", "the name of the host")
    host, port = _split(wanted)
    path = _path(options)
    gone = [
        line
        for line in KnownHostsFile.parse(read(path)).find(host, port)
        if line.marker is Marker.TRUST
    ]
    if not gone or not remove_known_host(path, host, port):
        report.warn(f"host {wanted} not found in {path}")
        return 0
    if not report.quiet:
        for line in gone:
            click.echo(f"# Host {wanted} found: line {line.line}")
        click.echo(f"{path} updated.\nOriginal contents retained as {path}.old")
    return 0


def _split(wanted: str) -> tuple[str, int]:
    """Host and port of `host` or `[host]:port`."""
    return parse_address(wanted) if wanted.startswith("[") else (wanted, 22)


def _path(options: Options) -> Path:
    return options.file or expand_home(_USUAL)
