"""Which forwards work: those from a TCP port to a TCP port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_stack.config.forward_specs import TCPAddress
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_stack.config.forward_specs import ForwardSpec

__all__ = ["problem_of", "require_tcp"]


def require_tcp(spec: ForwardSpec) -> tuple[TCPAddress, TCPAddress]:
    """Return where a forward listens and connects to.

    Raises:
        UsageError: it is one that does not work yet.
    """
    if spec.connect is None:
        problem = f"forwarding {spec} does not work yet: dynamic forwarding is missing"
        raise UsageError(problem)
    if isinstance(spec.listen, TCPAddress) and isinstance(spec.connect, TCPAddress):
        return spec.listen, spec.connect
    problem = f"forwarding {spec} does not work yet: Unix sockets cannot be forwarded"
    raise UsageError(problem)


def problem_of(spec: ForwardSpec) -> str:
    """Return why a forward does not work yet; empty where it does."""
    try:
        require_tcp(spec)
    except UsageError as error:
        return str(error)
    return ""
