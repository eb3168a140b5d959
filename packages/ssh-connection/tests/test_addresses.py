"""Addresses of forwards."""

from __future__ import annotations

from typing import Any

import pytest

from ssh_connection.addresses import format_address, is_port, parse_address
from ssh_wire import UsageError


@pytest.mark.parametrize(
    ("number", "port"), [(0, False), (1, True), (65535, True), (65536, False)]
)
def test_port_is_a_number_of_sixteen_bits_above_zero(number: int, *, port: bool) -> None:
    assert is_port(number) is port


@pytest.mark.parametrize(
    ("host", "port", "text"),
    [("example.org", 22, "example.org:22"), ("::1", 22, "[::1]:22"), ("", 0, ":0")],
)
def test_address_is_read_as_it_was_written(host: str, port: int, text: str) -> None:
    assert format_address(host, port) == text
    assert parse_address(text) == (host, port)


@pytest.mark.parametrize("port", [8080, "8080", 0])
def test_port_alone_is_a_port_of_localhost(port: int | str) -> None:
    assert parse_address(port) == ("localhost", int(port))


def test_host_without_a_port_says_what_is_missing() -> None:
    with pytest.raises(UsageError, match=r"is not host:port: do you mean db\.internal:PORT\?"):
        parse_address("db.internal")


def test_pair_of_host_and_port_is_taken_as_it_is() -> None:
    assert parse_address(("host", 22)) == ("host", 22)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "host",
        "host:",
        "host:ssh",
        "host:٢",
        "::1:22",
        "host:65536",
        "host:-1",
        None,
        1.5,
        True,
        ("a",),
        ("a", "22"),
        (b"a", 22),
        -1,
        65536,
    ],
)
def test_text_that_is_not_an_address_is_refused(text: Any) -> None:
    with pytest.raises(UsageError, match="is "):
        parse_address(text)


def test_pair_with_a_port_out_of_range_is_refused() -> None:
    with pytest.raises(UsageError, match="70000 is not a port"):
        parse_address(("host", 70000))
