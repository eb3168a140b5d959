"""The server's side of authentication.

    core             ServerAuth: payloads in, messages and events out
    methods/         one module and one row for each method
    states           what a ServerAuth waits for, one class each
    policy           which methods, in which sequences
    progress         the methods that one user has completed
    attempt_counter  the caps, and what was used up of them
    verification     algorithm, key or certificate, and signature of a publickey request
    results          Accept, Reject, Partial: the sealed answers to events
    events           what the driver of a ServerAuth is asked, and told
    context          AuthContext: what a function that decides knows of the connection
    delays           how long a failure is held back
    usernames        which user names are given to the backend

A `ServerAuth` has no list of users.  It parses, counts, verifies signatures and keeps the
order; whether a user, a key or a password is accepted is asked as an event.
"""

from __future__ import annotations

from ssh_auth.server.context import AuthContext as AuthContext
from ssh_auth.server.context import CompletedMethod as CompletedMethod
from ssh_auth.server.core import ServerAuth as ServerAuth
from ssh_auth.server.delays import failure_delay as failure_delay
from ssh_auth.server.events import Authenticated as Authenticated
from ssh_auth.server.events import DecisionInvalid as DecisionInvalid
from ssh_auth.server.events import LoginRefused as LoginRefused
from ssh_auth.server.events import ServerEvent as ServerEvent
from ssh_auth.server.events import ServerQuestion as ServerQuestion
from ssh_auth.server.methods import SERVER_METHODS as SERVER_METHODS
from ssh_auth.server.methods.gssapi import AcceptedToken as AcceptedToken
from ssh_auth.server.methods.hostbased import HostVerified as HostVerified
from ssh_auth.server.methods.keyboard_interactive import AnswersReceived as AnswersReceived
from ssh_auth.server.methods.keyboard_interactive import InteractiveStarted as InteractiveStarted
from ssh_auth.server.methods.none import NoneOffered as NoneOffered
from ssh_auth.server.methods.password import PasswordChangeOffered as PasswordChangeOffered
from ssh_auth.server.methods.password import PasswordOffered as PasswordOffered
from ssh_auth.server.methods.publickey import KeyOffered as KeyOffered
from ssh_auth.server.methods.publickey import KeyVerified as KeyVerified
from ssh_auth.server.policy import ServerPolicy as ServerPolicy
from ssh_auth.server.results import Accept as Accept
from ssh_auth.server.results import ChangePassword as ChangePassword
from ssh_auth.server.results import Partial as Partial
from ssh_auth.server.results import Reject as Reject
from ssh_auth.server.results import Result as Result
