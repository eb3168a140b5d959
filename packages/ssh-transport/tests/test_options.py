from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import FAST, FAST_OPTIONS
from ssh_transport import ClientTransport, TransportOptions
from ssh_wire import UsageError


@given(st.text(max_size=300))
def test_any_softwareversion_makes_valid_identification_or_is_refused(software: str) -> None:
    options = TransportOptions(algorithms=FAST, software=software)
    try:
        options.check()
    except UsageError:
        return
    assert re.fullmatch(rb"SSH-2\.0-[!-,.-~]{1,245}", options.identification)


@pytest.mark.parametrize("software", ["", "a b", "a-b", "a\n", "é", "x" * 246])
def test_invalid_softwareversion_raises_usage_error(software: str) -> None:
    options = TransportOptions(algorithms=FAST, software=software)
    with pytest.raises(UsageError):
        ClientTransport(options, random=bytes, now=0.0)


def test_longest_softwareversion_is_accepted() -> None:
    TransportOptions(algorithms=FAST, software="x" * 245).check()


@pytest.mark.parametrize("comments", ["Debian-5", "two words", "x" * 233])
def test_comments_follow_softwareversion_behind_space(comments: str) -> None:
    options = TransportOptions(algorithms=FAST, software="software", comments=comments)
    options.check()
    assert options.identification == f"SSH-2.0-software {comments}".encode()


@pytest.mark.parametrize("comments", ["a\n", "a\r\nb", "\0", "é", "x" * 238])
def test_comments_that_make_no_identification_raise_usage_error(comments: str) -> None:
    options = TransportOptions(algorithms=FAST, software="software", comments=comments)
    with pytest.raises(UsageError, match="cannot follow the softwareversion"):
        options.check()


def test_default_options_are_valid() -> None:
    FAST_OPTIONS.check()
    assert FAST_OPTIONS.identification == b"SSH-2.0-ssh_stack_0.1"
    assert FAST_OPTIONS.services == ("ssh-userauth",)
