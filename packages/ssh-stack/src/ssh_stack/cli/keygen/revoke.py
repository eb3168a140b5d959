"""Lists of revoked keys: make them, add to them, ask them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from ssh_keys import KeyPolicy, PublicKey, RevocationList
from ssh_keys.files import read_revoked_keys, write_revoked_keys
from ssh_keys.trust import Authority, revoke_specified
from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.cli.keygen.keys import commented_keys, read, read_public
from ssh_stack.cli.keygen.options import Options
from ssh_stack.cli.keygen.output import write_line
from ssh_stack.cli.report import Report
from ssh_wire import lazy_attrs
from ssh_wire.text import printable

__all__ = ["make", "query"]


def make(options: Options, report: Report) -> int:
    """Write a list that revokes what the files name, or with -u add it to one."""
    target = Path(options.need("f", "where the list goes"))
    revoked = read_revoked_keys(target) if options.has("u") else RevocationList()
    changed = lazy_attrs.evolve(
        revoked,
        version=options.number("z", revoked.version) or 0,
        generated=int(time.time()),
        comment=options.get("C") or revoked.comment,
    )
    authority = _authority(options.get("s"))
    for word in options.files:
        if not report.quiet:
            write_line(f"Revoking from {word}")
        revoke_specified(changed, read(Path(word)), ca=authority, source=word)
    write_revoked_keys(target, changed)
    return 0


def _authority(word: str | None) -> Authority:
    if word is None:
        return None
    # "none": "the special value none ... revokes by serial or key id for any CA"
    return "any" if word.lower() == "none" else read_public(Path(word))


def query(options: Options, report: Report) -> int:
    """Say of each key whether it is revoked; exit status 1 if one is."""
    revoked = read_revoked_keys(Path(options.need("f", "the list to ask")))
    if options.has("l"):
        for line in _lines(revoked):
            write_line(line)
    found = False
    for word in options.files:
        keys = list(commented_keys(Path(word)))
        if not keys:
            problem = f"{word} is not a public key file"
            raise CommandExit(problem)
        for entry in keys:
            bad = revoked.revokes(entry.key)
            found = found or bad
            if not report.quiet:
                comment = f" ({entry.comment})" if entry.key.comment else ""
                write_line(f"{word}{comment}: {'REVOKED' if bad else 'ok'}")
    return 1 if found else 0


def _lines(revoked: RevocationList) -> Iterator[str]:
    """Yield the lines of the list as -Q -l prints them."""
    yield f"# KRL version {revoked.version}"
    if revoked.generated:
        when = time.strftime("%Y%m%dT%H%M%S", time.localtime(revoked.generated))
        yield f"# Generated at {when}"
    if revoked.comment:
        yield f"# Comment: {printable(revoked.comment)}"
    yield ""
    for blob in sorted(revoked.keys):
        key = PublicKey.from_blob(blob, policy=KeyPolicy.LEGACY)
        yield f"hash: {key.fingerprint()} # {key.kind}"
    for digest in sorted(revoked.sha256):
        yield f"hash: SHA256:{_base64(digest)}"
    for digest in sorted(revoked.sha1):
        yield f"# hash SHA1:{_base64(digest)}"
    for blob, certificates in revoked.certificates.items():
        yield ""
        if blob:
            ca = PublicKey.from_blob(blob, policy=KeyPolicy.LEGACY)
            yield f"# CA key {ca.kind} {ca.fingerprint()}"
        else:
            yield "# Wildcard CA"
        for first, last in certificates.serials.ranges:
            yield f"serial: {first}" if first == last else f"serial: {first}-{last}"
        yield from (f"id: {printable(each)}" for each in sorted(certificates.key_ids))


def _base64(digest: bytes) -> str:
    from base64 import b64encode  # only for lists of hashes

    return b64encode(digest).decode("ascii").rstrip("=")
