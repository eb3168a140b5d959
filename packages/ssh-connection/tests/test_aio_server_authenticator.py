"""Who may log in: the functions of a server, and whatever goes wrong in them."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from typing import Any

import pytest

from programs import pair
from ssh_auth import (
    Accept,
    AuthContext,
    AuthenticationFailed,
    AuthLimits,
    ChangePassword,
    CompletedMethod,
    InteractiveCredential,
    KeyCredential,
    KeySigner,
    NoneCredential,
    PasswordChangeOffered,
    PasswordCredential,
    PasswordOffered,
    Reject,
    Result,
    ServerAuth,
    password_answers,
)
from ssh_connection.aio import ServerAuthentication
from ssh_connection.aio.server.authenticator import Authenticator
from ssh_keys import Certificate, CertificateSpec, PrivateKey, PublicKey, issue
from ssh_transport import PeerDisconnected
from ssh_wire import UsageError
from ssh_wire.messages.auth import InfoRequest, Prompt

pytestmark = pytest.mark.usefixtures("reports")
KEY, CA = PrivateKey.generate("ed25519"), PrivateKey.generate("ed25519")


async def yes(*_: object) -> Result:
    return Accept()


async def no(*_: object) -> Result:
    return Reject()


async def fails(authentication: ServerAuthentication, *credentials: Any) -> None:
    ends = pair(authentication=authentication, client={"credentials": credentials})
    with pytest.raises(AuthenticationFailed):
        await ends.client.establish(ends.dial)
    assert ends.server.user is None
    await ends.server.close()


def test_method_without_a_function_is_not_offered() -> None:
    assert ServerAuthentication(password=yes).policy.methods == ("password",)
    every = ServerAuthentication(public_key=yes, password=yes, interactive=yes, none=yes)
    assert set(every.policy.methods) == {
        "publickey",
        "password",
        "keyboard-interactive",
        "none",
    }


@pytest.mark.row("R16")
async def test_function_that_raises_authenticates_no_client(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(*_: object) -> Result:
        problem = "the database is down"
        raise OSError(problem)

    with caplog.at_level(logging.ERROR):
        await fails(ServerAuthentication(password=broken), PasswordCredential("secret"))
    assert "an authentication function failed" in caplog.text
    assert "secret" not in caplog.text


class Odd(BaseException):
    """An error that is not even an Exception."""


@pytest.mark.row("A14")
@pytest.mark.parametrize("error", [asyncio.CancelledError(), Odd()])
async def test_function_that_raises_a_base_exception_leaves_no_client_waiting(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> Result:
        raise error

    with caplog.at_level(logging.ERROR):
        await fails(ServerAuthentication(password=broken), PasswordCredential("secret"))
    assert "an authentication function failed" in caplog.text


@pytest.mark.row("R16")
@pytest.mark.parametrize("answer", [True, None, "accept", Accept])
async def test_result_that_is_not_an_answer_authenticates_no_client(
    answer: object, caplog: pytest.LogCaptureFixture
) -> None:
    async def odd(*_: object) -> Any:
        return answer

    with caplog.at_level(logging.ERROR):
        await fails(ServerAuthentication(password=odd), PasswordCredential("secret"))
    assert "authentication of tester" in caplog.text


async def test_too_many_prompts_authenticate_no_client(caplog: pytest.LogCaptureFixture) -> None:
    async def asks(_context: AuthContext, _round: int, _answers: Sequence[str]) -> InfoRequest:
        prompts = (Prompt(text="?", echo=True),) * 101
        return InfoRequest(name="", instruction="", prompts=prompts)

    async def answer(_name: str, _text: str, prompts: Sequence[Prompt]) -> list[str]:
        return [""] * len(prompts)

    with caplog.at_level(logging.ERROR):
        await fails(ServerAuthentication(interactive=asks), InteractiveCredential(answer))
    assert "at most 100 prompts" in caplog.text


async def test_none_can_be_enough() -> None:
    async with pair(
        authentication=ServerAuthentication(none=yes),
        client={"credentials": [NoneCredential()]},
    ) as ends:
        assert ends.server.user is not None
        assert ends.server.user.key is None


class Answers(ServerAuth):
    """Notes what it is answered."""

    def __init__(self) -> None:
        super().__init__(AuthContext(), ServerAuthentication(none=yes).policy)
        self.answers: list[object] = []

    def answer(self, request: int, answer: object) -> bool:
        del request
        self.answers.append(answer)
        return True


async def test_new_password_that_was_not_demanded_is_refused() -> None:
    auth = Answers()
    authenticator = Authenticator(ServerAuthentication(password=yes), auth)
    await authenticator.decide(PasswordChangeOffered(1, "tester", "old", "new"))
    await Authenticator(ServerAuthentication(none=yes), auth).decide(
        PasswordOffered(2, "tester", "x")
    )
    assert auth.answers == [Reject(), Reject()]


# ------------------------------------------------------------- what functions are told


async def test_context_is_given_to_every_function() -> None:
    told: list[AuthContext] = []

    async def key(context: AuthContext, _key: PublicKey) -> Result:
        told.append(context)
        return Accept()

    async def password(context: AuthContext, given: str) -> Result:
        told.append(context)
        return Accept() if given == "right" else Reject()

    ends = pair(
        authentication=ServerAuthentication(
            public_key=key, password=password, sequences=(("publickey", "password"),)
        ),
        client={"credentials": [KeyCredential(KeySigner(KEY)), PasswordCredential("right")]},
    )
    ends.server.peer, ends.server.local = ("192.0.2.7", 1234), ("192.0.2.1", 22)
    async with ends:
        pass

    *_, first, second = told
    assert first == AuthContext(
        user="tester",
        peer=("192.0.2.7", 1234),
        local=("192.0.2.1", 22),
        session_id=ends.client.session_id,
        client_version=first.client_version,
        host_key=ends.client.host_key,
    )
    assert first.client_version
    assert second.completed == (CompletedMethod("publickey", KEY.public_key),)
    assert ends.client.session_id.hex() not in repr(first)


async def test_context_is_given_to_dialogues_and_to_none() -> None:
    told: list[str] = []

    async def interactive(
        context: AuthContext, turn: int, _answers: Sequence[str]
    ) -> Result | InfoRequest:
        told.append(f"{turn} {context.user}")
        return Reject()

    async def none(context: AuthContext) -> Result:
        told.append(f"none {context.user}")
        return Accept()

    credentials = [InteractiveCredential(password_answers("")), NoneCredential()]
    async with pair(
        authentication=ServerAuthentication(interactive=interactive, none=none),
        client={"credentials": credentials},
    ):
        pass
    assert told == ["0 tester", "none tester"]


# ------------------------------------------------------------- certificates


def certificate_of(key: PrivateKey) -> Certificate:
    spec = CertificateSpec(role="user", key_id="me", principals=("tester",))
    return issue(CA, key.public_key, spec=spec, random=os.urandom)


async def test_certificate_is_decided_by_its_own_function() -> None:
    given: list[object] = []

    async def key(_context: AuthContext, key: PublicKey) -> Result:
        given.append(key)
        return Reject()

    async def certificate(_context: AuthContext, certificate: Certificate) -> Result:
        given.append(certificate)
        return Accept()

    mine = certificate_of(KEY)
    credentials = [
        KeyCredential(KeySigner(KEY)),
        KeyCredential(KeySigner(KEY), certificate=mine),
    ]
    async with pair(
        authentication=ServerAuthentication(public_key=key, certificate=certificate),
        client={"credentials": credentials},
    ) as ends:
        user = ends.server.user
        assert user is not None
        assert (user.key, user.credential) == (KEY.public_key, mine)
        assert ends.client.auth_attempts[-1].certificate == "me"
    assert set(given) == {KEY.public_key, mine}


async def test_certificate_is_not_given_to_the_function_for_keys() -> None:
    credential = KeyCredential(KeySigner(KEY), certificate=certificate_of(KEY))

    await fails(ServerAuthentication(public_key=yes), credential)


# ------------------------------------------------------------- expired passwords


async def test_expired_password_is_changed() -> None:
    asked: list[tuple[str, ...]] = []

    async def expired(context: AuthContext, password: str) -> Result | ChangePassword:
        asked.append((context.user, password))
        return ChangePassword("Choose another\x07") if password == "old" else Reject()

    async def renew(context: AuthContext, old: str, new: str) -> Result | ChangePassword:
        asked.append((context.user, old, new))
        return Accept() if new != "short" else ChangePassword("Longer")

    prompts: list[str] = []

    async def change(prompt: str) -> str:
        prompts.append(prompt)
        return "short" if len(prompts) == 1 else "longer"

    async with pair(
        authentication=ServerAuthentication(password=expired, new_password=renew),
        client={"credentials": [PasswordCredential("old", change)]},
    ) as ends:
        assert ends.client.auth_attempts[-1].method == "password"
    assert prompts == [r"Choose another\x07", "Longer"]
    assert asked == [
        ("tester", "old"),
        ("tester", "old", "short"),
        ("tester", "old", "longer"),
    ]


@pytest.mark.row("A18")
async def test_expired_password_authenticates_no_client() -> None:
    async def expired(_context: AuthContext, _password: str) -> Result | ChangePassword:
        return ChangePassword()

    authentication = ServerAuthentication(password=expired, new_password=yes)

    await fails(authentication, PasswordCredential("old"))


async def test_demand_of_a_new_password_without_new_password_is_the_functions_fault(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def odd(*_: object) -> ChangePassword:
        return ChangePassword()

    async def change(_prompt: str) -> str:
        return "new"

    with caplog.at_level(logging.ERROR):
        await fails(ServerAuthentication(password=odd), PasswordCredential("old", change))
        await fails(
            ServerAuthentication(none=odd, new_password=yes),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            NoneCredential(),
        )
    assert "new_password is not given" in caplog.text
    assert "the answer is a ChangePassword" in caplog.text


# ------------------------------------------------------------- faults of the functions


def test_functions_that_cannot_be_meant_are_refused() -> None:
    def plain(_context: AuthContext, _password: str) -> Result:
        return Accept()

    for odd in (
        ServerAuthentication(password=plain),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        ServerAuthentication(public_key=True),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        ServerAuthentication(none=yes, algorithms="rsa"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        ServerAuthentication(),
    ):
        with pytest.raises(UsageError):
            odd.check()
    ServerAuthentication(public_key=yes, none=yes).check()


async def test_function_that_is_not_async_rejects_and_its_traceback_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def plain(_context: AuthContext, _password: str) -> Result:
        return Accept()

    with caplog.at_level(logging.ERROR):
        await fails(
            ServerAuthentication(password=plain),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            PasswordCredential("x"),
        )
    (record,) = [each for each in caplog.records if each.exc_info]
    assert record.exc_info is not None
    assert "plain returned Accept: it is not async" in str(record.exc_info[1])


async def test_faults_are_written_to_the_log_of_the_settings(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(*_: object) -> Result:
        raise LookupError

    ends = pair(
        authentication=ServerAuthentication(password=broken),
        log=logging.getLogger("my.server"),
        client={"credentials": [PasswordCredential("x")]},
    )
    with caplog.at_level(logging.ERROR), pytest.raises(AuthenticationFailed):
        await ends.client.establish(ends.dial)
    await ends.server.close()
    assert [record.name for record in caplog.records] == ["my.server"]


async def test_client_is_disconnected_at_the_failures_that_the_settings_allow() -> None:
    ends = pair(
        authentication=ServerAuthentication(password=no),
        auth_limits=AuthLimits(failures=2),
        client={"credentials": [PasswordCredential("x")] * 3},
    )
    with pytest.raises((AuthenticationFailed, PeerDisconnected), match="too many"):
        await ends.client.establish(ends.dial)
    await ends.server.close()
