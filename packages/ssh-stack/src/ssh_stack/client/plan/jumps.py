"""The options with which a jump host is connected to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_stack.arguments import parse_destination
from ssh_stack.sources import DEFAULT
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_stack.client.options import ClientOptions
    from ssh_stack.client.plan.connection_plan import ConnectionPlan

__all__ = ["Jump", "last_jump"]

_MAX_JUMPS = 16


@lazy_attrs.frozen(kw_only=True)
class Jump:
    """A jump host, and how to connect to it.

    Attributes:
        host: The host as it was written.
        port: The port; None for the configuration's.
        options: What the connection is told.
    """

    host: str
    port: int | None
    options: ClientOptions


def last_jump(options: ClientOptions, plan: ConnectionPlan, depth: int) -> Jump:
    """Return the last jump host; its options name those before it.

    What is known and trusted, the keys and the agent are the same for all hosts on the way.
    What is for the host alone is left out: a password, prompts' answers, what is given as `auth`,
    a name for its key, and lines of `ssh -o`; BatchMode is for the jump hosts too.

    Args:
        options: what the connection through the jump host was told.
        plan: its plan, with at least one jump host.
        depth: how many connections go through that one already.

    Raises:
        UsageError: there are too many jump hosts, or the way goes in a circle.
    """
    if depth >= _MAX_JUMPS:
        problem = f"more than {_MAX_JUMPS} jump hosts"
        raise UsageError(problem)
    *before, last = plan.route.jumps
    user, host, port = parse_destination(last)
    here = (plan.hostname, plan.port, plan.user)
    there = (host, port or 22, user or plan.user)
    if depth and options.jump is DEFAULT and there == here:
        problem = f"the way to {host} goes through {host} itself (ProxyJump)"
        raise UsageError(problem)
    inherited = lazy_attrs.evolve(
        options,
        username=user,
        jump=before or DEFAULT,  # the first one is reached as its own configuration says
        proxy_command=DEFAULT,
        stream=None,
        host_key_alias=None,
        compression=DEFAULT,  # what goes through it is compressed already
        config_options=("BatchMode yes",) if plan.batch else (),
        config_command="",
        password=None,  # a jump host must not learn it
        change_password=None,
        interactive=None,
        auth=None,
        agent_forwarding=DEFAULT,  # no session runs there
        x11_forwarding=DEFAULT,
    )
    return Jump(host=host, port=port, options=inherited)
