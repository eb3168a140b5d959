"""What keyscan prints of a host: lines of known_hosts, SSHFP records, or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from ssh_keys import UnsupportedKey, plain_key
from ssh_keys.trust import SSHFP, format_host_line, sshfp_records

if TYPE_CHECKING:
    from ssh_keys import PublicKey
    from ssh_stack.cli.keyscan.hosts import Host
    from ssh_stack.cli.keyscan.options import Options
    from ssh_stack.cli.keyscan.probe import ProbeResult

__all__ = ["as_object", "lines_of"]

_DEFAULT_PORT: Final = 22


def lines_of(host: Host, results: Sequence[ProbeResult], options: Options) -> Iterator[str]:
    """Iterate over the lines of a host, in the order of the kinds."""
    for result in results:
        if result.identification and not options.quiet:
            mark = ";" if options.records else "#"
            yield f"{mark} {host.addresses[0]}:{options.port} {result.identification}"
        if result.credential is None:
            continue
        key = plain_key(result.credential)
        if options.certificates:
            if options.records:
                yield from _records(host.names, key, options)
            else:
                yield result.credential.to_openssh()
            continue
        for name in _names(host, options):
            if options.records:
                yield from _records(name, key, options)
            else:
                yield _host_line(name, key, options)


def _names(host: Host, options: Options) -> list[str]:
    """Return the names, each for a line of its own where they cannot be together."""
    if not options.hashed and options.port == _DEFAULT_PORT:
        return [host.names]
    return host.names.split(",")


def _host_line(name: str, key: PublicKey, options: Options) -> str:
    if "," not in name:
        return format_host_line(name, options.port, key, hashed=options.hashed)
    return f"{name.lower()} {key.with_comment('').to_openssh()}"


def _records(name: str, key: PublicKey, options: Options) -> Iterator[str]:
    try:
        records = sshfp_records(key) if options.hash is None else (SSHFP.make(key, options.hash),)
    except UnsupportedKey:
        return
    for record in records:
        yield record.to_text(name)


def as_object(host: Host, result: ProbeResult, options: Options) -> dict[str, Any]:
    """Return what is printed of a connection with --json."""
    credential = result.credential
    key = None if credential is None else plain_key(credential)
    found: dict[str, Any] = {
        "host": host.names,
        "address": host.addresses[0],
        "port": options.port,
        "type": result.kind,
        "identification": result.identification or None,
        "error": None if result.error is None else str(result.error),
        "key": None if key is None else key.with_comment("").to_openssh(),
        "bits": None if key is None else key.bits,
        "fingerprint": None if key is None else key.fingerprint(),
    }
    if options.certificates:
        found["certificate"] = None if credential is None else credential.to_openssh()
    return found
