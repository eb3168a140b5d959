"""What the user can be authenticated with at a server: keys, passwords, answers, in order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Final

from ssh_auth import (
    AuthCredential,
    InteractiveCredential,
    NoneCredential,
    PasswordCredential,
    UnusableCredential,
    password_answers,
)
from ssh_stack.client.plan.identity import IdentityPlan
from ssh_stack.client.public_keys import public_keys
from ssh_wire import lazy

if TYPE_CHECKING:
    import socket

    from ssh_connection.aio import SessionProof
    from ssh_stack.local import callbacks
else:
    # rarely used
    callbacks = lazy.module("ssh_stack.local.callbacks")

__all__ = ["credentials"]

_PASSWORD: Final = "password"  # noqa: S105 (the name of a method)
_KEYBOARD_INTERACTIVE: Final = "keyboard-interactive"


async def credentials(
    plan: IdentityPlan,
    stack: AsyncExitStack,
    connected: Callable[[], socket.socket | None],
    session: Callable[[], SessionProof | None],
) -> tuple[AuthCredential, ...]:
    """Return what to log in with, in the order in which it is tried.

    What was given and cannot be used is among it, with the reason: whoever connects is told
    of it when nothing else is enough.

    Args:
        plan: how the user is authenticated.
        stack: closes the connection to the agent.
        connected: returns the socket of the connection, once there is one.
        session: returns the session, once the keys are exchanged.
    """
    found: list[AuthCredential] = []
    if plan.gssapi is not None:
        from ssh_stack.client.gssapi import gssapi_credentials  # rarely used

        found += await gssapi_credentials(plan.gssapi)
    if "hostbased" in plan.methods:
        from ssh_stack.client.hostbased import hostbased_credentials  # rarely used

        found += await hostbased_credentials(plan, connected)
    if "publickey" in plan.methods:
        found += await public_keys(plan, stack, session)
    found += _secret_credentials(plan)
    found.sort(key=lambda credential: _rank(credential, plan.methods))
    first = [NoneCredential(probe=True)] if plan.ask_methods_first else []
    return (*first, *found)


def _rank(credential: AuthCredential, methods: tuple[str, ...]) -> int:
    """Return the rank of a credential's method in the order of preference; others come last."""
    ranks = {name: place for place, name in enumerate(methods)}
    rank = ranks.get(credential.method, len(ranks))
    if credential.source == _BY_PASSWORD:
        # the same secret: where it may be given as a password, it is, first
        rank = max(rank, ranks.get(_PASSWORD, 0))
    return rank


_BY_PASSWORD: Final = "caller's password"  # noqa: S105 (whose answer it is)


def _secret_credentials(plan: IdentityPlan) -> list[AuthCredential]:
    """Return passwords and prompt answers, and for methods that are not allowed the reason."""
    found: list[AuthCredential] = []
    refused: dict[str, AuthCredential] = {}
    for credential in _caller_credentials(plan):
        problem = _why_not_allowed(credential, plan)
        if not problem:
            found.append(credential)
        elif credential.source != _BY_PASSWORD:
            unusable = UnusableCredential(credential.method, credential.source, problem)
            refused.setdefault(credential.method, unusable)
    found += [each for each in _prompter_credentials(plan) if not _why_not_allowed(each, plan)]
    return [*found, *refused.values()]


def _why_not_allowed(credential: AuthCredential, plan: IdentityPlan) -> str:
    """Return why a credential must not be used, or nothing."""
    if credential.method not in plan.methods:
        return f"{credential.method} is not among the methods that may be used"
    secret = credential.password if isinstance(credential, PasswordCredential) else None
    if plan.batch and not isinstance(secret, str) and credential.source != _BY_PASSWORD:
        return "batch mode asks nothing"
    return ""


def _caller_credentials(plan: IdentityPlan) -> list[AuthCredential]:
    found: list[AuthCredential] = []
    password, interactive, change = plan.password, plan.interactive, plan.change_password
    if interactive is not None:
        found += [
            InteractiveCredential(
                partial(callbacks.call_for_answers, interactive), plan.devices, "caller"
            )
        ] * plan.password_prompts
    if password is None:
        return found
    renew = None
    if change is not None and not plan.batch:
        renew = partial(callbacks.call_for_text, change, what="change_password")
    if not isinstance(password, str):
        ask = partial(callbacks.call_for_text, password, what="password")
        asked = PasswordCredential(ask, renew, source="caller")
        return [*found, *[asked] * plan.password_prompts]
    found.append(PasswordCredential(password, renew, source="caller"))
    if interactive is None:
        answers = password_answers(password)
        found.append(InteractiveCredential(answers, plan.devices, _BY_PASSWORD, implied=True))
    return found


def _prompter_credentials(plan: IdentityPlan) -> list[AuthCredential]:
    prompter = plan.prompter
    if prompter is None or plan.interactive is not None or plan.password is not None:
        return []
    answer = partial(callbacks.call_for_answers, prompter.answers, plan.login)
    answers = InteractiveCredential(answer, plan.devices, "prompt")
    ask = partial(callbacks.call_for_text, prompter.password, plan.login, what="prompter.password")
    renew = partial(
        callbacks.call_for_text, prompter.new_password, plan.login, what="prompter.new_password"
    )
    password = PasswordCredential(ask, renew, source="prompt")
    return [*[answers] * plan.password_prompts, *[password] * plan.password_prompts]
