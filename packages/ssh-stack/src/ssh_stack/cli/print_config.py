"""What `ssh-stack ssh -G` prints: the options of a host, in the manner of `ssh -G`.

The rows of `ssh_stack.config.directives` say what is printed and in which order; here is how.
git runs it to learn which letters there are, so it imports no more than the configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ssh_stack.config import load_config
from ssh_stack.config.consistency import check_consistency, check_jump
from ssh_stack.config.directives import DIRECTIVES
from ssh_stack.config.names import is_safe_host
from ssh_stack.config.values import split_hop
from ssh_stack.local.user import local_user
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_stack.cli.arguments import Arguments
    from ssh_stack.config import HostConfig
    from ssh_stack.config.directive import Directive, Style
    from ssh_stack.config.forward_specs import ForwardSpec

__all__ = ["config_answer", "config_of", "config_text"]

_Printer: TypeAlias = "Callable[[Directive, HostConfig, str], Sequence[str]]"

# OpenSSH prints the first word that its table has for a value
_TRUTH: Final = {"strict": "true", "yes": "true", "off": "false", "no": "false"}
_FLAG: Final = {True: "yes", False: "no"}


def config_answer(arguments: Arguments) -> str:
    """Return what -G prints for a command line.

    Raises:
        ConfigError: a line cannot be used, or two exclude each other.
        OSError: a file that was named cannot be read.
    """
    config = config_of(arguments)
    check_jump(config, config.hostname or arguments.host, config.user or local_user())
    return config_text(config, arguments.host)


def config_of(arguments: Arguments) -> HostConfig:
    """Return the options of the host of a command line.

    Raises:
        UsageError: the name of the host cannot be one; a line cannot be used, or two exclude
            each other (ConfigError).
        OSError: a file that was named cannot be read.
    """
    if not is_safe_host(arguments.host):
        problem = f"{arguments.host!r} cannot be the name of a host"
        raise UsageError(problem)
    file = arguments.config
    named = None if file is None else [] if file == "none" else [file]
    config = load_config(named, arguments.lines).resolve(
        arguments.host,
        command=arguments.command or "",
        session_type=arguments.session_type,
    )
    check_consistency(config, arguments.command or "")
    return config


def config_text(config: HostConfig, host: str) -> str:
    """Return the options of a host, one on each line.

    Args:
        config: the options of the host.
        host: the host, as it was written.
    """
    lines = [f"host {host}\n"]
    for row in DIRECTIVES.values():
        if row.prints:
            lines += (f"{row.name.lower()} {value}\n" for value in _values(row, config, host))
    return "".join(lines)


def _values(row: Directive, config: HostConfig, host: str) -> Sequence[str]:
    """Return what is printed of a keyword, each value on a line of its own."""
    if row.name in config.found or row.prints in _ALWAYS:
        return _PRINTERS[row.prints](row, config, host)
    return (
        row.default.split(" ")
        if row.prints == "raw each" and row.default
        else ([row.default] if row.default else [])
    )


def _value(row: Directive, config: HostConfig) -> Any:  # noqa: ANN401 (each has a type of its own)
    return getattr(config, row.field)


def _read(row: Directive, config: HostConfig) -> list[Any]:
    """Return the values of a keyword as they were read."""
    return list(dict.fromkeys(found.value for found in config.found[row.name]))


def _user(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    return [_value(row, config) or local_user()]


def _hostname(row: Directive, config: HostConfig, host: str) -> Sequence[str]:
    return [_value(row, config) or host]


def _flag(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    return [_FLAG[bool(_value(row, config))]]


def _fdpass(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    # with ProxyJump the command that passes a descriptor is not run
    return [_FLAG[bool(_value(row, config)) and not config.proxy_jump]]


def _truth(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    word: str = _value(row, config)
    return [_TRUTH.get(word, word)]


def _raw_truth(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    word: str = _read(row, config)[0]
    return [_TRUTH.get(word, word)]


def _upper(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    return [_value(row, config).upper()]


def _level(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    level: str = _value(row, config)
    return [{"DEBUG1": "DEBUG", "QUIET": "SILENT"}.get(level, level)]


def _update(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    return [_TRUTH.get(_value(row, config) or "yes", "ask")]


def _tunnel(row: Directive, config: HostConfig, host: str) -> Sequence[str]:
    return [row.default] if config.clear_all_forwardings else _truth(row, config, host)


def _text(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    value = _value(row, config)
    texts = config.texts.get(row.name)
    if value is None:
        return []
    return [str(value) if texts is None else texts[0]]


def _agent(row: Directive, config: HostConfig, host: str) -> Sequence[str]:
    word = _read(row, config)[0]
    if word.startswith("${") or row.name in config.texts:
        return _text(row, config, host)
    return [word]


def _raw(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    return _read(row, config)[:1]


def _raw_each(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    return _read(row, config)


def _raw_line(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    return [" ".join(_read(row, config)[0])]


def _each(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    return list(_value(row, config))


def _line(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    words = config.texts.get(row.name) or [str(word) for word in _value(row, config)]
    return [" ".join(words) or "none"]


def _known_hosts(row: Directive, config: HostConfig, host: str) -> Sequence[str]:
    if row.name in config.found:
        return _line(row, config, host)
    return [" ".join(map(str, config.user_known_hosts)) or "none"]


def _pairs(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    return [f"{name}={value}" for name, value in _value(row, config)]


def _cnames(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    return [" ".join(f"{source}:{target}" for source, target in _value(row, config)) or "none"]


def _algorithms(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    from ssh_stack.config.algorithm_defaults import default_algorithms  # loads the profiles

    names = default_algorithms(row.field)
    change = _value(row, config)
    return [",".join(names if change is None else change.applied(names))]


def _timing(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    from ssh_stack.config.rare_values import KEYSTROKE_INTERVAL  # where a line has it

    interval = _value(row, config)
    return [{0: "no", KEYSTROKE_INTERVAL: "yes"}.get(interval, str(interval))]


def _timeouts(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    return [config.found[row.name][0].words or "none"]


def _keys(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    pair: tuple[str, int] = _value(row, config)
    word, seconds = pair
    if seconds <= 0:
        return [_TRUTH.get(word, word)]
    return [f"{'confirm ' if word == 'confirm' else ''}{seconds}"]


def _device(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    return [":".join("any" if each is None else str(each) for each in _value(row, config))]


def _persist(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    seconds = _value(row, config)
    return [seconds if seconds == "no" else str(seconds or "yes")]


def _escape(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    """Write the character as vis(3) does it."""
    char: str = _value(row, config)
    if char == "none":
        return [char]
    code = ord(char)
    if char == " ":
        return ["\\040"]
    if char == "\\":
        return ["\\\\"]
    return [char if char.isprintable() else f"\\^{chr(code ^ 64)}"]


def _qos(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    from ssh_stack.config.rare_values import QOS  # where a line has it

    names: dict[int | None, str] = {}
    for name, byte in QOS.items():
        names.setdefault(byte, name)
    return [" ".join(names.get(byte) or f"0x{byte:02x}" for byte in _value(row, config))]


def _rekey(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    size, seconds = _value(row, config)
    return [f"{size} {seconds}"]


def _octal(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    return [f"0{_value(row, config):o}"]


def _forwards(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    if config.clear_all_forwardings:
        return []
    return [_forward(spec, row.name) for spec in _value(row, config)]


def _forward(spec: ForwardSpec, keyword: str) -> str:
    asked = spec.connect is None and keyword == "RemoteForward"
    # OpenSSH prints a path without the brackets that one with a colon needs
    words = (word[1:-1] if word.startswith("[/") else word for word in spec.arguments)
    return " ".join((*words, *(("[socks]:0",) if asked else ())))


def _proxy(row: Directive, config: HostConfig, _host: str) -> Sequence[str]:
    """Return the way that is taken: the hosts or the command, not both."""
    value = _value(row, config)
    if not value or (config.proxy_jump and isinstance(value, str)):
        return []
    if isinstance(value, str):
        return [value]
    *others, last = _read(row, config)[0]
    # the last one is printed from its parts, the others as they are written
    return [",".join([*others, _hop(last)])]


def _hop(text: str) -> str:
    user, host, port = split_hop(text)
    if ":" in host or not host.strip("1234567890."):
        host = f"[{host}]"
    return f"{user}{'@' if user else ''}{host}{f':{port}' if port else ''}"


_PRINTERS: Final[dict[Style, _Printer]] = {
    "agent": _agent,
    "algorithms": _algorithms,
    "cnames": _cnames,
    "device": _device,
    "each": _each,
    "escape": _escape,
    "fdpass": _fdpass,
    "flag": _flag,
    "forwards": _forwards,
    "hostname": _hostname,
    "keys": _keys,
    "known hosts": _known_hosts,
    "level": _level,
    "line": _line,
    "octal": _octal,
    "pairs": _pairs,
    "persist": _persist,
    "proxy": _proxy,
    "qos": _qos,
    "raw": _raw,
    "raw each": _raw_each,
    "raw line": _raw_line,
    "raw truth": _raw_truth,
    "rekey": _rekey,
    "text": _text,
    "timeouts": _timeouts,
    "timing": _timing,
    "truth": _truth,
    "tunnel": _tunnel,
    "update": _update,
    "upper": _upper,
    "user": _user,
}

# what they print does not depend on a line of their own alone
_ALWAYS: Final = frozenset({"algorithms", "hostname", "known hosts", "proxy", "update", "user"})
