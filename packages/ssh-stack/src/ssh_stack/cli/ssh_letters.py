"""The letters of ssh(1): one row a letter, from which `--help` and the documents are drawn too.

A row says what a letter becomes: a configuration line, a field of `Arguments`, or a refusal
where what it asks for does not work yet.  OpenSSH has two kinds of letters with a line.  Some
set what is not set yet, as `-o` does; others replace what came before, and the last one counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from ssh_stack.cli import letter_values as values
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_stack.cli.arguments import Arguments

__all__ = ["LETTERS", "SECTIONS", "Letter"]

Apply: TypeAlias = "Callable[[Arguments, str], None]"

SECTIONS: Final = (
    "Where to",
    "Configuration",
    "Keys and algorithms",
    "What to do",
    "Forwarding",
    "Messages",
    "Not working yet",
)
"""The parts of the help text, in their order."""


@lazy_attrs.frozen
class Letter:
    """One letter of the command line."""

    name: str
    """The letter, without its minus sign."""
    section: str
    """The part of the help text that it belongs to; empty for none."""
    help: str
    """What it does, in a sentence."""
    becomes: str
    """What it comes to: a configuration line, or what else happens."""
    apply: Apply
    """Does it, given the letter's value; raises UsageError where the value cannot be used."""
    value: str = ""
    """The name of its value, for the help text; empty where it takes none."""
    works: bool = True
    """Whether it does what OpenSSH's does; otherwise it is refused."""


def _replaces(name: str, section: str, text: str, *lines: str, value: str = "") -> Letter:
    """Return a letter whose lines replace what came before; the last one counts."""

    def apply(arguments: Arguments, given: str) -> None:
        for line in lines:
            keyword, _, rest = line.partition(" ")
            arguments.replace(keyword, rest or values.quoted(given))

    becomes = ", ".join(f"`{line}{'' if ' ' in line else f' {value}'}`" for line in lines)
    return Letter(name, section, text, becomes, apply, value)


def _sets(
    name: str,
    section: str,
    text: str,
    keyword: str,
    value: str,
    read: Callable[[str], str] = values.quoted,
) -> Letter:
    """Return a letter whose line counts if nothing before it has set the keyword."""

    def apply(arguments: Arguments, given: str) -> None:
        arguments.add(f"{keyword} {read(given)}")

    return Letter(name, section, text, f"`{keyword} {value}`", apply, value)


def _field(name: str, section: str, text: str, field: str, value: str = "") -> Letter:
    """Return a letter that is not a configuration line: it sets a field of `Arguments`."""

    def apply(arguments: Arguments, given: str) -> None:
        setattr(arguments, field, given if value else True)

    return Letter(name, section, text, "", apply, value)


def _special(
    name: str, section: str, text: str, apply: Apply, becomes: str = "", *, value: str = ""
) -> Letter:
    return Letter(name, section, text, becomes, apply, value)


def _later(name: str, text: str, missing: str, value: str = "") -> Letter:
    """Return a letter that is refused: what it asks for is missing."""

    def apply(_arguments: Arguments, _given: str) -> None:
        problem = f"option -{name} does not work yet: {missing}"
        raise UsageError(problem)

    return Letter(name, "Not working yet", text, f"refused: {missing}", apply, value, works=False)


_WHERE, _CONFIG, _KEYS, _DO, _FORWARD, _MESSAGES = SECTIONS[:-1]
_BIND: Final = "[bind:]port:host:hostport"

_ROWS: Final = (
    _sets("l", _WHERE, "Log in as this user.", "User", "user", values.user),
    _sets("p", _WHERE, "Connect to this port.", "Port", "port", values.port),
    _special("J", _WHERE, "Go through these hosts: [user@]host[:port], with commas between them.",
             values.jump, "`ProxyJump host`", value="host"),
    _replaces("4", _WHERE, "Use IPv4 addresses only.", "AddressFamily inet"),
    _replaces("6", _WHERE, "Use IPv6 addresses only.", "AddressFamily inet6"),
    _replaces("b", _WHERE, "Connect from this address of the machine.", "BindAddress",
              value="address"),
    _replaces("B", _WHERE, "Connect from the address of this network interface.",
              "BindInterface", value="interface"),
    # ------------------------------------------------------------- configuration
    _field("F", _CONFIG,
           "Read this file instead of ~/.ssh/config and the system's; none for none.",
           "config", "file"),
    _special("o", _CONFIG,
             "Put a line of ssh_config before the files, such as -o BatchMode=yes.",
             values.option, "the line", value="option"),
    _sets("P", _CONFIG, "Set the tag that Match tagged looks at.", "Tag", "tag"),
    _field("G", _CONFIG, "Print the options of the host, and end.", "print_config"),
    # ------------------------------------------------------------- keys and algorithms
    _special("i", _KEYS, "Log in with this key; may be given several times.",
             values.identity, "`IdentityFile file`", value="file"),
    _replaces("I", _KEYS, "Log in with the keys in a PKCS#11 token, by this library of its maker.",
              "PKCS11Provider", value="provider"),
    _replaces("c", _KEYS, "Offer these ciphers: a list, or +, - or ^ and a list.", "Ciphers",
              value="ciphers"),
    _replaces("m", _KEYS, "Offer these message authentication codes.", "MACs", value="macs"),
    _replaces("C", _KEYS, "Compress what is sent.", "Compression yes"),
    _replaces("A", _KEYS, "Forward the agent.", "ForwardAgent yes"),
    _replaces("a", _KEYS, "Do not forward the agent.", "ForwardAgent no"),
    _replaces("K", _KEYS, "Log in with GSSAPI, and forward its credentials.",
              "GSSAPIAuthentication yes", "GSSAPIDelegateCredentials yes"),
    _replaces("k", _KEYS, "Do not forward GSSAPI credentials.", "GSSAPIDelegateCredentials no"),
    # ------------------------------------------------------------- what to do
    _special("N", _DO, "Run no command: only forward.", values.no_command,
             "`SessionType none`, `RequestTTY no`"),
    _special("s", _DO, "The command is the name of a subsystem.", values.subsystem,
             "`SessionType subsystem`"),
    _replaces("n", _DO, "Read nothing from standard input.", "StdinNull yes"),
    _replaces("f", _DO, "Go to the background when the user is logged in; implies -n.",
              "ForkAfterAuthentication yes", "StdinNull yes"),
    _special("t", _DO, "Ask for a terminal; twice also where standard input is not a terminal.",
             values.terminal, "`RequestTTY yes`, then `RequestTTY force`"),
    _replaces("T", _DO, "Ask for no terminal.", "RequestTTY no"),
    _special("e", _DO, "The escape character of a terminal: a character, ^ and a letter, or none.",
             values.escape, "`EscapeChar character`", value="character"),
    # ------------------------------------------------------------- forwarding
    _special("L", _FORWARD, "Forward a port or Unix socket of this machine.",
             values.local_forward, "`LocalForward [bind:]port host:hostport`", value=_BIND),
    _special("R", _FORWARD,
             "Forward a port or Unix socket of the server; without a target as a SOCKS proxy.",
             values.remote_forward, "`RemoteForward [bind:]port host:hostport`", value=_BIND),
    _special("D", _FORWARD, "Be a SOCKS proxy that connects from the server.",
             values.dynamic_forward, "`DynamicForward [bind:]port`", value="[bind:]port"),
    _special("W", _FORWARD,
             "Join standard input and output to a port or Unix socket that the server reaches.",
             values.stdio_forward,
             ("a stream to that; `SessionType none`, `RequestTTY no`, "
              "`ExitOnForwardFailure yes` and `ClearAllForwardings yes`"), value="host:port"),
    _replaces("g", _FORWARD, "Let other machines use the forwarded ports of this one.",
              "GatewayPorts yes"),
    _replaces("X", _FORWARD, "Forward X11.", "ForwardX11 yes"),
    _replaces("Y", _FORWARD, "Forward X11, and trust the server's programs with the display.",
              "ForwardX11 yes", "ForwardX11Trusted yes"),
    _replaces("x", _FORWARD, "Do not forward X11.", "ForwardX11 no"),
    # ------------------------------------------------------------- sharing
    _special("S", _DO, "Share the connection by this socket; none for none.",
             values.control_path, "`ControlPath path`", value="path"),
    _special("M", _DO, "Be the master of that socket; twice to ask before each use.",
             values.control_master, "`ControlMaster yes`, then `ControlMaster ask`"),
    _special("O", _DO,
             "Ask a master: check, forward, cancel, stop, exit, proxy, conninfo or channels.",
             values.control_command, value="command"),
    # ------------------------------------------------------------- messages
    _replaces("q", _MESSAGES, "Tell nothing but why the program fails.", "LogLevel QUIET"),
    _special("v", _MESSAGES, "Tell what happens; -vv and -vvv tell more.", values.verbose,
             "`LogLevel DEBUG1`, then `DEBUG2`, then `DEBUG3`"),
    _field("E", _MESSAGES,
           "Append messages to this file instead of writing them to standard error.",
           "log", "file"),
    _field("y", _MESSAGES, "Send messages to the system's log.", "syslog"),
    _special("Q", _MESSAGES,
             "List the algorithms of a kind, such as cipher; help lists the kinds.",
             values.query, value="query"),
    _special("V", _MESSAGES, "Print the version, and end.", values.version),
    # ------------------------------------------------------------- accepted or refused
    Letter("2", "", "Use version 2 of the protocol.", "nothing: there is no other",
           lambda _arguments, _given: None),
    Letter("1", "", "Use version 1 of the protocol.", "refused: it is not supported any more",
           values.version_one, works=False),
    _later("w", "Forward a network device.", "tunnel devices are missing", "local[:remote]"),
    _later("Z", "List the public keys that would be tried.", "the list is missing"),
)  # fmt: skip

LETTERS: Final[Mapping[str, Letter]] = {row.name: row for row in _ROWS}
"""Every letter of `ssh`."""
