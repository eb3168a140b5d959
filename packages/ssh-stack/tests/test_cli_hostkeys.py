"""The warnings about host keys, and what the library logs, on standard error."""

from __future__ import annotations

import logging
from collections.abc import Generator

import pytest

from ssh_keys import PrivateKey
from ssh_stack.cli.hostkeys import banner, follow
from ssh_stack.cli.report import Report
from ssh_stack.errors import (
    HostCertificateRefused,
    HostKeyChanged,
    HostKeyError,
    HostKeyRevoked,
    HostKeyUnknown,
)

KEY = PrivateKey.generate("ed25519").public_key
LOG = logging.getLogger("ssh_stack")


@pytest.fixture(autouse=True)
def as_before() -> Generator[None]:
    before = (LOG.handlers[:], LOG.level, LOG.propagate)
    yield
    LOG.handlers[:], LOG.level, LOG.propagate = before


@pytest.mark.parametrize(
    ("error", "title"),
    [
        (HostKeyChanged("web1", 22, KEY), "WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!"),
        (HostKeyRevoked("web1", 22, KEY), "WARNING: REVOKED HOST KEY DETECTED!"),
    ],
)
def test_the_warning_is_framed_as_that_of_ssh(error: HostKeyError, title: str) -> None:
    first, second, third, *_ = banner(error).split("\n")
    assert first == third == "@" * 59
    assert title in second
    assert len(second) == len(first)


def test_other_errors_have_none() -> None:
    unknown = HostKeyUnknown("web1", 22, KEY)
    refused = HostCertificateRefused("web1", 22, KEY, "it has expired")
    assert [banner(each) for each in (unknown, refused, OSError("x"))] == ["", "", ""]


def test_what_is_logged_is_told_once_and_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    follow(Report(quiet=True))
    follow(Report())  # a second connection of the same command
    LOG.info("Permanently added 'a' (ssh-ed25519) to the list of known hosts (f)")
    LOG.warning("odd\n\x1b[2J")
    LOG.debug("not told")
    assert capsys.readouterr().err == (
        "Warning: Permanently added 'a' (ssh-ed25519) to the list of known hosts (f)\n"
        "ssh-stack: odd\\x0a\\x1b[2J\n"
    )


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    follow(Report(quiet=True))
    error = HostKeyChanged("web1", 22, KEY)
    LOG.warning("%s", error, extra={"host_key_error": error})
    LOG.info("remembered")
    assert capsys.readouterr().err == ""


def test_the_level_error_tells_what_is_an_error_to_ssh(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = Report()
    follow(report)
    report.obey("ERROR")
    error = HostKeyChanged("web1", 22, KEY)
    LOG.warning("%s", error, extra={"host_key_error": error})
    LOG.info("remembered")
    told = capsys.readouterr().err
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in told
    assert "the host key of web1 has changed" in told
    assert "remembered" not in told
