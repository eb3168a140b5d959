"""New keys, and other passphrases, formats and comments for old ones."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ssh_keys import PrivateKey
from ssh_keys.files import write_key_file
from ssh_keys.randomart import randomart
from ssh_stack.cli.keygen.keys import escaped_comment, open_private, read_private
from ssh_stack.cli.keygen.kinds import TOKENS, default_file, full_kind
from ssh_stack.cli.keygen.options import Options
from ssh_stack.cli.keygen.output import write_line
from ssh_stack.cli.keygen.prompts import ask, confirm_overwrite, new_passphrase
from ssh_stack.cli.report import Report
from ssh_stack.local.user import expand_home, home_directory, user_at_host
from ssh_wire import UsageError

__all__ = ["change_comment", "change_passphrase", "create", "create_host_keys"]

_ROUNDS: Final = 16
_CIPHER: Final = "aes256-ctr"
_HOST_KINDS: Final = ("rsa", "ecdsa", "ed25519")
_RSA_SIGNATURES: Final = frozenset({"rsa-sha2-256", "rsa-sha2-512"})
"""Names of signature algorithms that ssh-keygen takes for the kind."""
_STRENGTHS: Final = ("ecdsa", "rsa")
"""The kinds for which -b means something; the others have one size."""


def create(options: Options, report: Report) -> int:
    """Make a key, and save it and its public half."""
    kind = options.get("t") or "ed25519"
    if kind in _RSA_SIGNATURES:
        kind = "rsa"
    comment = options.get("C")
    if comment is None:
        comment = user_at_host()
    bits = options.number("b") if kind.startswith(_STRENGTHS) else None
    _report_key(f"Generating public/private {kind} key pair.", report)
    key = _make(kind, bits, options).with_comment(comment)
    path = options.file or _ask_for_path(kind)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    confirm_overwrite(path)
    _save(key, path, new_passphrase(options.get("N")), options)
    public = path.with_name(f"{path.name}.pub")
    _report_key(f"Your identification has been saved in {path}", report)
    _report_key(f"Your public key has been saved in {public}", report)
    _report_key(
        f"The key fingerprint is:\n{key.public_key.fingerprint()} {escaped_comment(comment)}",
        report,
    )
    _report_key(f"The key's randomart image is:\n{randomart(key.public_key)}", report)
    return 0


def _make(kind: str, bits: int | None, options: Options) -> PrivateKey:
    full = full_kind(kind)
    if full in TOKENS.values():
        from ssh_stack.cli.keygen import fido  # rarely used

        return fido.enroll(full, options)
    return PrivateKey.generate(full, bits)


def _save(key: PrivateKey, path: Path, passphrase: str | None, options: Options) -> None:
    write_key_file(path, _encode(key, passphrase, options), replace=True)
    public = path.with_name(f"{path.name}.pub")
    write_key_file(public, _line(key), public=True, replace=True)


def fetch_keys(options: Options, report: Report) -> int:
    """Save the keys that stay in a FIDO token, as -K does."""
    del report
    from ssh_stack.cli.keygen import fido  # rarely used

    passphrase = new_passphrase(options.get("N"))
    return fido.fetch(options, lambda key, path: _save(key, path, passphrase, options))


def create_host_keys(options: Options, report: Report) -> int:
    """Make the host keys that are missing, as -A does; -f is a prefix of their paths."""
    prefix = options.get("f") or ""
    comment = options.get("C")
    if comment is None:
        comment = user_at_host()
    for kind in _HOST_KINDS:
        path = Path(f"{prefix}/etc/ssh/ssh_host_{kind}_key")
        if path.exists():
            continue
        _report_key(f"Generating {kind} host key {path}", report)
        key = PrivateKey.generate(kind, None, comment)
        write_key_file(path, key.to_openssh())
        write_key_file(path.with_name(f"{path.name}.pub"), _line(key), public=True, replace=True)
    return 0


def change_passphrase(options: Options, report: Report) -> int:
    """Save a key with another passphrase, and in another format with -m."""
    del report
    path = options.one_file()
    key = read_private(path, options, "Enter old passphrase: ")
    if key.comment:
        write_line(f"Key has comment '{escaped_comment(key.comment)}'")
    content = _encode(key, new_passphrase(options.get("N")), options)
    write_key_file(path, content, replace=True)
    write_line("Your identification has been saved with the new passphrase.")
    return 0


def change_comment(options: Options, report: Report) -> int:
    """Give a key and its public half another comment; the passphrase stays."""
    del report
    path = options.one_file()
    key, passphrase = open_private(path, options)
    had = escaped_comment(key.comment) if key.comment else ""
    write_line(f"Old comment: {had}" if had else "No existing comment")
    comment = options.get("C")
    if comment is None:
        comment = ask("New comment: ")
    if "\n" in comment or "\0" in comment:
        problem = "a comment is one line of text"
        raise UsageError(problem)
    changed = key.with_comment(comment)
    write_key_file(path, _encode(changed, passphrase, options), replace=True)
    public = path.with_name(f"{path.name}.pub")
    write_key_file(public, _line(changed), public=True, replace=True)
    message = f"Comment '{escaped_comment(comment)}' applied" if comment else "Comment removed"
    write_line(message)
    return 0


def _encode(key: PrivateKey, passphrase: str | None, options: Options) -> bytes:
    """Return a key in the format of -m; OpenSSH's where none is named."""
    match (options.get("m") or "RFC4716").upper():
        case "PEM":
            return key.to_pem(passphrase, form="traditional")
        case "PKCS8":
            return key.to_pem(passphrase)
        case "PPK":
            return key.to_ppk(passphrase)
        case "RFC4716":
            rounds = options.number("a", _ROUNDS) or _ROUNDS
            return key.to_openssh(passphrase, options.get("Z") or _CIPHER, rounds)
        case other:
            problem = f"no format {other!r}; choose RFC4716, PKCS8, PEM or PPK"
            raise UsageError(problem)


def _ask_for_path(kind: str) -> Path:
    usual = home_directory() / ".ssh" / default_file(kind)
    answer = ask(f"Enter file in which to save the key ({usual}): ")
    return expand_home(answer) if answer else usual


def _line(key: PrivateKey) -> bytes:
    return key.public_key.to_openssh().encode() + b"\n"


def _report_key(text: str, report: Report) -> None:
    if not report.quiet:
        write_line(text)
