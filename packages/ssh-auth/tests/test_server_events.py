from __future__ import annotations

from ssh_auth import AnswersReceived, PasswordChangeOffered, PasswordOffered


def test_events_do_not_show_secrets() -> None:
    for event in (
        PasswordOffered(1, "ops", "s3cret"),
        PasswordChangeOffered(1, "ops", "s3cret", "s3cret"),
        AnswersReceived(1, "ops", ("s3cret",), 1),
    ):
        assert "s3cret" not in repr(event)
        assert "ops" in repr(event)
