"""The keys that may log in: the file `authorized_keys` (sshd(8), its section of that name).

    [options] kind base64 [comment]

Options restrict what a key may do, so a key is never accepted without them: a look-up returns
only lines whose options its caller enforces, all of them.  A line that cannot be read is reported
in `problems`, and its key is not accepted.
"""

from __future__ import annotations

from datetime import tzinfo
from itertools import takewhile
from typing import TYPE_CHECKING, Final, Self

from ssh_keys.errors import KeyFormatError
from ssh_keys.formats.public_line import looks_like_kind, parse_key_fields
from ssh_keys.lines import Problem, checked_line, split_lines, strip_comment, take_field
from ssh_keys.policy import KeyPolicy
from ssh_keys.public import PublicKey
from ssh_keys.trust.key_options import NO_OPTIONS, OPTIONS, KeyOptions, take_options
from ssh_wire import UsageError, lazy_attrs
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["MAX_LINES", "AuthorizedKey", "AuthorizedKeysFile"]

MAX_LINES: Final = 10_000
"""The most lines that are read."""


@lazy_attrs.frozen
class AuthorizedKey:
    """A key that may log in.

    Attributes:
        key: the key.
        comment: the text after it.
        line: the number of its line, from 1.
        options: its options.
    """

    key: PublicKey
    comment: str
    line: int
    options: KeyOptions = NO_OPTIONS

    def not_enforced(self, enforced: Collection[str]) -> tuple[str, ...]:
        """Return the options of the line that are not enforced."""
        return tuple(name for name in self.options.names if name not in enforced)


@lazy_attrs.frozen(kw_only=True)
class AuthorizedKeysFile:
    """The keys that may log in as one user.

    Attributes:
        keys: the keys in the order of their lines.
        problems: the lines that cannot be used, and why.
        lines: all lines of the file, each as it was written.
        source: the name of the file in `problems`.
        policy: which keys are strong enough to be read.
        zone: the time zone of dates without `Z`; None is the machine's.
    """

    keys: tuple[AuthorizedKey, ...] = ()
    problems: tuple[Problem, ...] = ()
    lines: tuple[bytes, ...] = lazy_attrs.field(default=(), repr=False)
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
        """Read the content of an authorized_keys file; bad lines are in `problems`.

        Args:
            data: the content.
            source: the name of the file in `problems`.
            policy: which keys are strong enough to be read.
            zone: the time zone of dates without `Z`; the machine's when not given.
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
        """Return the first line by which a key is accepted, or None.

        Args:
            key: the key.
            enforced: the options that the caller enforces, with the names of sshd(8) in lower
                case; no key is accepted by a line with others.
        """
        return next(iter(self.matching(key, enforced)), None)

    def matching(
        self, key: PublicKey, enforced: Collection[str] = ()
    ) -> tuple[AuthorizedKey, ...]:
        """Return the lines by which a key is accepted; the first that applies counts.

        A line does not apply if its `from` or `expiry-time` excludes the login; the next may.
        Lines after one with an option that is not enforced are left out: that line might
        apply, and be stricter.

        Args:
            key: the key.
            enforced: the options that the caller enforces; see `lookup`.
        """
        return self._listed(key, enforced, authority=False)

    def authorities(
        self, key: PublicKey, enforced: Collection[str] = ()
    ) -> tuple[AuthorizedKey, ...]:
        """Return the lines by which the certificates of an authority are accepted.

        Args:
            key: the key of the authority.
            enforced: the options that the caller enforces, "cert-authority" among them.
        """
        return self._listed(key, enforced, authority=True)

    def not_enforced(self, enforced: Collection[str] = ()) -> tuple[Problem, ...]:
        """Return the lines by which no key is accepted, because an option is not enforced.

        Later lines with the same key are among them; see `matching`.

        Args:
            enforced: the options that the caller enforces; see `lookup`.
        """
        problems: list[Problem] = []
        first: dict[tuple[PublicKey, bool], int] = {}
        for listed in self.keys:
            which = (listed.key, listed.options.cert_authority)
            missing = listed.not_enforced(enforced)
            if missing:
                names = ", ".join(missing[:5])
                reason = f"options that are not enforced, so the key is not accepted: {names}"
                first.setdefault(which, listed.line)
            elif which in first:
                reason = f"line {first[which]} has the same key, and options that are not enforced"
            else:
                continue
            problems.append(Problem(self.source, listed.line, reason))
        return tuple(problems)

    def to_bytes(self) -> bytes:
        """Return the content of the file; unchanged lines are byte for byte as they were."""
        return b"".join(self.lines)

    def adding(self, key: PublicKey, options: str = "") -> Self:
        """Return the file with one more line at its end.

        Args:
            key: the key, with its comment.
            options: its options, as the file has them.

        Raises:
            UsageError: the line would not be read as that key with those options.
        """
        line = f"{options} {key.to_openssh()}".lstrip(" ").encode("utf-8", "surrogateescape")
        try:
            read, made = _parse_line(checked_line(line), policy=KeyPolicy.LEGACY, zone=self.zone)
        except KeyFormatError as error:
            problem = f"no such line can be written: {error}"
            raise UsageError(problem) from None
        if read != key or bool(options) is not bool(made.names):
            problem = f"'{printable(options, 64)}' are not options"
            raise UsageError(problem)
        return self._with_content(_with_final_newline(self.to_bytes()) + line + b"\n")

    def without(self, key: PublicKey) -> Self:
        """Return the file without the lines of a key; all other lines stay as they are."""
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


def _with_final_newline(data: bytes) -> bytes:
    return data if data.endswith(b"\n") or not data else data + b"\n"


def _parse_line(
    line: bytes, *, policy: KeyPolicy, zone: tzinfo | None
) -> tuple[PublicKey, KeyOptions]:
    line = checked_line(line)
    first, _ = take_field(line)
    # anything that does not look like a kind of key is options: an unknown word must never
    # be ignored
    written, line = ([], line) if looks_like_kind(first) else take_options(line)
    options = KeyOptions.make(written, zone)
    kind, rest = take_field(line)
    key = parse_key_fields(kind, rest, policy=policy)
    _, comment = take_field(rest)
    misplaced = comment.partition(b"=")[0].partition(b",")[0].partition(b" ")[0]
    if misplaced.decode("latin-1").lower() in OPTIONS:
        # it would be a comment, and the user believes that the key is restricted
        problem = (
            f"the option '{printable(misplaced, 64)}' is after the key, where it has no effect"
        )
        raise KeyFormatError(problem)
    return key, options
