"""What is forwarded through the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_stack.config import HostConfig

__all__ = ["ForwardsPlan", "merge_forwards"]


@lazy_attrs.frozen(kw_only=True)
class ForwardsPlan:
    """What the command line forwards.

    Attributes:
        clear_all: Whether forwards of the configuration and the command line are left out
            (ClearAllForwardings).
        exit_on_failure: Whether the command line ends where one cannot be opened
            (ExitOnForwardFailure).
    """

    clear_all: bool = False
    exit_on_failure: bool = False


def merge_forwards(config: HostConfig) -> ForwardsPlan:
    """Return what is forwarded."""
    return ForwardsPlan(
        clear_all=config.clear_all_forwardings,
        exit_on_failure=config.exit_on_forward_failure,
    )
