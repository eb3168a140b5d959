"""The keys that may log in: the file `authorized_keys` (sshd(8), its section of that name).

    [options] kind base64 [comment]

Options restrict what a key may do, so a line is worth nothing without them: a look-up
gives only lines whose options its caller enforces, each one of them, and no line with
options to a caller that names none.  A line that cannot be read is reported in `problems`
and lets nobody in.
"""

from __future__ import annotations

from datetime import tzinfo
from itertools import takewhile
from typing import TYPE_CHECKING, Final, Self

import attrs

from ssh_keys.errors import KeyFormatError
from ssh_keys.formats.public_line import looks_like_kind, parse_key_fields
from ssh_keys.lines import Problem, checked_line, split_lines, strip_comment, take_field
from ssh_keys.policy import KeyPolicy
from ssh_keys.public import PublicKey
from ssh_keys.trust.key_options import NO_OPTIONS, OPTIONS, KeyOptions, take_options
from ssh_wire import UsageError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["MAX_LINES", "AuthorizedKey", "AuthorizedKeysFile"]

MAX_LINES: Final = 10_000
"""The most lines that are looked at."""


@attrs.frozen
class AuthorizedKey:
    """A key that may log in.

    Attributes:
        key: the key.
        comment: the free text beside it.
        line: the number of its line, from 1.
        options: what it may be used for, and by whom.
    """

    key: PublicKey
    comment: str
    line: int
    options: KeyOptions = NO_OPTIONS

    def not_enforced(self, enforced: Collection[str]) -> tuple[str, ...]:
        """Return the options of the line that are not among those that are enforced."""
        return tuple(name for name in self.options.names if name not in enforced)


@attrs.frozen(kw_only=True)
class AuthorizedKeysFile:
    """The keys that may log in as one user.

    Attributes:
        keys: the keys in the order of their lines.
        problems: the lines that were not used, and why.
        lines: the whole file, line by line, each as it was written.
        source: what the file is called in `problems`.
        policy: which keys were strong enough to be read.
        zone: the time zone that dates without one were read in; None is the machine's.
    """

    keys: tuple[AuthorizedKey, ...] = ()
    problems: tuple[Problem, ...] = ()
    lines: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    source: str = ""
    policy: KeyPolicy = KeyPolicy.DEFAULT
    zone: tzinfo | None = None

    @classmethod
    def parse(
        cls,
        data: str | bytes,
        source: str = "",
        *,
        policy: KeyPolicy = KeyPolicy.DEFAULT,
        zone: tzinfo | None = None,
    ) -> Self:
        """Read the content of an authorized_keys file; no content makes it raise.

        Args:
            data: the content.
            source: what to call it in `problems`.
            policy: which keys are strong enough to be read.
            zone: what a date without `Z` is in; the machine's time zone when not given.
        """
        keys: list[AuthorizedKey] = []
        problems: list[Problem] = []
        lines = split_lines(data)
        for number, line in enumerate(lines, 1):
            text = strip_comment(line, number)
            if not text:
                continue
            if number > MAX_LINES:
                reason = f"this line and those below are past the limit of {MAX_LINES}"
                problems.append(Problem(source, number, reason))
                break
            try:
                key, options = _parse_line(text, policy=policy, zone=zone)
                keys.append(AuthorizedKey(key, key.comment, number, options))
            except KeyFormatError as error:
                problems.append(Problem(source, number, str(error)))
        return cls(
            keys=tuple(keys),
            problems=tuple(problems),
            lines=lines,
            source=source,
            policy=policy,
            zone=zone,
        )

    def lookup(self, key: PublicKey, enforced: Collection[str] = ()) -> AuthorizedKey | None:
        """Return the first line that lets a key in, or None.

        Args:
            key: the key.
            enforced: the options that the caller enforces, as sshd(8) spells them in lower
                case; a line with any other lets nobody in.
        """
        return next(iter(self.matching(key, enforced)), None)

    def matching(
        self, key: PublicKey, enforced: Collection[str] = ()
    ) -> tuple[AuthorizedKey, ...]:
        """Return every line that lets a key in, in their order: the first that applies counts.

        A line does not apply where its `from` or `expiry-time` says so; the next one may.
        Lines behind one with an option that is not enforced are left out: that line might
        apply, and give less.

        Args:
            key: the key.
            enforced: the options that the caller enforces; see `lookup`.
        """
        return self._listed(key, enforced, authority=False)

    def authorities(
        self, key: PublicKey, enforced: Collection[str] = ()
    ) -> tuple[AuthorizedKey, ...]:
        """Return every line that lets in the certificates that a key signed.

        Args:
            key: the key that signed.
            enforced: the options that the caller enforces, "cert-authority" among them.
        """
        return self._listed(key, enforced, authority=True)

    def not_enforced(self, enforced: Collection[str] = ()) -> tuple[Problem, ...]:
        """Return the lines that let nobody in because of options that are not enforced.

        Those below such a line that have the same key are among them; see `matching`.

        Args:
            enforced: the options that the caller enforces; see `lookup`.
        """
        problems: list[Problem] = []
        first: dict[tuple[PublicKey, bool], int] = {}
        for listed in self.keys:
            which = (listed.key, listed.options.cert_authority)
            missing = listed.not_enforced(enforced)
            if missing:
                shown = ", ".join(missing[:5])
                reason = f"options that are not enforced, so the key is not accepted: {shown}"
                first.setdefault(which, listed.line)
            elif which in first:
                reason = f"line {first[which]} has the same key, and options that are not enforced"
            else:
                continue
            problems.append(Problem(self.source, listed.line, reason))
        return tuple(problems)

    def to_bytes(self) -> bytes:
        """Return the content of the file: what was read, byte for byte, or was made of it."""
        return b"".join(self.lines)

    def adding(self, key: PublicKey, options: str = "") -> Self:
        """Return the file with one more line at its end.

        Args:
            key: the key, with its comment.
            options: its options, as the file spells them.

        Raises:
            UsageError: the line would not be read back as that key with those options.
        """
        line = f"{options} {key.to_openssh()}".lstrip(" ").encode("utf-8", "surrogateescape")
        try:
            read, made = _parse_line(checked_line(line), policy=KeyPolicy.LEGACY, zone=self.zone)
        except KeyFormatError as error:
            problem = f"no such line can be written: {error}"
            raise UsageError(problem) from None
        if read != key or bool(options) is not bool(made.names):
            problem = f"'{printable(options, 64)}' are no options"
            raise UsageError(problem)
        return self._with_content(_ended(self.to_bytes()) + line + b"\n")

    def without(self, key: PublicKey) -> Self:
        """Return the file without the lines of a key; every other line stays as it is."""
        gone = {listed.line for listed in self.keys if listed.key == key}
        kept = (line for number, line in enumerate(self.lines, 1) if number not in gone)
        return self._with_content(b"".join(kept))

    def _with_content(self, data: bytes) -> Self:
        return self.parse(data, self.source, policy=self.policy, zone=self.zone)

    def _listed(
        self, key: PublicKey, enforced: Collection[str], *, authority: bool
    ) -> tuple[AuthorizedKey, ...]:
        found = [
            listed
            for listed in self.keys
            if listed.key == key and listed.options.cert_authority is authority
        ]
        return tuple(takewhile(lambda listed: not listed.not_enforced(enforced), found))


def _ended(data: bytes) -> bytes:
    return data if data.endswith(b"\n") or not data else data + b"\n"


def _parse_line(
    line: bytes, *, policy: KeyPolicy, zone: tzinfo | None
) -> tuple[PublicKey, KeyOptions]:
    line = checked_line(line)
    first, _ = take_field(line)
    # Anything that does not read like a kind of key is options, because an unknown word
    # must never be skipped.
    written, line = ([], line) if looks_like_kind(first) else take_options(line)
    options = KeyOptions.make(written, zone)
    kind, rest = take_field(line)
    key = parse_key_fields(kind, rest, policy=policy)
    _, comment = take_field(rest)
    misplaced = comment.partition(b"=")[0].partition(b",")[0].partition(b" ")[0]
    if misplaced.decode("latin-1").lower() in OPTIONS:
        # it would be a comment, and whoever wrote it believes that the key is restricted
        problem = f"the option '{printable(misplaced, 64)}' stands behind the key"
        raise KeyFormatError(problem)
    return key, options
