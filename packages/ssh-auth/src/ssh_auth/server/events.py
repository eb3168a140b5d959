"""What the driver of a `ServerAuth` is asked, and told.

Every question has a `request`: the number that its answer names.  Whoever answers late,
after the client has gone on to another request, answers a number that is no longer
asked, and is ignored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ssh_auth.server.results import Permissions
from ssh_keys import PublicKey
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_keys import Certificate

__all__ = [
    "AnswersReceived",
    "Authenticated",
    "DecisionInvalid",
    "InteractiveStarted",
    "KeyOffered",
    "KeyVerified",
    "NoneOffered",
    "PasswordChangeOffered",
    "PasswordOffered",
    "ServerEvent",
    "TokenRefused",
]


@lazy_attrs.frozen
class NoneOffered:
    """May the user in without credentials?  Only asked where the policy has "none"."""

    request: int
    user: str


@lazy_attrs.frozen
class KeyOffered:
    """Would this key do?  The client has not shown that it holds it.

    An Accept is a hint to the client and nothing else: no permission comes of it.

    Attributes:
        request: the number to answer.
        user: the user.
        key: the key.
        algorithm: the signature algorithm.
        certificate: the certificate of the key that is shown in its place.  Its authority
            signed it; whether that authority is trusted, and whether the certificate is good
            for this user now, is for the backend to say.
    """

    request: int
    user: str
    key: PublicKey
    algorithm: str
    certificate: Certificate | None = None


@lazy_attrs.frozen
class KeyVerified:
    """May the user in with this key?  The client holds it: its signature was verified.

    Attributes:
        request: the number to answer.
        user: the user.
        key: the key.
        algorithm: the signature algorithm.
        certificate: as that of `KeyOffered`.
    """

    request: int
    user: str
    key: PublicKey
    algorithm: str
    certificate: Certificate | None = None


@lazy_attrs.frozen
class PasswordOffered:
    """Is this the user's password?  An expired one is answered with `demand_change`."""

    request: int
    user: str
    password: str = lazy_attrs.field(repr=False)


@lazy_attrs.frozen
class PasswordChangeOffered:
    """Is this the user's password, and may the new one take its place?"""

    request: int
    user: str
    password: str = lazy_attrs.field(repr=False)
    new_password: str = lazy_attrs.field(repr=False)


@lazy_attrs.frozen
class InteractiveStarted:
    """The client is ready for prompts: answer with `ask`, or at once with a result.

    Attributes:
        request: the number to answer.
        user: the user.
        submethods: the client's hint, as it came.
    """

    request: int
    user: str
    submethods: str


@lazy_attrs.frozen
class AnswersReceived:
    """The user answered: ask more, or decide.

    Attributes:
        request: the number to answer.
        user: the user.
        answers: one for each prompt, in their order.
        round: 1 for the first prompts of a dialogue, then one more each time.
    """

    request: int
    user: str
    answers: tuple[str, ...] = lazy_attrs.field(repr=False)
    round: int


@lazy_attrs.frozen
class Authenticated:
    """The user is authenticated; SSH_MSG_USERAUTH_SUCCESS is among the messages to send.

    Attributes:
        user: the user.
        permissions: what all completed methods allow.
        key: the key whose signature was verified last, if there was one.
        method: the method that completed it.
        methods: all completed methods, in order.
        certificate: the certificate that was shown for the key, if one was.
    """

    user: str
    permissions: Permissions
    key: PublicKey | None
    method: str
    methods: tuple[str, ...]
    certificate: Certificate | None = None


@lazy_attrs.frozen
class TokenRefused:
    """A key in a FIDO token was accepted, and its signature does not say enough.  Log it.

    Attributes:
        request: the question.
        user: the user.
        key: the key.
        problem: what is missing.
    """

    request: int
    user: str
    key: PublicKey
    problem: str


@lazy_attrs.frozen
class DecisionInvalid:
    """A question was answered with something else than a result; it counts as a Reject.  Log it.

    Attributes:
        request: the question.
        user: the user.
        problem: what was wrong with the answer.
    """

    request: int
    user: str
    problem: str


ServerEvent: TypeAlias = (
    NoneOffered
    | KeyOffered
    | KeyVerified
    | PasswordOffered
    | PasswordChangeOffered
    | InteractiveStarted
    | AnswersReceived
    | Authenticated
    | DecisionInvalid
    | TokenRefused
)
