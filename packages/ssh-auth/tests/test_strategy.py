from __future__ import annotations

from ssh_auth import AuthAttempt, AuthProgress, InOrder, NoneCredential, Outcome


def progress(*outcomes: Outcome) -> AuthProgress:
    attempts = tuple(AuthAttempt(method="x", outcome=outcome) for outcome in outcomes)
    return AuthProgress(remaining=None, attempts=attempts)


def test_credentials_come_in_the_order_given() -> None:
    one, two = NoneCredential(), NoneCredential()
    strategy = InOrder([one, two])

    assert strategy.next_credential(progress()) is one
    assert strategy.next_credential(progress(Outcome.REJECTED)) is two
    assert strategy.next_credential(progress(Outcome.REJECTED, Outcome.REJECTED)) is None


def test_after_a_partial_success_the_others_get_another_chance() -> None:
    one, two, three = NoneCredential(), NoneCredential(), NoneCredential()
    strategy = InOrder([one, two, three])
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
