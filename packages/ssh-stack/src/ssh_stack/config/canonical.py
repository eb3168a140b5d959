"""The canonical name of a host (ssh_config(5), CanonicalizeHostname)."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Final

from ssh_keys.patterns import matches_list
from ssh_stack.config.host_name import canonical_name
from ssh_stack.config.values import alone

if TYPE_CHECKING:
    from ssh_stack.config.lines import Line
    from ssh_stack.config.resolve import ConfigResolver

__all__ = ["canonical_host", "domains", "permitted_cnames"]

_DOMAIN: Final = r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9._-]*"  # misc.c, valid_domain
_FAMILIES: Final = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}


def domains(line: Line) -> tuple[str, ...]:
    """Return the names of CanonicalDomains; "none" for none."""
    alone("none")(line)
    for word in line.arguments:
        if re.fullmatch(_DOMAIN, word) is None:
            problem = f"takes names of domains, not {word!r}"
            raise line.error(problem)
    return tuple(word.lower().removesuffix(".") for word in line.arguments)


def permitted_cnames(line: Line) -> tuple[tuple[str, str], ...]:
    """Return pairs of lists of patterns (CanonicalizePermittedCNAMEs); none for "none"."""
    alone("none")(line)
    if [word.lower() for word in line.arguments] == ["none"]:
        return ()
    pairs: list[tuple[str, str]] = []
    for word in line.arguments:
        source, colon, target = word.lower().partition(":")
        if word != "*" and not (colon and target):
            problem = f"takes pairs of lists of patterns, not {word!r}"
            raise line.error(problem)
        pairs.append((source, target or source))
    return tuple(pairs)


def canonical_host(resolver: ConfigResolver) -> str:
    """Return the name to connect to, in its canonical form where the configuration asks for it.

    The names are looked up, as `ssh` does it, before the connection is made.

    Raises:
        ConfigError: no domain has the host, and CanonicalizeFallbackLocal forbids to go on.
    """
    host = canonical_name(resolver.host)
    if _is_address(host) or not _needs_lookup(resolver):
        return host
    if not resolver.canonicalizes:  # only CNAMEs are followed
        found = _lookup(host, resolver)
        return host if found is None else _follow_cname(host, found, resolver)
    if not host.endswith(".") and host.count(".") > _dots(resolver):
        return host
    for name in _candidates(host, resolver):
        found = _lookup(name, resolver)
        if found is not None:
            return _follow_cname(name.removesuffix("."), found, resolver)
    fallback = resolver.first("CanonicalizeFallbackLocal")
    if fallback is not None and not fallback.value:
        problem = f"forbids to go on: no domain of CanonicalDomains has the host {host!r}"
        raise fallback.error(problem)
    return host


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _needs_lookup(resolver: ConfigResolver) -> bool:
    """Return whether names are looked up: not those that a proxy understands, unless "always"."""
    mode = resolver.value("CanonicalizeHostname")
    proxied = (resolver.value("ProxyCommand") or "none") != "none" or resolver.value("ProxyJump")
    asked = resolver.canonicalizes or resolver.value("CanonicalizePermittedCNAMEs")
    return bool(asked) and (not proxied or mode == "always")


def _dots(resolver: ConfigResolver) -> int:
    number = resolver.value("CanonicalizeMaxDots")
    return 1 if number is None else int(number)


def _candidates(host: str, resolver: ConfigResolver) -> tuple[str, ...]:
    if host.endswith("."):
        return (host,)
    names: tuple[str, ...] = resolver.value("CanonicalDomains") or ()
    return tuple(f"{host}.{name}." for name in names if name != "none")


def _lookup(name: str, resolver: ConfigResolver) -> str | None:
    """Return the canonical name that the DNS has for a name; None if it has no address."""
    family = _FAMILIES.get(resolver.value("AddressFamily"), socket.AF_UNSPEC)
    try:
        found = socket.getaddrinfo(
            name, None, family, socket.SOCK_STREAM, flags=socket.AI_CANONNAME
        )
    except (OSError, UnicodeError):
        return None
    return found[0][3]


def _follow_cname(name: str, canonical: str, resolver: ConfigResolver) -> str:
    """Return the canonical name if a rule permits to go from the name to it."""
    for source, target in resolver.value("CanonicalizePermittedCNAMEs") or ():
        if canonical and _matches(source, name) and _matches(target, canonical):
            return canonical
    return name


def _matches(patterns: str, name: str) -> bool:
    return matches_list(tuple(patterns.encode().split(b",")), name.encode())
