"""The client's side of authentication.

    core             ClientAuth: payloads in, messages and events out
    methods/         one module for each method, and the table of them
    states           what the client waits for, one class each
    policy           what the client asks for in any case
    lenient          what is taken although RFC 4252 says it otherwise
    request_builder  the messages of one user for one service
    report           what is told of a credential afterwards
    banners          the text that the server sends before authentication, bounded
    events           what the driver of a ClientAuth is told or asked

A `ClientAuth` is driven: it awaits nothing and reads no clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_auth.client.core import ClientAuth as ClientAuth
    from ssh_auth.client.events import AuthRejected as AuthRejected
    from ssh_auth.client.events import AuthSucceeded as AuthSucceeded
    from ssh_auth.client.events import BannerReceived as BannerReceived
    from ssh_auth.client.events import ClientEvent as ClientEvent
    from ssh_auth.client.events import Question as Question
    from ssh_auth.client.methods.hostbased import HostSignatureNeeded as HostSignatureNeeded
    from ssh_auth.client.methods.keyboard_interactive import PromptsReceived as PromptsReceived
    from ssh_auth.client.methods.password import PasswordNeeded as PasswordNeeded
    from ssh_auth.client.methods.publickey import SignatureNeeded as SignatureNeeded
    from ssh_auth.client.methods.publickey import Unsigned as Unsigned
    from ssh_auth.client.policy import ClientPolicy as ClientPolicy
else:
    __getattr__, __dir__, __all__ = lazy.names(
        __name__,
        {
            "ssh_auth.client.core": "ClientAuth",
            "ssh_auth.client.events": (
                "AuthRejected AuthSucceeded BannerReceived ClientEvent Question"
            ),
            "ssh_auth.client.methods.hostbased": "HostSignatureNeeded",
            "ssh_auth.client.methods.keyboard_interactive": "PromptsReceived",
            "ssh_auth.client.methods.password": "PasswordNeeded",
            "ssh_auth.client.methods.publickey": "SignatureNeeded Unsigned",
            "ssh_auth.client.policy": "ClientPolicy",
        },
    )
