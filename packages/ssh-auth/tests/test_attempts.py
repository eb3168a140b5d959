from __future__ import annotations

from ssh_auth import AuthAttempt, Outcome


def test_attempt_is_written_in_one_line() -> None:
    attempt = AuthAttempt(
        method="publickey",
        source="agent",
        fingerprint="SHA256:abc",
        algorithm="rsa-sha2-512",
        outcome=Outcome.SIGNING_FAILED,
        detail="the agent refused",
    )

    assert str(attempt) == (
        "publickey (agent, SHA256:abc, rsa-sha2-512) could not sign: the agent refused"
    )


def test_attempt_leaves_out_unknown_fields() -> None:
    assert str(AuthAttempt(method="none", outcome=Outcome.REJECTED)) == "none rejected"
