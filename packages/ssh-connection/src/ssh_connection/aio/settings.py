"""What both roles are told when they are made: how long things take, how a dead peer is found."""

from __future__ import annotations

from ssh_wire import lazy_attrs

__all__ = ["KeepaliveOptions", "Timeouts"]


def _check_positive(**seconds: float) -> None:
    for name, value in seconds.items():
        if not value > 0:
            problem = f"{name} must be more than 0 seconds, not {value!r}"
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

    connect: float = 30.0
    handshake: float = 30.0
    auth: float = 60.0
    open: float = 30.0
    close: float = 5.0

    def __attrs_post_init__(self) -> None:
        _check_positive(
            connect=self.connect,
            handshake=self.handshake,
            auth=self.auth,
            open=self.open,
            close=self.close,
        )


@lazy_attrs.frozen(kw_only=True)
class KeepaliveOptions:
    """How a dead peer is found.

    Attributes:
        interval: Seconds of silence after which the peer is asked for a sign of life.
        count_max: Questions without any answer after which the connection counts as lost.
    """

    interval: float = 30.0
    count_max: int = 3

    def __attrs_post_init__(self) -> None:
        _check_positive(interval=self.interval)
