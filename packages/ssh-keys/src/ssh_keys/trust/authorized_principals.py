"""The principals that may log in with a certificate: an AuthorizedPrincipalsFile (sshd_config(5)).

    [options] principal

A user with a certificate for one of the principals, of an authority that the server trusts, may
log in.  The options are those of `authorized_keys`: a look-up returns only lines whose options
its caller enforces.  `#` starts a comment anywhere.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Self

from ssh_keys.errors import KeyFormatError
from ssh_keys.lines import Problem, as_bytes, checked_line
from ssh_keys.trust.authorized_keys import MAX_LINES
from ssh_keys.trust.key_options import NO_OPTIONS, KeyOptions, take_options
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import tzinfo

__all__ = ["AuthorizedPrincipal", "AuthorizedPrincipals"]


@lazy_attrs.frozen
class AuthorizedPrincipal:
    """A principal that may log in.

    Attributes:
        name: the principal.
        line: the number of its line, from 1.
        options: its options.
    """

    name: str
    line: int
    options: KeyOptions = NO_OPTIONS


@lazy_attrs.frozen
class AuthorizedPrincipals:
    """The principals that may log in as one user.

    Attributes:
        principals: the principals in the order of their lines.
        problems: the lines that cannot be used, and why.
    """

    principals: tuple[AuthorizedPrincipal, ...] = ()
    problems: tuple[Problem, ...] = ()

    @classmethod
    def parse(cls, data: str | bytes, source: str = "", *, zone: tzinfo | None = None) -> Self:
        """Read the content of an authorized_principals file; bad lines are in `problems`.

        Args:
            data: the content.
            source: the name of the file in `problems`.
            zone: the time zone of dates without `Z`; the machine's when not given.
        """
        found: list[AuthorizedPrincipal] = []
        problems: list[Problem] = []
        content = as_bytes(data).removeprefix(BOM_UTF8)
        for number, line in enumerate(content.split(b"\n"), 1):
            text = line.removesuffix(b"\r").partition(b"#")[0].strip(b" \t")
            if not text:
                continue
            if number > MAX_LINES:
                reason = f"this line and those below are past the limit of {MAX_LINES}"
                problems.append(Problem(source, number, reason))
                break
            try:
                name, options = _parse_line(text, zone)
                found.append(AuthorizedPrincipal(name, number, options))
            except KeyFormatError as error:
                problems.append(Problem(source, number, str(error)))
        return cls(tuple(found), tuple(problems))

    def lookup(
        self, names: Collection[str], enforced: Collection[str] = ()
    ) -> AuthorizedPrincipal | None:
        """Return the line by which a certificate is accepted, or None.

        It is the first line with one of the certificate's principals.  As in sshd, no other line
        is used if its `from` or `expiry-time` excludes the login.

        Args:
            names: the certificate's principals.
            enforced: the options that the caller enforces, with the names of sshd(8) in lower
                case; no certificate is accepted by a line with others.
        """
        found = next((listed for listed in self.principals if listed.name in names), None)
        if found is None or not all(name in enforced for name in found.options.names):
            return None
        return found


def _parse_line(text: bytes, zone: tzinfo | None) -> tuple[str, KeyOptions]:
    line = checked_line(text)
    written: list[bytes] = []
    if not {*b' \t"'}.isdisjoint(line):  # a quote, too: the quoted text may have had a "#"
        written, line = take_options(line)
    options = KeyOptions.make(written, zone)
    if b" " in line or b"\t" in line or not line:
        problem = "the line has more than one principal, or none"
        raise KeyFormatError(problem)
    if options.cert_authority:
        problem = "cert-authority is not an option of a principal"
        raise KeyFormatError(problem)
    return line.decode("utf-8", "surrogateescape"), options
