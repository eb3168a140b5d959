"""From the values that lines gave to the value of a field: tokens, `~` and "none"."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ssh_keys.patterns import matches
from ssh_stack.config.host_tokens import HostTokens
from ssh_stack.config.tokens import expand, expand_file, expand_path
from ssh_stack.local.user import UnknownUser, expand_home
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_connection.addresses import Address
    from ssh_stack.config.directive import Directive
    from ssh_stack.config.forward_specs import ForwardSpec
    from ssh_stack.config.found_value import FoundValue
    from ssh_stack.config.resolve import ConfigResolver

__all__ = [
    "agent",
    "command",
    "environment",
    "first",
    "forwards",
    "hops",
    "is_yes",
    "key_files",
    "lower",
    "methods",
    "names",
    "path",
    "paths",
    "patterns",
    "rekey_limit",
    "text",
    "word_or_none",
    "words",
]

_Rows: TypeAlias = "list[FoundValue]"


def _replaced(found: FoundValue, resolver: ConfigResolver, directive: Directive, text: str) -> str:
    """Return a text with what a directive names replaced.

    Raises:
        ConfigError: a token, a variable or a home directory is not known.
    """
    how = directive.expand
    if not any(how):
        return text
    tokens = HostTokens(resolver, how.tokens)
    try:
        if how.home and not how.tokens:
            result = str(expand_home(text))
        elif how.home:
            result = expand_file(text, tokens)
        else:
            result = expand(text, tokens, variables=how.variables)
    except UsageError as error:
        raise found.error(str(error)) from None
    resolver.texts.setdefault(directive.name, []).append(result)
    return result


def first(rows: _Rows, _resolver: ConfigResolver, _directive: Directive) -> Any:  # noqa: ANN401 (each has a type of its own)
    """Return the first value as it was read."""
    return rows[0].value


def is_yes(rows: _Rows, _resolver: ConfigResolver, _directive: Directive) -> bool:
    """Return whether the first value is not "no"."""
    return bool(rows[0].value != "no")


def lower(rows: _Rows, _resolver: ConfigResolver, _directive: Directive) -> str:
    """Return the first value in lower case."""
    return str(rows[0].value).lower()


def text(rows: _Rows, resolver: ConfigResolver, directive: Directive) -> str:
    """Return the first value, expanded."""
    return _replaced(rows[0], resolver, directive, rows[0].value)


def word_or_none(rows: _Rows, _resolver: ConfigResolver, _directive: Directive) -> str | None:
    """Return the first value; None for "none"."""
    word: str = rows[0].value
    return None if word.lower() == "none" else word


def command(rows: _Rows, resolver: ConfigResolver, directive: Directive) -> str | None:
    """Return a command; None for "none".

    Where it is expanded late, one that cannot be is an error of what uses it, as for `ssh -G`.
    """
    line: str = rows[0].value
    if line.lower() == "none":
        return None
    if not directive.expand.late:
        return _replaced(rows[0], resolver, directive, line)
    try:
        expand(line, dict.fromkeys(directive.expand.tokens, ""))
    except UsageError as error:
        resolver.late_errors[directive.field] = rows[0].error(str(error))
    return line


def path(rows: _Rows, resolver: ConfigResolver, directive: Directive) -> Path | None:
    """Return the file of the first line; None for "none"."""
    name: str = rows[0].value
    return None if name.lower() == "none" else Path(_replaced(rows[0], resolver, directive, name))


def names(rows: _Rows, resolver: ConfigResolver, directive: Directive) -> tuple[str, ...]:
    """Return the names of the files of the first line; none for "none"."""
    found: tuple[str, ...] = rows[0].value
    if found == ("none",):
        return ()
    return tuple(_replaced(rows[0], resolver, directive, name) for name in found)


def paths(rows: _Rows, resolver: ConfigResolver, directive: Directive) -> tuple[Path, ...]:
    """Return the files of the first line; none for "none"."""
    return tuple(map(Path, names(rows, resolver, directive)))


def key_files(rows: _Rows, resolver: ConfigResolver, directive: Directive) -> tuple[Path, ...]:
    """Return the files of lines with one each; the home of an unknown user is kept."""
    tokens = HostTokens(resolver, directive.expand.tokens)
    found: dict[Path, None] = {}
    for row in rows:
        if row.value.lower() == "none":
            continue
        try:
            found[expand_path(row.value, tokens)] = None
        except UnknownUser:
            found[Path(row.value)] = None
        except UsageError as error:
            raise row.error(str(error)) from None
    return tuple(found)


def agent(
    rows: _Rows, resolver: ConfigResolver, directive: Directive
) -> Path | Literal["none", "yes", "no"] | None:
    """Return an agent's socket, with a $ "read from the environment variable" (ssh_config(5))."""
    name = rows[0].value
    if name == "SSH_AUTH_SOCK":
        return None
    if name in {"none", "yes", "no"}:
        return name  # type: ignore[no-any-return]
    if name.startswith("$") and not name.startswith("${"):
        found = os.environ.get(name[1:])
        return Path(found) if found else "none"
    return Path(_replaced(rows[0], resolver, directive, name))


def environment(
    rows: _Rows, resolver: ConfigResolver, directive: Directive
) -> tuple[tuple[str, str], ...]:
    """Return the variables of the first line, their values expanded."""
    found = rows[0]
    return tuple((name, _replaced(found, resolver, directive, text)) for name, text in found.value)


def patterns(rows: _Rows, _resolver: ConfigResolver, _directive: Directive) -> tuple[str, ...]:
    """Return the patterns of all lines; "-pattern" takes those back that it matches."""
    found: list[str] = []
    for word in (word for row in rows for word in row.value):
        if word.startswith("-"):
            removed = word[1:].encode("utf-8", "surrogateescape")
            found = [
                w for w in found if not matches(removed, w.encode("utf-8", "surrogateescape"))
            ]
        else:
            found.append(word)
    return tuple(dict.fromkeys(found))


def words(rows: _Rows, _resolver: ConfigResolver, _directive: Directive) -> tuple[str, ...]:
    """Return the words of the first line; none for "none"."""
    found: tuple[str, ...] = rows[0].value
    return () if found == ("none",) else found


def methods(rows: _Rows, _resolver: ConfigResolver, _directive: Directive) -> tuple[str, ...]:
    """Return the parts of the first value, which has commas between them."""
    return tuple(part for part in rows[0].value.split(",") if part)


def hops(rows: _Rows, resolver: ConfigResolver, directive: Directive) -> tuple[str, ...]:
    """Return the words of the first line, each expanded."""
    return tuple(_replaced(rows[0], resolver, directive, hop) for hop in rows[0].value)


def rekey_limit(rows: _Rows, _resolver: ConfigResolver, _directive: Directive) -> tuple[int, int]:
    """Return the first number of bytes, and the first number of seconds."""
    seconds = next((row.value[1] for row in rows if row.value[1] is not None), 0)
    return rows[0].value[0], seconds


def forwards(
    rows: _Rows, resolver: ConfigResolver, directive: Directive
) -> tuple[ForwardSpec, ...]:
    """Return the forwards of all lines, each once, with the paths of Unix sockets expanded."""
    first_lines = {row.value: row for row in reversed(rows)}
    return tuple(
        _with_paths(row.value, partial(_replaced, row, resolver, directive))
        for row in rows
        if first_lines[row.value] is row
    )


def _with_paths(spec: ForwardSpec, change: Callable[[str], str]) -> ForwardSpec:
    from ssh_connection.addresses import UnixAddress  # loads where there is a forward
    from ssh_stack.config.forward_specs import ForwardSpec

    def changed(address: Address) -> Address:
        if isinstance(address, UnixAddress):
            return UnixAddress(change(address.path))
        return address

    connect = None if spec.connect is None else changed(spec.connect)
    return ForwardSpec(changed(spec.listen), connect, spec.names_host)
