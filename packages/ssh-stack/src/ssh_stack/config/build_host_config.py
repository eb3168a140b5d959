"""From the values that lines gave to the options of a host, as the rows of the table say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from ssh_stack.config.algorithms import AlgorithmList
from ssh_stack.config.directives import DIRECTIVES
from ssh_stack.config.host_config import HostConfig, Unsupported
from ssh_stack.config.tokens import expand_file
from ssh_stack.config.without_lines import SYSTEM_KNOWN_HOSTS, USER_KNOWN_HOSTS
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_stack.config.directive import Directive
    from ssh_stack.config.resolve import ConfigResolver

__all__ = ["build_host_config"]

_QUIET: Final = frozenset({"QUIET", "FATAL", "ERROR"})


def build_host_config(resolver: ConfigResolver) -> HostConfig:
    """Return the options of a host, once all lines were gone through.

    Raises:
        ConfigError: a value has a token or a variable that is not known.
    """
    resolver.finish()
    fields: dict[str, Any] = {}
    for name, rows in resolver.values.items():
        directive = DIRECTIVES[name.lower()]
        if directive.field and rows:
            fields[directive.field] = directive.build(rows, resolver, directive)
    _fill_defaults(fields, resolver)
    return HostConfig(
        **fields,
        texts=resolver.texts,
        late_errors=resolver.late_errors,
        found=resolver.values,
        unsupported=tuple(_unsupported(resolver)),
        notes=tuple(_notes(resolver)),
    )


def _fill_defaults(fields: dict[str, Any], resolver: ConfigResolver) -> None:
    """Fill in what depends on other fields, or on this machine."""
    if not resolver.renamed and resolver.host == resolver.original:
        del fields["hostname"]
    fields.setdefault("system_known_hosts", SYSTEM_KNOWN_HOSTS)
    files = resolver.value("UserKnownHostsFile")
    if files is None:
        fields["user_known_hosts"] = _usual_files(resolver)
    # UpdateHostKeys "is enabled by default if the user has not overridden the default
    # UserKnownHostsFile setting and has not enabled VerifyHostKeyDNS"
    usual = files is None or files == (USER_KNOWN_HOSTS[0],)
    if not usual or fields.get("verify_host_key_dns", "no") != "no":
        fields.setdefault("update_host_keys", "no")
    if fields.get("update_host_keys") == "ask" and _cannot_ask(fields, resolver):
        fields["update_host_keys"] = "no"


def _cannot_ask(fields: dict[str, Any], resolver: ConfigResolver) -> bool:
    """Return whether no user can be asked (ssh.c, "UpdateHostKeys=ask is incompatible with")."""
    return (
        (fields.get("control_persist", "no") != "no" and fields.get("control_path") is not None)
        or bool(resolver.request.command or fields.get("remote_command"))
        or fields.get("request_tty") == "no"
        or fields.get("log_level") in _QUIET
    )


def _usual_files(resolver: ConfigResolver) -> tuple[str, ...]:
    try:
        return tuple(expand_file(name, resolver.tokens) for name in USER_KNOWN_HOSTS)
    except UsageError:  # a user without a home directory has none
        return ()


def _unsupported(resolver: ConfigResolver) -> Iterator[Unsupported]:
    for name, rows in resolver.values.items():
        directive = DIRECTIVES[name.lower()]
        if directive.status not in {"later", "refused", "never"} or not _takes_effect(
            directive, resolver
        ):
            continue
        for found in rows:
            if found.line is not None and not directive.is_satisfied_by(found.value):
                yield Unsupported.of(found.line, refuses=directive.status == "refused")


def _takes_effect(directive: Directive, resolver: ConfigResolver) -> bool:
    """Return whether `ssh` would do what a keyword asks for, as another one is."""
    if directive.needs is None:
        return True
    name, wanted = directive.needs
    return bool((resolver.value(name) or False) == wanted)


def _notes(resolver: ConfigResolver) -> Iterator[str]:
    yield from resolver.notes
    for rows in resolver.values.values():
        for found in rows:
            if isinstance(found.value, AlgorithmList) and (out := found.value.left_out()):
                names = ", ".join(out)
                yield f"{found.value.line.spelling}: not supported yet, left out: {names}"
