"""`ssh -Q`: the algorithms that there are, one on each line, by the words of OpenSSH."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from ssh_keys import certified_name
from ssh_transport import profiles
from ssh_transport.algorithms import HOST_KEYS
from ssh_transport.ciphers import CIPHERS
from ssh_transport.kex import METHODS
from ssh_transport.macs import MACS
from ssh_wire import UsageError

__all__ = ["answer"]


def _plain(names: Sequence[str]) -> list[str]:
    return [name for name in names if "-cert" not in name]


def _kinds() -> list[str]:
    """Return the kinds of key, without further signature algorithms of a kind."""
    return [name for name in _plain(HOST_KEYS) if not name.startswith(_SIGNATURES)]


def _with_certificates() -> list[str]:
    return [name for kind in _kinds() for name in (kind, certified_name(kind))]


_SIGNATURES: Final = ("rsa-sha2-", "webauthn-")
_UNLISTED: Final = frozenset({"help", "key-ca-sign"})  # by `ssh -Q help`

_ANSWERS: Final[dict[str, Callable[[], Sequence[str]]]] = {
    "cipher": lambda: list(CIPHERS),
    "cipher-auth": lambda: [name for name, spec in CIPHERS.items() if spec.aead],
    "compression": lambda: profiles("legacy", "client").compression,
    "kex": lambda: list(METHODS),
    "key": _with_certificates,
    "key-ca-sign": lambda: _plain(HOST_KEYS),
    "key-cert": lambda: list(map(certified_name, _kinds())),
    "key-plain": _kinds,
    "key-sig": lambda: HOST_KEYS,
    "mac": lambda: list(MACS),
    "protocol-version": lambda: ["2"],
    "sig": lambda: _plain(HOST_KEYS),
    "help": lambda: [kind for kind in _ANSWERS if kind not in _UNLISTED],
}

_ALIASES: Final = {
    "casignaturealgorithms": "key-ca-sign",
    "ciphers": "cipher",
    "hostbasedacceptedalgorithms": "key-sig",
    "hostbasedacceptedkeytypes": "key-sig",
    "hostbasedkeytypes": "key-sig",
    "hostkeyalgorithms": "key-sig",
    "kexalgorithms": "kex",
    "macs": "mac",
    "pubkeyacceptedalgorithms": "key-sig",
    "pubkeyacceptedkeytypes": "key-sig",
}
"""Keywords of ssh_config that stand for a query, in any case of their letters."""


def answer(query: str) -> Sequence[str]:
    """Return what is supported of a kind of algorithm (ssh(1), -Q).

    Raises:
        UsageError: there is no such query.
    """
    found = _ANSWERS.get(_ALIASES.get(query.lower(), query))
    if found is None:
        problem = f"unsupported query {query!r}; -Q help lists those that there are"
        raise UsageError(problem)
    return found()
