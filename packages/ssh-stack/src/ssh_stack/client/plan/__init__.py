"""What one connection is to do, after the options and the configuration were merged.

    plan = merge(options, config, Target(host="web1"))

`merge` is pure: it reads no file and no variable of the environment, asks no name server and
has no clock.  The plan is frozen; `ssh_stack.client.connecting` carries it out.  Where options
and configuration meet, `choose` decides: an option that is given, else the configuration, else
the default.

connection_plan  the plan, and `merge`
choice      the rule
route       the way to the server: addresses, a proxy command, jump hosts
trust       which servers are trusted
identity    how the user is authenticated
transport   algorithms, limits and timeouts
session     what a session asks for, and what the command line does with it
forwards    what is forwarded
jumps       the options of the jump hosts
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_stack.client.plan.connection_plan import ConnectionPlan as ConnectionPlan
    from ssh_stack.client.plan.connection_plan import Target as Target
    from ssh_stack.client.plan.connection_plan import check_name as check_name
    from ssh_stack.client.plan.connection_plan import merge as merge
    from ssh_stack.client.plan.forwards import ForwardsPlan as ForwardsPlan
    from ssh_stack.client.plan.identity import IdentityPlan as IdentityPlan
    from ssh_stack.client.plan.route import RoutePlan as RoutePlan
    from ssh_stack.client.plan.session import ControlPlan as ControlPlan
    from ssh_stack.client.plan.session import SessionPlan as SessionPlan
    from ssh_stack.client.plan.session import X11Plan as X11Plan
    from ssh_stack.client.plan.transport import TransportPlan as TransportPlan
    from ssh_stack.client.plan.trust import TrustPlan as TrustPlan
else:
    # a call through a master needs the least of it
    __getattr__, __dir__, __all__ = lazy.names(
        __name__,
        {
            "ssh_stack.client.plan.forwards": "ForwardsPlan",
            "ssh_stack.client.plan.identity": "IdentityPlan",
            "ssh_stack.client.plan.connection_plan": "ConnectionPlan Target check_name merge",
            "ssh_stack.client.plan.route": "RoutePlan",
            "ssh_stack.client.plan.session": "ControlPlan SessionPlan X11Plan",
            "ssh_stack.client.plan.transport": "TransportPlan",
            "ssh_stack.client.plan.trust": "TrustPlan",
        },
    )
