"""What becomes of the letters of ssh(1) that do more than set one configuration line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssh_connection.addresses import TCPAddress
from ssh_keys import is_key_text
from ssh_stack.config.forward_specs import ForwardSpec, parse_forward, parse_remote_forward
from ssh_stack.config.lines import quoted
from ssh_stack.local.user import expand_home
from ssh_wire import UsageError
from ssh_wire.numbers import MAX_PORT

if TYPE_CHECKING:
    from ssh_stack.cli.arguments import Arguments

__all__ = [
    "CONTROL_COMMANDS",
    "control_command",
    "control_master",
    "control_path",
    "dynamic_forward",
    "escape",
    "identity",
    "identity_lines",
    "jump",
    "jumps",
    "local_forward",
    "no_command",
    "option",
    "port",
    "query",
    "quoted",
    "refuse_key",
    "remote_forward",
    "stdio_forward",
    "subsystem",
    "terminal",
    "user",
    "verbose",
    "version",
    "version_one",
]

_LEVELS: Final = (
    *("QUIET", "FATAL", "ERROR", "INFO", "VERBOSE"),
    *("DEBUG1", "DEBUG2", "DEBUG3"),
)
CONTROL_COMMANDS: Final = frozenset(
    {"cancel", "channels", "check", "conninfo", "exit", "forward", "proxy", "stop"}
)
"""What -O takes."""
_CONTROL_CHARACTERS: Final = range(64, 128)  # "^x" with x among them, as ssh.c has it


# ------------------------------------------------------------- values


def port(text: str) -> str:
    """Return a port as a configuration line has it.

    Raises:
        UsageError: it is not one.
    """
    return str(_port(text))


def user(name: str) -> str:
    """Return a name in which nothing is replaced: that of the command line means itself.

    Raises:
        UsageError: it cannot be written in a configuration line.
    """
    if "${" in name:
        problem = f"{name!r} cannot be the name of a user"
        raise UsageError(problem)
    return quoted(name.replace("%", "%%"))


def jumps(text: str) -> str:
    """Return the value of -J, which a configuration line takes without quotes.

    Raises:
        UsageError: it has signs that mean something in a configuration line.
    """
    if not text.isprintable() or not {"#", '"', "'", "\\"}.isdisjoint(text):
        problem = f"{text!r} cannot be hosts to go through"
        raise UsageError(problem)
    return text


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= MAX_PORT):
        problem = f"bad port {text!r}"
        raise UsageError(problem)
    return int(text)


def _is_missing(identity_file: str) -> bool:
    """Return whether an -i names a file that is not there; one with tokens is not looked for.

    Raises:
        UsageError: it is not the name of a file: it is a key.
    """
    refuse_key(identity_file)
    return not {"%", "$"} & set(identity_file) and not expand_home(identity_file).exists()


def identity_lines(path: str, missing: list[str]) -> list[str]:
    """Return the line of an -i; none for a file that is not there, which is told of, as by ssh.

    So the usual keys are tried.  Other than by ssh, the public half is used where that is there:
    it names a key of the agent.

    Args:
        path: the file.
        missing: takes the files that are not there.

    Raises:
        UsageError: it is not the name of a file: it is a key.
    """
    if _is_missing(path):
        missing.append(path)
        if _is_missing(f"{path}.pub"):
            return []
    return [f"IdentityFile {quoted(path)}"]


def refuse_key(text: str) -> None:
    """Refuse the text of a key where its file is wanted: every other error would quote it.

    Raises:
        UsageError: it is a key.
    """
    if is_key_text(text):
        problem = "-i takes the path of a key file, not a key; save the key to a file of mode 600"
        raise UsageError(problem)


# ------------------------------------------------------------- letters


def option(arguments: Arguments, line: str) -> None:
    """-o: a configuration line."""
    arguments.add(line)


def jump(arguments: Arguments, hosts: str) -> None:
    """-J: hosts to go through; once, and not with a ProxyCommand before it."""
    line = f"ProxyJump {jumps(hosts)}"
    if arguments.value("ProxyJump") is not None:
        problem = "-J may be given once: write several hosts with commas between them"
        raise UsageError(problem)
    if arguments.value("ProxyCommand") is not None:
        problem = "-J and ProxyCommand exclude each other"
        raise UsageError(problem)
    arguments.add(line)


def identity(arguments: Arguments, path: str) -> None:
    """-i: a key file."""
    for line in identity_lines(path, arguments.missing):
        arguments.add(line)


def terminal(arguments: Arguments, _value: str) -> None:
    """-t, and -tt."""
    again = arguments.value("RequestTTY") in {"yes", "true"}
    arguments.replace("RequestTTY", "force" if again else "yes")


def no_command(arguments: Arguments, _value: str) -> None:
    """-N: no session, so no terminal either."""
    _session_type(arguments, "N", "none")
    arguments.replace("RequestTTY", "no")


def subsystem(arguments: Arguments, _value: str) -> None:
    """-s: the command is the name of a subsystem."""
    _session_type(arguments, "s", "subsystem")


def _session_type(arguments: Arguments, letter: str, kind: str) -> None:
    if (arguments.value("SessionType") or kind).lower() != kind:
        problem = f"-{letter} and another type of session exclude each other (-N, -s, SessionType)"
        raise UsageError(problem)
    arguments.replace("SessionType", kind)


def stdio_forward(arguments: Arguments, target: str) -> None:
    """-W: a stream to `host:port`, or to the path of a Unix socket; once."""
    if arguments.stdio_forward is not None:
        problem = "-W may be given once"
        raise UsageError(problem)
    if arguments.control_command:
        problem = "-O and -W exclude each other"
        raise UsageError(problem)
    spec = parse_forward(target, dynamic=True)
    if not spec.names_host or (isinstance(spec.listen, TCPAddress) and not spec.listen.host):
        problem = f"-W takes host:port, not {target!r}"
        raise UsageError(problem)
    arguments.stdio_forward = spec.listen
    arguments.replace("SessionType", "none")
    arguments.replace("RequestTTY", "no")


def escape(arguments: Arguments, character: str) -> None:
    """-e: one character, ^ and a letter, or none."""
    control = character[:1] == "^" and character[1:] and ord(character[1]) in _CONTROL_CHARACTERS
    if not (
        character == "none"
        or (len(character) == 1 and character.isascii())
        or (len(character) == 2 and control)  # noqa: PLR2004 (^ and a letter)
    ):
        problem = f"bad escape character {character!r}: it is a character, ^ and a letter, or none"
        raise UsageError(problem)
    arguments.replace("EscapeChar", quoted(character))


def local_forward(arguments: Arguments, spec: str) -> None:
    """-L: a port of this machine."""
    arguments.add(_line("LocalForward", parse_forward(spec)))


def dynamic_forward(arguments: Arguments, spec: str) -> None:
    """-D: a SOCKS proxy of this machine."""
    arguments.add(_line("DynamicForward", parse_forward(spec, dynamic=True)))


def remote_forward(arguments: Arguments, spec: str) -> None:
    """-R: a port of the server."""
    arguments.add(_line("RemoteForward", parse_remote_forward(spec)))


def _line(keyword: str, spec: ForwardSpec) -> str:
    return f"{keyword} {' '.join(map(quoted, spec.arguments))}"


def verbose(arguments: Arguments, _value: str) -> None:
    """-v: the first one is DEBUG1, each further one goes up a level."""
    if not arguments.debugs:
        level = "DEBUG1"
    else:
        now = _LEVELS.index((arguments.value("LogLevel") or "DEBUG1").upper())
        level = _LEVELS[min(now + 1, len(_LEVELS) - 1)]
    arguments.debugs = True
    arguments.replace("LogLevel", level)


def query(arguments: Arguments, kind: str) -> None:
    """-Q: what is asked for; the first one counts."""
    if not arguments.answer:
        arguments.answer = ("query", kind)


def version(arguments: Arguments, _value: str) -> None:
    """-V; like -Q, it wins over what follows it."""
    if not arguments.answer:
        arguments.answer = ("version", "")


def version_one(_arguments: Arguments, _value: str) -> None:
    """-1."""
    problem = "option -1: version 1 of the protocol is not supported any more"
    raise UsageError(problem)


def control_path(arguments: Arguments, path: str) -> None:
    """-S: the socket of a shared connection; none for none."""
    arguments.replace("ControlPath", quoted(path))


def control_master(arguments: Arguments, _value: str) -> None:
    """-M; twice it asks before each use."""
    again = (arguments.value("ControlMaster") or "").lower() in {"yes", "true"}
    arguments.replace("ControlMaster", "ask" if again else "yes")


def control_command(arguments: Arguments, name: str) -> None:
    """-O: what is asked of a master; once, and not with -W."""
    if arguments.control_command:
        problem = "-O may be given once"
        raise UsageError(problem)
    if name not in CONTROL_COMMANDS:
        problem = f"-O {name}: it is one of {', '.join(sorted(CONTROL_COMMANDS))}"
        raise UsageError(problem)
    if arguments.stdio_forward is not None:
        problem = "-O and -W exclude each other"
        raise UsageError(problem)
    arguments.control_command = name
