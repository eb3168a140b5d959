"""Signatures of files: make and check them, as ssh-keygen -Y does."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Self, cast

from ssh_keys import Certificate, KeyFormatError, PublicKey, SignatureRefused, SSHSig
from ssh_keys.files import read_allowed_signers, read_chunks, read_revoked_keys, write_key_file
from ssh_keys.signatures import HashName, Message, MessageSigner, sign
from ssh_keys.trust import parse_date
from ssh_stack.cli.command_exit import FAILED, CommandExit
from ssh_stack.cli.keygen.keys import public_half, read, read_private
from ssh_stack.cli.keygen.options import MISUSED, Options
from ssh_stack.cli.keygen.output import write, write_line
from ssh_stack.cli.keygen.prompts import confirm_overwrite
from ssh_stack.cli.keygen.show import title
from ssh_stack.cli.report import Report
from ssh_stack.local.user import expand_home
from ssh_wire import SSHError, UsageError, lazy_attrs

__all__ = ["signature"]

_BLOCK: Final = 1 << 16
_HASHES: Final[dict[str, HashName]] = {"sha256": "sha256", "sha512": "sha512"}


def signature(options: Options, report: Report) -> int:
    """Do what the word behind -Y says."""
    word = _need(options, "Y", "sign, verify, find-principals, match-principals, check-novalidate")
    work = _WORDS.get(word)
    if work is None:
        problem = f"-Y takes one of {', '.join(_WORDS)}, not {word!r}"
        raise CommandExit(problem, MISUSED)
    return work(options, report)


def _need(options: Options, letter: str, what: str) -> str:
    """Return the value of an option that -Y cannot do without."""
    try:
        return options.need(letter, what)
    except UsageError as error:
        raise CommandExit(str(error), MISUSED) from None


# ------------------------------------------------------------------------- signing


def _sign(options: Options, report: Report) -> int:
    namespace = _need(options, "n", "what the signature is for, such as file")
    hash_name = _hash(options)
    with _SigningKey.of(expand_home(_need(options, "f", "the key that signs")), options) as key:
        for word in options.files or ("-",):
            if word == "-":
                report.warn("signing data on standard input")
            else:
                report.show(f"Signing file {word}")
            made = sign(
                key.signer,
                _message(word),
                namespace,
                hash_name=hash_name,
                certificate=key.certificate,
            )
            _save(word, made, report)
    return 0


def _save(word: str, made: SSHSig, report: Report) -> None:
    if word == "-":
        write(made.to_armor().decode("ascii"))
        return
    target = Path(f"{word}.sig")
    confirm_overwrite(target)
    write_key_file(target, made.to_armor(), public=True, replace=True)
    report.show(f"Write signature to {target}")


@lazy_attrs.frozen
class _SigningKey:
    """What signs, and the certificate that goes along."""

    signer: MessageSigner
    certificate: Certificate | None = None
    close: Callable[[], None] = lambda: None

    @classmethod
    def of(cls, path: Path, options: Options) -> _SigningKey:
        """Find the private half of a key: in the file, beside it, or in the agent."""
        try:
            key = public_half(path)
        except KeyFormatError:
            return cls(read_private(path, options))
        certificate = key if isinstance(key, Certificate) else None
        plain = certificate.public_key if certificate else cast("PublicKey", key)
        for beside in (path, *_private_paths(path)):
            if beside.is_file() and b"PRIVATE" in read(beside)[:64]:
                return cls(read_private(beside, options), certificate)
        return cls._of_agent(plain, certificate)

    @classmethod
    def _of_agent(cls, key: PublicKey, certificate: Certificate | None) -> _SigningKey:
        from ssh_stack.cli.keygen.agent_keys import AgentSigner  # only where no file has it

        stack = ExitStack()
        return cls(AgentSigner(key, stack), certificate, stack.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _private_paths(path: Path) -> Iterator[Path]:
    for suffix in ("-cert.pub", ".pub"):
        if path.name.endswith(suffix):
            yield path.with_name(path.name.removesuffix(suffix))


# ------------------------------------------------------------------------- checking


def _verify(options: Options, report: Report) -> int:
    signers = read_allowed_signers(Path(_need(options, "f", "the file of allowed signers")))
    principal = _need(options, "I", "whom the signature has to be of")
    namespace = _need(options, "n", "what the signature has to be for")
    with _not_verified(report):
        made, now = _signature(options), _now(options)
    revoked = options.get("r")
    try:
        signers.verify(
            made,
            _message("-"),
            principal=principal,
            namespace=namespace,
            now=now,
            revoked=None if revoked is None else read_revoked_keys(Path(revoked)),
        )
    except SignatureRefused as error:
        report.warn(str(error))
        write_line("Could not verify signature.")
        return FAILED
    _report_good_signature(made, namespace, f"for {principal} ", options, report)
    return 0


def _check(options: Options, report: Report) -> int:
    namespace = _need(options, "n", "what the signature has to be for")
    with _not_verified(report):
        made = _signature(options)
    if not made.verify(_message("-"), namespace):
        report.warn("the key did not sign this message for this namespace")
        write_line("Could not verify signature.")
        return FAILED
    _report_good_signature(made, namespace, "", options, report)
    return 0


def _report_good_signature(
    made: SSHSig, namespace: str, whose: str, options: Options, report: Report
) -> None:
    key = made.certificate or made.public_key
    if not report.quiet:
        fingerprint = made.public_key.fingerprint()
        write_line(f'Good "{namespace}" signature {whose}with {title(key)} key {fingerprint}')
    if "print-pubkey" in options.extra:
        write_line(key.to_openssh())


def _find_principals(options: Options, report: Report) -> int:
    signers = read_allowed_signers(Path(_need(options, "f", "the file of allowed signers")))
    names = signers.find_principals(_signature(options), _now(options))
    if not names:
        problem = "no principal matched"
        raise CommandExit(problem)
    del report
    write_line("\n".join(names))
    return 0


def _match_principals(options: Options, report: Report) -> int:
    signers = read_allowed_signers(Path(_need(options, "f", "the file of allowed signers")))
    found = signers.match_principals(_need(options, "I", "the principal to look for"))
    if not found:
        problem = "no principal matched"
        raise CommandExit(problem)
    del report
    for names in found:
        write_line(",".join(names))
    return 0


_WORDS: Final = {
    "sign": _sign,
    "verify": _verify,
    "check-novalidate": _check,
    "find-principals": _find_principals,
    "match-principals": _match_principals,
}

# ------------------------------------------------------------------------- inside


def _signature(options: Options) -> SSHSig:
    return SSHSig.from_armor(read(Path(_need(options, "s", "the file of the signature"))))


@contextmanager
def _not_verified(report: Report) -> Generator[None]:
    """Say on standard output, as ssh-keygen does, what an error means for the signature."""
    try:
        yield
    except (SSHError, OSError):
        if not report.quiet:
            write_line("Could not verify signature.")
        raise


def _message(word: str) -> Message:
    return iter(lambda: sys.stdin.buffer.read(_BLOCK), b"") if word == "-" else read_chunks(word)


def _hash(options: Options) -> HashName:
    name = _value(options, "hashalg") or "sha512"
    found = _HASHES.get(name)
    if found is None:
        problem = f"no hash {name!r}; choose one of {', '.join(_HASHES)}"
        raise UsageError(problem)
    return found


def _now(options: Options) -> int:
    given = _value(options, "verify-time")
    return int(time.time()) if given is None else parse_date(given)


def _value(options: Options, name: str) -> str | None:
    found = [each.partition("=")[2] for each in options.extra if each.startswith(f"{name}=")]
    return found[-1] if found else None
