"""User authentication (RFC 4252, RFC 4256), both roles, without I/O.

Public modules:

    ssh_auth     both roles, credentials, signers, strategies, errors
    gssapi       contexts of GSS-API, by python-gssapi
    testing      both roles joined in memory

Internal:

    credentials  what a client authenticates with
    signers      what signs: a key in memory, an agent
    strategy     in which order credentials are tried
    attempts     what was tried, and what came of it
    errors       AuthenticationFailed, TooManyAttempts
    algorithms   which signature algorithm is used, which are accepted
    signed       what a publickey signature covers
    permissions  what an authenticated user may do
    limits       AuthLimits, of both roles

One role each, which never imports the other:

    client/      ClientAuth: tries credentials until the server accepts the user
    server/      ServerAuth: asks about users, keys and passwords as events

A role needs a session identifier and the messages 50-79, whatever carried them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_auth.algorithms import ACCEPTED_ALGORITHMS as ACCEPTED_ALGORITHMS
    from ssh_auth.attempts import AuthAttempt as AuthAttempt
    from ssh_auth.attempts import Outcome as Outcome
    from ssh_auth.client import AuthRejected as AuthRejected
    from ssh_auth.client import AuthSucceeded as AuthSucceeded
    from ssh_auth.client import BannerReceived as BannerReceived
    from ssh_auth.client import ClientAuth as ClientAuth
    from ssh_auth.client import ClientEvent as ClientEvent
    from ssh_auth.client import ClientPolicy as ClientPolicy
    from ssh_auth.client import HostSignatureNeeded as HostSignatureNeeded
    from ssh_auth.client import PasswordNeeded as PasswordNeeded
    from ssh_auth.client import PromptsReceived as PromptsReceived
    from ssh_auth.client import Question as Question
    from ssh_auth.client import SignatureNeeded as SignatureNeeded
    from ssh_auth.client import Unsigned as Unsigned
    from ssh_auth.credentials import AuthCredential as AuthCredential
    from ssh_auth.credentials import HostbasedCredential as HostbasedCredential
    from ssh_auth.credentials import InteractiveCredential as InteractiveCredential
    from ssh_auth.credentials import KeyCredential as KeyCredential
    from ssh_auth.credentials import NoneCredential as NoneCredential
    from ssh_auth.credentials import PasswordCredential as PasswordCredential
    from ssh_auth.credentials import PromptResponder as PromptResponder
    from ssh_auth.credentials import UnusableCredential as UnusableCredential
    from ssh_auth.credentials import password_answers as password_answers
    from ssh_auth.errors import AuthenticationFailed as AuthenticationFailed
    from ssh_auth.errors import TooManyAttempts as TooManyAttempts
    from ssh_auth.gssapi import GSSAPICredential as GSSAPICredential
    from ssh_auth.gssapi import GSSAPIFailed as GSSAPIFailed
    from ssh_auth.gssapi import GSSAPIIdentity as GSSAPIIdentity
    from ssh_auth.gssapi import SecurityContext as SecurityContext
    from ssh_auth.limits import AuthLimits as AuthLimits
    from ssh_auth.permissions import NOTHING as NOTHING
    from ssh_auth.permissions import AddressPattern as AddressPattern
    from ssh_auth.permissions import Permissions as Permissions
    from ssh_auth.permissions import ip_text as ip_text
    from ssh_auth.server import SERVER_METHODS as SERVER_METHODS
    from ssh_auth.server import Accept as Accept
    from ssh_auth.server import AcceptedToken as AcceptedToken
    from ssh_auth.server import AnswersReceived as AnswersReceived
    from ssh_auth.server import AuthContext as AuthContext
    from ssh_auth.server import Authenticated as Authenticated
    from ssh_auth.server import ChangePassword as ChangePassword
    from ssh_auth.server import CompletedMethod as CompletedMethod
    from ssh_auth.server import DecisionInvalid as DecisionInvalid
    from ssh_auth.server import HostVerified as HostVerified
    from ssh_auth.server import InteractiveStarted as InteractiveStarted
    from ssh_auth.server import KeyOffered as KeyOffered
    from ssh_auth.server import KeyVerified as KeyVerified
    from ssh_auth.server import LoginRefused as LoginRefused
    from ssh_auth.server import NoneOffered as NoneOffered
    from ssh_auth.server import Partial as Partial
    from ssh_auth.server import PasswordChangeOffered as PasswordChangeOffered
    from ssh_auth.server import PasswordOffered as PasswordOffered
    from ssh_auth.server import Reject as Reject
    from ssh_auth.server import Result as Result
    from ssh_auth.server import ServerAuth as ServerAuth
    from ssh_auth.server import ServerEvent as ServerEvent
    from ssh_auth.server import ServerPolicy as ServerPolicy
    from ssh_auth.server import ServerQuestion as ServerQuestion
    from ssh_auth.server import failure_delay as failure_delay
    from ssh_auth.signed import SignedHostbasedRequest as SignedHostbasedRequest
    from ssh_auth.signed import SignedHostboundRequest as SignedHostboundRequest
    from ssh_auth.signed import SignedRequest as SignedRequest
    from ssh_auth.signers import AgentSigner as AgentSigner
    from ssh_auth.signers import KeySigner as KeySigner
    from ssh_auth.signers import Signer as Signer
    from ssh_auth.signers import SigningAgent as SigningAgent
    from ssh_auth.strategy import AuthProgress as AuthProgress
    from ssh_auth.strategy import AuthStrategy as AuthStrategy
    from ssh_auth.strategy import OrderedStrategy as OrderedStrategy
else:
    __getattr__, __dir__, __all__ = lazy.names(
        __name__,
        {
            "ssh_auth.algorithms": "ACCEPTED_ALGORITHMS",
            "ssh_auth.attempts": "AuthAttempt Outcome",
            "ssh_auth.client": (
                "AuthRejected AuthSucceeded BannerReceived ClientAuth ClientEvent "
                "ClientPolicy HostSignatureNeeded PasswordNeeded PromptsReceived Question "
                "SignatureNeeded "
                "Unsigned"
            ),
            "ssh_auth.credentials": (
                "AuthCredential HostbasedCredential InteractiveCredential KeyCredential "
                "NoneCredential "
                "PasswordCredential PromptResponder UnusableCredential password_answers"
            ),
            "ssh_auth.errors": "AuthenticationFailed TooManyAttempts",
            "ssh_auth.gssapi": "GSSAPICredential GSSAPIFailed GSSAPIIdentity SecurityContext",
            "ssh_auth.limits": "AuthLimits",
            "ssh_auth.permissions": "NOTHING AddressPattern Permissions ip_text",
            "ssh_auth.server": (
                "Accept AcceptedToken AnswersReceived AuthContext Authenticated ChangePassword "
                "CompletedMethod "
                "DecisionInvalid HostVerified InteractiveStarted KeyOffered KeyVerified "
                "LoginRefused NoneOffered Partial PasswordChangeOffered PasswordOffered Reject "
                "Result SERVER_METHODS ServerAuth ServerEvent ServerPolicy ServerQuestion "
                "failure_delay"
            ),
            "ssh_auth.signed": "SignedHostbasedRequest SignedHostboundRequest SignedRequest",
            "ssh_auth.signers": "AgentSigner KeySigner Signer SigningAgent",
            "ssh_auth.strategy": "AuthProgress AuthStrategy OrderedStrategy",
        },
    )
