"""What both roles are told when they are made: how long things take, how a dead peer is found."""

from __future__ import annotations

import attrs

from ssh_wire import lazy_attrs

__all__ = ["KeepaliveOptions", "Timeouts"]


def _positive(_instance: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not value > 0:
        problem = f"{attribute.name} must be more than 0 seconds, not {value!r}"
        raise ValueError(problem)


@lazy_attrs.frozen(kw_only=True)
class Timeouts:
    """How long each stage may take, in seconds.

    Attributes:
        connect: Until the byte stream is connected.
        handshake: Until the first key exchange is done; a decision on the host key is not counted.
        auth: Until the user is authenticated; the user's answers to prompts are not counted.
        open: Until the peer answers the opening of a channel.
        close: Until a closing connection is closed; then it is cut.
    """

    connect: float = attrs.field(default=30.0, validator=_positive)
    handshake: float = attrs.field(default=30.0, validator=_positive)
    auth: float = attrs.field(default=60.0, validator=_positive)
    open: float = attrs.field(default=30.0, validator=_positive)
    close: float = attrs.field(default=5.0, validator=_positive)


@lazy_attrs.frozen(kw_only=True)
class KeepaliveOptions:
    """How a dead peer is found.

    Attributes:
        interval: Seconds of silence after which the peer is asked for a sign of life.
        count_max: Questions without any answer after which the connection counts as lost.
    """

    interval: float = attrs.field(default=30.0, validator=_positive)
    count_max: int = 3
