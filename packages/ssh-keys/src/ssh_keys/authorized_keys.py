"""The keys that may log in: the file `authorized_keys` (sshd(8), its section of that name).

    [options] kind base64 [comment]

Options restrict what a key may do, so a line is worth nothing without them: a line with
an option that is not enforced is refused whole and reported in `problems`.  No option is
enforced yet; `_ENFORCED` is where one is named when it is.
"""

from __future__ import annotations

from typing import Final, Self

import attrs

from ssh_keys.errors import KeyFormatError
from ssh_keys.lines import Problem, cut, key_of, numbered, take_field
from ssh_keys.public import PublicKey
from ssh_wire.text import printable

__all__ = ["MAX_LINES", "AuthorizedKey", "AuthorizedKeys"]

MAX_LINES: Final = 10_000
"""The most lines that are looked at."""

_ENFORCED: Final[frozenset[str]] = frozenset()

_OPTIONS: Final = frozenset(
    {
        "agent-forwarding",
        "cert-authority",
        "command",
        "environment",
        "expiry-time",
        "from",
        "no-agent-forwarding",
        "no-port-forwarding",
        "no-pty",
        "no-touch-required",
        "no-user-rc",
        "no-x11-forwarding",
        "permitlisten",
        "permitopen",
        "port-forwarding",
        "principals",
        "pty",
        "restrict",
        "tunnel",
        "user-rc",
        "verify-required",
        "x11-forwarding",
    }
)


@attrs.frozen
class AuthorizedKey:
    """A key that may log in.

    Attributes:
        key: the key.
        comment: the free text beside it.
        line: the number of its line, from 1.
    """

    key: PublicKey
    comment: str
    line: int


@attrs.frozen
class AuthorizedKeys:
    """The keys that may log in as one user.

    Attributes:
        keys: the keys in the order of their lines.
        problems: the lines that were not used, and why.
    """

    keys: tuple[AuthorizedKey, ...] = ()
    problems: tuple[Problem, ...] = ()

    @classmethod
    def parse(cls, data: str | bytes, source: str = "", *, legacy: bool = False) -> Self:
        """Read the content of an authorized_keys file; no content makes it raise.

        Args:
            data: the content.
            source: what to call it in `problems`.
            legacy: take RSA keys down to 1024 bits instead of 2048.
        """
        keys: list[AuthorizedKey] = []
        problems: list[Problem] = []
        for number, line in numbered(data):
            if number > MAX_LINES:
                reason = f"this line and those below are past the limit of {MAX_LINES}"
                problems.append(Problem(source, number, reason))
                break
            try:
                key = _parse_line(line, legacy=legacy)
                keys.append(AuthorizedKey(key, key.comment, number))
            except KeyFormatError as error:
                problems.append(Problem(source, number, str(error)))
        return cls(tuple(keys), tuple(problems))

    def lookup(self, key: PublicKey) -> AuthorizedKey | None:
        """Return the first line that lets a key in, or None."""
        return next((listed for listed in self.keys if listed.key == key), None)


def _parse_line(line: bytes, *, legacy: bool) -> PublicKey:
    options, line = _take_options(cut(line))
    refused = [name for name in options if name.lower() not in _ENFORCED]
    if refused:
        shown = ", ".join(printable(name, 64) for name in refused[:5])
        problem = f"options that are not enforced, so the key is not accepted: {shown}"
        raise KeyFormatError(problem)
    kind, rest = take_field(line)
    key = key_of(kind, rest, legacy=legacy)
    _, comment = take_field(rest)
    misplaced = _option_name(comment)
    if misplaced.lower() in _OPTIONS:
        # it would be a comment, and whoever wrote it believes that the key is restricted
        problem = f"the option '{printable(misplaced, 64)}' stands behind the key"
        raise KeyFormatError(problem)
    return key


def _take_options(line: bytes) -> tuple[list[str], bytes]:
    """Return the names of the options at the start of a line, and the rest of it.

    A first field that reads like a kind of key is one; anything else is options, because
    an unknown word must never be skipped.
    """
    first, _ = take_field(line)
    if _looks_like_kind(first):
        return [], line
    names: list[str] = []
    start = 0
    while True:
        end = _end_of_option(line, start)
        names.append(_option_name(line[start:end]))
        if line[end : end + 1] != b",":
            return names, line[end:].lstrip(b" \t")
        start = end + 1


def _end_of_option(line: bytes, start: int) -> int:
    """Return where the option at `start` ends: at a comma or blank outside of quotes."""
    quoted = False
    escaped = False
    for pos in range(start, len(line)):
        char = line[pos : pos + 1]
        if not quoted and char in (b",", b" ", b"\t"):
            return pos
        if char == b'"' and not escaped:
            quoted = not quoted
        escaped = char == b"\\" and not escaped
    if quoted:
        problem = "a quote is not closed"
        raise KeyFormatError(problem)
    return len(line)


def _looks_like_kind(field: bytes) -> bool:
    return (
        b'"' not in field
        and b"=" not in field
        and b"," not in field
        and (field.startswith((b"ssh-", b"ecdsa-sha2-", b"rsa-sha2-", b"sk-", b"webauthn-")))
    )


def _option_name(text: bytes) -> str:
    name = text.partition(b"=")[0].partition(b",")[0].partition(b" ")[0]
    return name.decode("utf-8", "surrogateescape")
