from __future__ import annotations

from ssh_auth import (
    AuthAttempt,
    AuthProgress,
    NoneCredential,
    OrderedStrategy,
    Outcome,
    PasswordCredential,
    UnusableCredential,
)


def progress(*outcomes: Outcome, listed: tuple[str, ...] | None = None) -> AuthProgress:
    attempts = tuple(AuthAttempt(method="x", outcome=outcome) for outcome in outcomes)
    return AuthProgress(remaining=listed, attempts=attempts)


def test_skipped_credential_is_tried_when_the_server_lists_other_methods() -> None:
    one, two, three = (PasswordCredential(word) for word in ("1", "2", "3"))
    strategy = OrderedStrategy([one, two, three])
    assert strategy.next_credential(progress(listed=("b",))) is one
    history = [Outcome.NOT_OFFERED]
    assert strategy.next_credential(progress(*history, listed=("b",))) is two
    history.append(Outcome.REJECTED)

    assert strategy.next_credential(progress(*history, listed=("a", "b"))) is one
    history.append(Outcome.REJECTED)
    assert strategy.next_credential(progress(*history, listed=("a", "b"))) is three
    history.append(Outcome.REJECTED)
    assert strategy.next_credential(progress(*history, listed=("a",))) is None


def test_credential_given_several_times_is_skipped_once() -> None:
    asked, other = PasswordCredential("1"), PasswordCredential("2")
    strategy = OrderedStrategy([asked, asked, asked, other])
    assert strategy.next_credential(progress(listed=("b",))) is asked

    assert strategy.next_credential(progress(Outcome.NOT_OFFERED, listed=("b",))) is other
    history = [Outcome.NOT_OFFERED, Outcome.REJECTED]
    for _ in range(3):
        assert strategy.next_credential(progress(*history, listed=("a",))) is asked
        history.append(Outcome.REJECTED)
    assert strategy.next_credential(progress(*history, listed=("a",))) is None


def test_unusable_credential_and_probe_are_tried_once() -> None:
    probe, broken = NoneCredential(probe=True), UnusableCredential("publickey", "file k", "no")
    one, two = PasswordCredential("1"), PasswordCredential("2")
    strategy = OrderedStrategy([probe, broken, one, two])
    history: list[Outcome] = []
    for outcome, expected in (
        (Outcome.UNUSABLE, probe),
        (Outcome.UNUSABLE, broken),
        (Outcome.PARTIAL, one),
    ):
        assert strategy.next_credential(progress(*history)) is expected
        history.append(outcome)

    assert strategy.next_credential(progress(*history)) is two


def test_credentials_come_in_the_order_given() -> None:
    one, two = NoneCredential(), NoneCredential()
    strategy = OrderedStrategy([one, two])

    assert strategy.next_credential(progress()) is one
    assert strategy.next_credential(progress(Outcome.REJECTED)) is two
    assert strategy.next_credential(progress(Outcome.REJECTED, Outcome.REJECTED)) is None


def test_other_credentials_are_tried_again_after_a_partial_success() -> None:
    one, two, three = NoneCredential(), NoneCredential(), NoneCredential()
    strategy = OrderedStrategy([one, two, three])
    history = [Outcome.REJECTED, Outcome.PARTIAL]
    strategy.next_credential(progress())
    strategy.next_credential(progress(*history[:1]))

    assert strategy.next_credential(progress(*history)) is one
    history.append(Outcome.REJECTED)
    assert strategy.next_credential(progress(*history)) is three
    history.append(Outcome.PARTIAL)
    assert strategy.next_credential(progress(*history)) is one
    history.append(Outcome.PARTIAL)
    assert strategy.next_credential(progress(*history)) is None
