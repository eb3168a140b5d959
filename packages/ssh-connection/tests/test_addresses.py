"""Addresses of forwards."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from ssh_connection.addresses import (
    Address,
    TCPAddress,
    UnixAddress,
    format_address,
    is_port,
    parse_address,
    parse_tcp_address,
)
from ssh_wire import UsageError


class BytesPath:
    def __fspath__(self) -> bytes:
        return b"/run/app.sock"


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
    assert parse_address(text) == TCPAddress(host, port)


@pytest.mark.parametrize("port", [8080, "8080", 0])
def test_port_alone_is_a_port_of_localhost(port: int | str) -> None:
    assert parse_address(port) == TCPAddress("localhost", int(port))


def test_host_without_a_port_says_what_is_missing() -> None:
    with pytest.raises(UsageError, match=r"is not host:port: do you mean db\.internal:PORT\?"):
        parse_address("db.internal")


def test_pair_of_host_and_port_is_taken_as_it_is() -> None:
    assert parse_address(("host", 22)) == TCPAddress("host", 22)


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("/run/app.sock", "/run/app.sock"),
        ("/run/a:80", "/run/a:80"),
        (Path("app.sock"), "app.sock"),
        (PurePosixPath("/run/app.sock"), "/run/app.sock"),
    ],
)
def test_path_is_a_unix_socket(written: str | Path, path: str) -> None:
    assert parse_address(written) == UnixAddress(path)


@pytest.mark.parametrize("address", [TCPAddress("::1", 22), UnixAddress("socket")])
def test_address_is_taken_as_it_is(address: Address) -> None:
    assert parse_address(address) == address


@pytest.mark.parametrize("path", ["/run/a\0b", UnixAddress(""), UnixAddress("a\0"), BytesPath()])
def test_path_that_no_socket_can_have_is_refused(path: Any) -> None:
    with pytest.raises(UsageError, match="is not the path of a Unix socket"):
        parse_address(path)


@pytest.mark.parametrize("path", ["/run/app.sock", Path("app.sock"), UnixAddress("socket")])
def test_path_is_refused_where_a_port_is_needed(path: str | Path | UnixAddress) -> None:
    with pytest.raises(UsageError, match="is not host:port"):
        parse_tcp_address(path)
    assert parse_tcp_address(22) == TCPAddress("localhost", 22)


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (TCPAddress("::1", 22), "[::1]:22"),
        (TCPAddress("", 80), "*:80"),
        (UnixAddress("/run/app.sock"), "/run/app.sock"),
    ],
)
def test_text_of_address_is_what_people_write(address: Address, text: str) -> None:
    assert str(address) == text


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
        TCPAddress("host", 65536),
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
