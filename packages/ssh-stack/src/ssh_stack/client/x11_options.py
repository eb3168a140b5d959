"""How X11 is forwarded, where `connect` is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_stack.arguments import is_number
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_stack.sources import Path

__all__ = ["X11Forwarding"]


@lazy_attrs.frozen(kw_only=True)
class X11Forwarding:
    """How X11 is forwarded; what is not given is as `ssh` would have it.

    Attributes:
        trusted: Whether programs on the server have full access to the display: they may read what
            is typed into other windows. Without it, `xauth generate` makes a cookie with less
            access, which some programs cannot live with. By default ForwardX11Trusted of the
            configuration, and else False.
        timeout: Seconds for which connections are taken that are not trusted; 0 for ever. By
            default ForwardX11Timeout of the configuration, and else 20 minutes.
        display: The display; by default that of DISPLAY.
        xauth: The path of xauth(1); by default XAuthLocation of the configuration, and else
            /usr/bin/xauth.
        single_connection: Whether each session gets one connection to the display alone.
    """

    trusted: bool | None = None
    timeout: float | None = None
    display: str | None = None
    xauth: Path | None = None
    single_connection: bool = False

    def __attrs_post_init__(self) -> None:
        if self.timeout is not None and self.timeout != 0 and not is_number(self.timeout):
            problem = "timeout is a number of seconds, or 0 for ever"
            raise UsageError(problem)
