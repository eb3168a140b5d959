"""How much a peer may ask for before it is refused."""

from __future__ import annotations

from ssh_wire import lazy_attrs

__all__ = ["AuthLimits"]


@lazy_attrs.frozen(kw_only=True)
class AuthLimits:
    """The limits of both roles; every one can be set.

    Attributes:
        user_name_bytes: the longest user name, in UTF-8.
        password_bytes: the longest password or answer to a prompt that a server looks at.
        failures: failed requests after which a server disconnects (RFC 4252 section 4).
        requests: requests of any outcome after which a server disconnects.
        key_queries: publickey queries after which a server disconnects.
        prompts: the most prompts of one INFO_REQUEST, both ways.
        rounds: the most INFO_REQUESTs of one connection, both ways.
        client_attempts: requests after which a client gives up.
        password_changes: new passwords that a client offers for one expired one.
        banner_bytes: what a client reports of banners, in all, in UTF-8; the rest is cut.
        banner_flood_bytes: what a client takes of banners, in all, as payloads; then it gives up.
    """

    user_name_bytes: int = 1024
    password_bytes: int = 1024
    failures: int = 6
    requests: int = 128
    key_queries: int = 32
    prompts: int = 100
    rounds: int = 64
    client_attempts: int = 64
    password_changes: int = 3
    banner_bytes: int = 262_144
    banner_flood_bytes: int = 1_048_576
