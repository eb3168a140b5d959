"""The words that a keyword may have, each with what it stands for (readconf.c, multistate)."""

from __future__ import annotations

from typing import Final

from ssh_stack.config.values import choice

__all__ = [
    "CANONICAL",
    "COMPRESSION",
    "CONFIRM",
    "FACILITY",
    "FAMILY",
    "HASHES",
    "HOST_KEYS",
    "LEVELS",
    "MASTER",
    "PUBLIC_KEY",
    "SESSION",
    "TERMINAL",
    "TUNNEL",
    "WARN",
    "YES_NO_ASK",
]

_FLAGS: Final = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}

YES_NO_ASK: Final = choice({**_FLAGS, "ask": "ask"})
HOST_KEYS: Final = choice(
    {
        "yes": "strict",
        "true": "strict",
        "ask": "ask",
        "accept-new": "accept-new",
        "no": "off",
        "off": "off",
        "false": "off",
    }
)
"""StrictHostKeyChecking."""
LEVELS: Final = choice(
    {
        **{name.lower(): name for name in ("QUIET", "FATAL", "ERROR", "INFO", "VERBOSE")},
        "silent": "QUIET",
        **{name.lower(): name for name in ("DEBUG1", "DEBUG2", "DEBUG3")},
        "debug": "DEBUG1",
    }
)
PUBLIC_KEY: Final = choice({**_FLAGS, "unbound": "unbound", "host-bound": "host-bound"})
TERMINAL: Final = choice({**_FLAGS, "force": "force", "auto": "auto"})
SESSION: Final = choice({"none": "none", "subsystem": "subsystem", "default": "default"})
FAMILY: Final = choice({"inet": "inet", "inet6": "inet6", "any": "any"})
CANONICAL: Final = choice({**_FLAGS, "always": "always"})
MASTER: Final = choice({**_FLAGS, "ask": "ask", "auto": "auto", "autoask": "autoask"})
TUNNEL: Final = choice(
    {
        **_FLAGS,
        "yes": "point-to-point",
        "true": "point-to-point",
        "ethernet": "ethernet",
        "point-to-point": "point-to-point",
    }
)
WARN: Final = choice({**_FLAGS, "no-pq-kex": "no"})
COMPRESSION: Final = choice({"yes": "yes", "no": "no"})
CONFIRM: Final = {**_FLAGS, "ask": "ask", "confirm": "confirm"}
HASHES: Final = choice({n: n for n in ("sha256", "md5", "sha1", "sha384", "sha512")})
FACILITY: Final = choice(
    {
        name.lower(): name
        for name in (
            *("DAEMON", "USER", "AUTH", "AUTHPRIV"),
            *(f"LOCAL{number}" for number in range(8)),
        )
    }
)
