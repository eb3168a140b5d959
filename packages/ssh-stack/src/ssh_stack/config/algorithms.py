"""Lists of algorithms as the configuration spells them (ssh_config(5), Ciphers).

A name that no OpenSSH knows is an error, as it is for `ssh`; a name that an OpenSSH knows and
that is not implemented here is left out of the list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssh_keys.patterns import matches
from ssh_stack.config.lines import Line
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_stack.config.values import Reader

__all__ = ["AlgorithmList", "read_algorithms"]

# What OpenSSH 8.4 to 10.6 know beyond what is implemented here.
_KNOWN: Final[dict[str, tuple[str, ...]]] = {
    "cipher": ("rijndael-cbc@lysator.liu.se",),
    "MAC": (
        "hmac-md5",
        "hmac-md5-96",
        "hmac-md5-96-etm@openssh.com",
        "hmac-md5-etm@openssh.com",
        "hmac-sha1-96-etm@openssh.com",
        "umac-64@openssh.com",
        "umac-64-etm@openssh.com",
        "umac-128@openssh.com",
        "umac-128-etm@openssh.com",
    ),
    "key exchange": (
        "mlkem768nistp256-sha256",
        "sntrup4591761x25519-sha512@tinyssh.org",
        "sntrup761x25519-sha512",
        "sntrup761x25519-sha512@openssh.com",
    ),
    "key": (
        "ssh-dss",
        "ssh-dss-cert-v01@openssh.com",
        "ssh-rsa-cert-v01@openssh.com",
        "ssh-mldsa44-ed25519-cert",
        "webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
    ),
}
_SIGNS: Final = "+-^"


@lazy_attrs.frozen
class AlgorithmList:
    """A change of a list of algorithms: "+a,b" appends, "^a,b" puts first, "-a,b*" removes."""

    change: str
    """The change, or the whole list."""
    what: str
    """What is listed, for messages."""
    line: Line = lazy_attrs.field(eq=False, repr=False)
    """Where it is written."""

    @property
    def sign(self) -> str:
        """How the names are meant: "+", "-", "^", or "" for the whole list."""
        return self.change[0] if self.change[0] in _SIGNS else ""

    @property
    def names(self) -> list[str]:
        """The names as they are written, up to the first empty one, as OpenSSH reads them."""
        names = self.change.removeprefix(self.sign).split(",")
        return names[: names.index("")] if "" in names else names

    def applied(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return a list with the change made to it.

        Raises:
            ConfigError: nothing is left.
        """
        if self.sign == "-":
            found = tuple(n for n in names if not any(_matches(p, n) for p in self.names))
        else:
            has = _implemented(self.what)
            found = tuple(n for p in self.names for n in has if _matches(p, n))
            found = {"+": names + found, "^": found + names}.get(self.sign, found)
        if not found:
            problem = f"leaves no {self.what} algorithm that is supported"
            raise self.line.error(problem)
        return tuple(dict.fromkeys(found))

    def left_out(self) -> tuple[str, ...]:
        """Return the names that an OpenSSH knows and that are not supported here."""
        if self.sign == "-":
            return ()
        has = _implemented(self.what)
        return tuple(n for n in self.names if n in _KNOWN[self.what] and n not in has)


def read_algorithms(what: str) -> Reader:
    """Return a reader of a list of algorithms; `what` is a key of the table above."""

    def read(line: Line) -> AlgorithmList:
        if len(line.arguments) != 1 or line.arguments[0] in {"", *_SIGNS}:
            problem = f"takes one list of {what} algorithms"
            raise line.error(problem)
        found = AlgorithmList(line.arguments[0], what, line)
        _check(found)
        return found

    return read


def _check(found: AlgorithmList) -> None:
    """Refuse what OpenSSH refuses: a name that it does not know, unless it is removed."""
    if found.sign == "-":
        return
    names = found.names
    known = (*_implemented(found.what), *_KNOWN[found.what])
    for name in names:
        # patterns are taken for keys alone: readconf.c, parse_pubkey_algos
        patterns = found.what == "key" and not name.startswith("!")
        if name not in known and not (patterns and any(_matches(name, each) for each in known)):
            problem = f"names an unknown {found.what} algorithm {name!r}"
            raise found.line.error(problem)
    if not names:
        problem = f"names no {found.what} algorithm"
        raise found.line.error(problem)


def _implemented(what: str) -> tuple[str, ...]:
    # the algorithms load with the transport in any case, but later than the configuration
    from ssh_transport.algorithms import HOST_KEYS
    from ssh_transport.ciphers import CIPHERS
    from ssh_transport.kex import METHODS
    from ssh_transport.macs import MACS

    return {
        "cipher": tuple(CIPHERS),
        "MAC": tuple(MACS),
        "key exchange": tuple(METHODS),
        "key": HOST_KEYS,
    }[what]


def _matches(pattern: str, name: str) -> bool:
    return matches(pattern.encode("utf-8", "surrogateescape"), name.encode())
