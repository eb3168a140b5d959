"""Authentication messages (RFC 4252; keyboard-interactive of RFC 4256).

60–79 belong to the method in progress: `ssh_wire.messages.sets` has a set for each.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from ssh_wire.declare import Message, Record, message, record
from ssh_wire.lazy_attrs import field
from ssh_wire.messageset import MessageSet
from ssh_wire.types import Counted, NameList, Rest, Text

__all__ = [
    "REQUESTS",
    "AnyUserauthRequest",
    "HostbasedRequest",
    "InfoRequest",
    "InfoResponse",
    "KeyboardInteractiveRequest",
    "NoneRequest",
    "PasswdChangeReq",
    "PasswordChangeRequest",
    "PasswordRequest",
    "Prompt",
    "PublicKeyOk",
    "PublicKeyQuery",
    "PublicKeyRequest",
    "UserauthBanner",
    "UserauthFailure",
    "UserauthRequest",
    "UserauthSuccess",
]


@record
class AuthHead(Record):
    """What every USERAUTH_REQUEST begins with (RFC 4252 section 5)."""

    user: str
    service: str
    method: str


@message(50)
class UserauthRequest(Message):
    """Any request to authenticate, the fields of its method unread (RFC 4252 section 5)."""

    user: Text
    service: Text
    method: Text
    details: Rest = field(default=b"", repr=False)


@message(50)
class NoneRequest(AuthHead, Message):
    """Ask without credentials, to learn the methods (RFC 4252 section 5.2)."""

    method: Literal["none"] = field(default="none", init=False)


@message(50)
class PasswordRequest(AuthHead, Message):
    """Log in with a password (RFC 4252 section 8)."""

    method: Literal["password"] = field(default="password", init=False)
    change: Literal[False] = field(default=False, init=False)
    password: str = field(repr=False)


@message(50)
class PasswordChangeRequest(AuthHead, Message):
    """Change the password (RFC 4252 section 8)."""

    method: Literal["password"] = field(default="password", init=False)
    change: Literal[True] = field(default=True, init=False)
    password: str = field(repr=False)
    new_password: str = field(repr=False)


@message(50)
class PublicKeyQuery(AuthHead, Message):
    """Ask whether a key would do (RFC 4252 section 7)."""

    method: Literal["publickey"] = field(default="publickey", init=False)
    signed: Literal[False] = field(default=False, init=False)
    algorithm: str
    key: bytes


@message(50)
class PublicKeyRequest(AuthHead, Message):
    """Log in with a signature (RFC 4252 section 7)."""

    method: Literal["publickey"] = field(default="publickey", init=False)
    signed: Literal[True] = field(default=True, init=False)
    algorithm: str
    key: bytes
    signature: bytes


@message(50)
class KeyboardInteractiveRequest(AuthHead, Message):
    """Begin a dialogue of prompts (RFC 4256 section 3.1)."""

    method: Literal["keyboard-interactive"] = field(default="keyboard-interactive", init=False)
    language: Text = ""
    submethods: Text = ""


@message(50)
class HostbasedRequest(AuthHead, Message):
    """Log in with the client host's key (RFC 4252 section 9)."""

    method: Literal["hostbased"] = field(default="hostbased", init=False)
    algorithm: str
    host_key: bytes
    client_host: str
    client_user: str
    signature: bytes


@message(51)
class UserauthFailure(Message):
    """The methods that can continue (RFC 4252 section 5.1)."""

    methods: NameList
    partial_success: bool = False


@message(52)
class UserauthSuccess(Message):
    """The user is authenticated (RFC 4252 section 5.1)."""


@message(53)
class UserauthBanner(Message):
    """Text to print before authentication (RFC 4252 section 5.4); what is appended is kept."""

    message: Text
    language: Text = ""
    extra: Rest = b""


@message(60)
class PublicKeyOk(Message):
    """The key of a query would do (RFC 4252 section 7)."""

    algorithm: str
    key: bytes


@message(60)
class PasswdChangeReq(Message):
    """The password has expired (RFC 4252 section 8)."""

    prompt: Text
    language: Text = ""


@record
class Prompt(Record):
    """One question, and whether the answer may be shown (RFC 4256 section 3.2)."""

    text: Text
    echo: bool


@message(60)
class InfoRequest(Message):
    """Questions to the user (RFC 4256 section 3.2)."""

    name: Text = ""
    instruction: Text = ""
    language: Text = ""
    prompts: Counted[Prompt] = ()


@message(61)
class InfoResponse(Message):
    """The answers, in the order of the prompts (RFC 4256 section 3.4)."""

    responses: Counted[str] = field(repr=False)


AnyUserauthRequest: TypeAlias = (
    NoneRequest
    | PasswordRequest
    | PasswordChangeRequest
    | PublicKeyQuery
    | PublicKeyRequest
    | KeyboardInteractiveRequest
    | HostbasedRequest
    | UserauthRequest
)
"""A USERAUTH_REQUEST, decoded as far as its method is known."""

REQUESTS: MessageSet[AnyUserauthRequest] = MessageSet(
    NoneRequest,
    PasswordRequest,
    PasswordChangeRequest,
    PublicKeyQuery,
    PublicKeyRequest,
    KeyboardInteractiveRequest,
    HostbasedRequest,
    UserauthRequest,
)
"""Every USERAUTH_REQUEST, unknown methods as `UserauthRequest`."""
