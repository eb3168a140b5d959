"""Keys in FIDO tokens: have one made, and fetch those that stay in a token (-K)."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from ssh_keys import PinNeeded
from ssh_keys.fido_library import RESIDENT, TOUCH, VERIFICATION, FidoLibrary
from ssh_keys.files import write_key_file
from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.cli.keygen.keys import read
from ssh_stack.cli.keygen.kinds import default_file
from ssh_stack.cli.keygen.options import Options
from ssh_stack.cli.keygen.output import write_line
from ssh_stack.cli.keygen.prompts import confirm_overwrite
from ssh_stack.cli.prompts import TerminalPrompter
from ssh_wire import UsageError, lazy_attrs
from ssh_wire.primitives import string
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_keys import PrivateKey
    from ssh_keys.fido_library import Enrolled, ResidentKey

__all__ = ["enroll", "fetch"]

_CHALLENGE: Final = 32  # bytes
_ATTEMPTS: Final = 3
_FLAGS: Final = {
    "no-touch-required": (0, TOUCH),
    "verify-required": (VERIFICATION, 0),
    "resident": (RESIDENT, 0),
}
"""What an option adds to the flags of a key, and what it takes away."""
_VALUES: Final = ("application", "challenge", "device", "user", "write-attestation")

T = TypeVar("T")


@lazy_attrs.frozen(kw_only=True)
class _Wanted:
    """What the values of -O ask for."""

    flags: int
    values: dict[str, str]

    @classmethod
    def of(cls, options: Options) -> _Wanted:
        """Read them.

        Raises:
            UsageError: one is not known, or has no value that can be used.
        """
        flags, values = TOUCH, {"application": "ssh:"}
        for option in options.extra:
            name, equals, value = option.partition("=")
            if option.lower() in _FLAGS:
                added, removed = _FLAGS[option.lower()]
                flags = (flags | added) & ~removed
            elif name.lower() in _VALUES and equals:
                values[name.lower()] = value
            else:
                problem = f"-O {printable(option)} is not for keys in FIDO tokens"
                raise UsageError(problem)
        if not values["application"].startswith("ssh:"):
            problem = 'the application of a key in a FIDO token begins with "ssh:"'
            raise UsageError(problem)
        return cls(flags=flags, values=values)

    @property
    def of_the_token(self) -> dict[str, str]:
        """The options that the token is given."""
        return {name: self.values[name] for name in ("device", "user") if name in self.values}


def enroll(kind: str, options: Options) -> PrivateKey:
    """Have a token make a key; save what it attests, where that is wanted.

    Args:
        kind: the kind of key.
        options: -O, -w, -q.
    """
    wanted = _Wanted.of(options)
    challenge = (
        read(Path(wanted.values["challenge"]))
        if "challenge" in wanted.values
        else secrets.token_bytes(_CHALLENGE)
    )
    library = _library(options)
    if not options.quiet:
        write_line("You may need to touch your authenticator to authorize key generation.")
    made = _with_pin(
        lambda pin: library.enroll(
            kind,
            wanted.values["application"],
            challenge,
            wanted.flags,
            pin=pin,
            options=wanted.of_the_token,
        )
    )
    if "write-attestation" in wanted.values:
        path = Path(wanted.values["write-attestation"])
        write_key_file(path, _attestation(made), replace=True)
    return made.key


def _attestation(made: Enrolled) -> bytes:
    """Return the record of PROTOCOL.u2f: "ssh-sk-attest-v01"."""
    parts = (made.certificate, made.signature, made.authenticator_data)
    tail = (0).to_bytes(4, "big") + string(b"")
    return string("ssh-sk-attest-v01") + b"".join(map(string, parts)) + tail


def fetch(options: Options, save: Callable[[PrivateKey, Path], None]) -> int:
    """Save the keys that stay in a token in the present folder.

    Args:
        options: -w, -O device, -q.
        save: writes a key and its public half.
    """
    library = _library(options)
    given = _Wanted.of(options).of_the_token
    found = _with_pin(lambda pin: library.resident_keys(pin, given))
    if not found:
        problem = "no key of SSH stays in the token"
        raise CommandExit(problem)
    for each in found:
        path = Path(_name(each))
        confirm_overwrite(path)
        save(each.key, path)
        if not options.quiet:
            write_line(f"Saved {each.key.public_key.kind} key to {path}")
    return 0


def _name(found: ResidentKey) -> str:
    """Return the name of the file of a key, as ssh-keygen chooses it."""
    suffix = found.key.comment.removeprefix("ssh://").removeprefix("ssh:")
    if found.user:
        user = found.user.decode("utf-8", "replace")
        unsafe = {"/", "\\"} & set(user) or ".." in user or not user.isprintable()
        suffix += f"_{found.user.hex() if unsafe else user}"
    name = f"{default_file(found.key.public_key.kind)}_rk"
    return f"{name}_{suffix.replace('/', '_')}" if suffix else name


def _library(options: Options) -> FidoLibrary:
    path = options.get("w") or os.environ.get("SSH_SK_PROVIDER")
    if not path or path == "internal":
        problem = (
            "no FIDO library: name one with -w or SSH_SK_PROVIDER, such as libsk-libfido2.so; "
            "the one inside OpenSSH's programs cannot be used from here"
        )
        raise CommandExit(problem)
    return FidoLibrary(path)


def _with_pin(work: Callable[[str | None], T]) -> T:
    """Do what may need the PIN of the token, and ask for it then."""
    try:
        return work(None)
    except PinNeeded:
        pass
    for _ in range(_ATTEMPTS - 1):
        try:
            return work(_pin())
        except PinNeeded:
            continue
    return work(_pin())


def _pin() -> str:
    prompter = TerminalPrompter.if_available(stdin=True)
    pin = (
        None if prompter is None else asyncio.run(prompter.secret("Enter PIN for authenticator: "))
    )
    if pin is None:
        problem = "no PIN for the FIDO token: there is no terminal to ask at, or no answer"
        raise CommandExit(problem)
    return pin
