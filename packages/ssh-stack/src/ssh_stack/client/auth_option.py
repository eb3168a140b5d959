"""What `connect` is told as `auth=`: credentials in order, or a strategy.

Plain functions in credentials are called in threads, so that none holds up the event loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ssh_auth import (
    AuthCredential,
    HostbasedCredential,
    InteractiveCredential,
    NoneCredential,
    PasswordCredential,
)
from ssh_stack.local.callbacks import call_for_answers, call_for_name, call_for_text
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_auth import AuthProgress, AuthStrategy

__all__ = ["given_credentials"]


def given_credentials(
    auth: Sequence[AuthCredential] | AuthStrategy, *, ask_methods_first: bool
) -> Sequence[AuthCredential] | AuthStrategy:
    """Return what the caller gave, with its plain functions called in threads.

    Args:
        auth: credentials in the order in which they are tried, or a strategy.
        ask_methods_first: whether the server is asked for its methods before the credentials of a
            sequence; a strategy decides itself.
    """
    if not isinstance(auth, Sequence):
        return _ThreadedStrategy(auth)
    # a credential that is given several times stays one: it is accepted once
    threaded = {id(each): _threaded(each) for each in auth}
    first = [NoneCredential(probe=True)] if ask_methods_first else []
    return [*first, *(threaded[id(each)] for each in auth)]


class _ThreadedStrategy:
    """A strategy whose credentials call plain functions in threads."""

    def __init__(self, strategy: AuthStrategy) -> None:
        self._strategy = strategy

    def next_credential(self, progress: AuthProgress, /) -> AuthCredential | None:
        """Return what the strategy chooses."""
        credential = self._strategy.next_credential(progress)
        return None if credential is None else _threaded(credential)


def _threaded(credential: AuthCredential) -> AuthCredential:
    match credential:
        case PasswordCredential(password=password, change=change):
            ask = password
            if not isinstance(password, str):
                ask = partial(call_for_text, password, what="password")
            if change is not None:
                change = partial(call_for_text, change, what="change")
            return lazy_attrs.evolve(credential, password=ask, change=change)
        case InteractiveCredential(answer=answer):
            return lazy_attrs.evolve(credential, answer=partial(call_for_answers, answer))
        case HostbasedCredential(client_host=name) if not isinstance(name, str):
            return lazy_attrs.evolve(credential, client_host=partial(call_for_name, name))
        case _:
            return credential
