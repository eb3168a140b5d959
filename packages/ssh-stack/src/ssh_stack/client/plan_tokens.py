"""The %-tokens of a connection (ssh_config(5), TOKENS), for commands that are run for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ssh_stack.config.host_tokens import HostTokens

if TYPE_CHECKING:
    from ssh_stack.client.plan import ConnectionPlan
    from ssh_stack.config.tokens import Tokens

__all__ = ["plan_tokens"]


def plan_tokens(plan: ConnectionPlan) -> Tokens:
    """Return what the tokens stand for that every command takes."""
    return HostTokens(_Planned(plan))


class _Planned:
    """A host whose plan is made, as tokens see it."""

    finished = True

    def __init__(self, plan: ConnectionPlan) -> None:
        self.original = plan.host
        self.host = plan.hostname
        self.user = plan.user
        self.port = plan.port
        self._values = {"HostKeyAlias": plan.trust.alias, "ProxyJump": plan.route.jumps}

    def value(self, name: str, /) -> Any:  # noqa: ANN401 (as each keyword has it)
        return self._values[name] or None
