"""What one connection is to do, after the options and the configuration were merged.

    plan = merge(options, config, Target(host="web1"))

`merge` is pure: it reads no file and no variable of the environment, asks no name server and
has no clock.  The plan is frozen; `ssh_stack.client.connecting` carries it out.  Where options
and configuration meet, `choose` decides: an option that is given, else the configuration, else
the default.

merge       the plan, and `merge`
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

from ssh_stack.client.plan.forwards import ForwardsPlan
from ssh_stack.client.plan.identity import IdentityPlan
from ssh_stack.client.plan.merge import ConnectionPlan, Target, check_name, merge
from ssh_stack.client.plan.route import RoutePlan
from ssh_stack.client.plan.session import ControlPlan, SessionPlan
from ssh_stack.client.plan.transport import TransportPlan
from ssh_stack.client.plan.trust import TrustPlan

__all__ = [
    "ConnectionPlan",
    "ControlPlan",
    "ForwardsPlan",
    "IdentityPlan",
    "RoutePlan",
    "SessionPlan",
    "Target",
    "TransportPlan",
    "TrustPlan",
    "check_name",
    "merge",
]
