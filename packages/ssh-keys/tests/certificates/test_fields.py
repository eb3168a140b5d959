from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import KeyFormatError, PrivateKey
from ssh_keys.certificates.fields import (
    checked_text,
    encode_options,
    encode_principals,
    encode_role,
    read_addresses,
    read_command,
    read_options,
    read_principals,
    read_role,
    take_key,
)
from ssh_wire import WireError
from ssh_wire.primitives import string


def test_key_is_taken_from_the_fields_of_a_certificate(signing: PrivateKey) -> None:
    public = signing.public_key
    fields = public.blob[4 + len(public.kind) :]
    blob, end = take_key(public.kind, b"before" + fields + b"behind", 6)
    assert blob == public.blob
    assert end == 6 + len(fields)
    for size in range(len(fields)):
        with pytest.raises(WireError):
            take_key(public.kind, fields[:size], 0)


def test_numbers_of_roles_are_decoded_and_encoded() -> None:
    assert read_role(encode_role("user")) == "user"
    assert read_role(encode_role("host")) == "host"
    assert (encode_role("user"), encode_role("host")) == (1, 2)
    with pytest.raises(KeyFormatError, match="type 3 is neither"):
        read_role(3)


@pytest.mark.row("K07")
def test_principal_with_a_comma_is_one_principal() -> None:
    packed = encode_principals(("a,b", "c", "", "\udcff"))
    assert read_principals(packed) == ("a,b", "c", "", "\udcff")
    assert read_principals(b"") == ()


def test_options_are_ordered_by_their_bytes() -> None:
    packed = encode_options({"é": b"3", "a": b"2", "B": b"1"})
    assert list(read_options(packed, "option").items()) == [("B", b"1"), ("a", b"2"), ("é", b"3")]


def test_unordered_options_are_read() -> None:
    packed = string("b") + string(b"1") + string("a") + string(b"2")
    assert read_options(packed, "option") == {"b": b"1", "a": b"2"}


@pytest.mark.row("K07")
@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "192.0.2.1,",
        "192.0.2.1/24",
        "192.0.2.0/33",
        "192.0.2.0/",
        "192.0.2.0/255.255.255.0",
        "192.0.2.0/-1",
        "192.0.2.0/24/24",
        "192.0.2.0 /24",
        " 192.0.2.0/24",
        "!192.0.2.0/24",
        "192.0.2",
        "192.0.2.*",
        "192.0.2.01",
        "host.example.com",
        "2001:db8::1/32",
        "fe80::1%eth0",
        "::/129",
        "3232235521",
    ],
)
def test_malformed_network_is_refused(text: str) -> None:
    with pytest.raises(KeyFormatError, match="is not a network"):
        read_addresses(string(text))


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("192.0.2.1", ["192.0.2.1/32"]),
        ("192.0.2.0/24,2001:DB8::/32", ["192.0.2.0/24", "2001:db8::/32"]),
        ("0.0.0.0/0,::/0", ["0.0.0.0/0", "::/0"]),
    ],
)
def test_networks_of_a_source_address_are_decoded(text: str, networks: list[str]) -> None:
    assert [str(network) for network in read_addresses(string(text))] == networks


@pytest.mark.parametrize("data", [b"", b"\0\0\0\5ls", string("ls") + b"\0"])
def test_value_of_an_option_is_one_string(data: bytes) -> None:
    for read in (read_command, read_addresses):
        with pytest.raises(WireError):
            read(data)
    assert read_command(string("ls -l")) == "ls -l"


def test_text_with_a_nul_is_refused() -> None:
    assert checked_text("text", "key id") == "text"
    with pytest.raises(KeyFormatError, match="the key id of the certificate holds a NUL"):
        checked_text("a\0b", "key id")


@given(data=st.binary(max_size=64))
@settings(deadline=None, max_examples=500)
def test_any_field_is_decoded_or_refused(data: bytes) -> None:
    with contextlib.suppress(WireError, KeyFormatError):
        assert encode_principals(read_principals(data)) == data
    with contextlib.suppress(WireError, KeyFormatError):
        options = read_options(data, "option")
        assert len(encode_options(options)) == len(data)
    for read in (read_command, read_addresses):
        with contextlib.suppress(WireError, KeyFormatError):
            read(data)
