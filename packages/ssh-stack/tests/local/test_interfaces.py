"""The addresses of the interfaces, and which networks they are in."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_stack.local.interfaces import interface_addresses, is_in_networks, read_networks
from ssh_wire import UsageError


def test_every_address_of_this_machine_is_an_address() -> None:
    found = list(interface_addresses())

    assert "127.0.0.1" in found
    assert all(ipaddress.ip_address(each) for each in found)


@given(st.ip_addresses(), st.data())
def test_address_is_in_every_network_that_it_begins(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, data: st.DataObject
) -> None:
    prefix = data.draw(st.integers(0, address.max_prefixlen))
    network = ipaddress.ip_network((address, prefix), strict=False)

    assert is_in_networks(str(address), read_networks(f"192.0.2.0/32,{network}"))
    other = data.draw(st.ip_addresses(v=address.version))
    assert is_in_networks(str(other), read_networks(str(network))) is (other in network)


def test_address_of_one_link_is_in_no_network() -> None:
    assert not is_in_networks("fe80::1%2", read_networks("fe80::/10,::/0"))


def test_families_are_kept_apart() -> None:
    assert not is_in_networks("0.0.0.1", read_networks("::/0"))
    assert not is_in_networks("::1", read_networks("0.0.0.0/0"))


@pytest.mark.parametrize(
    "text", ["", "eth0", "10.0.0.1/8", "10.0.0.0/", "::1/129", "a,::1", "::1%1"]
)
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is neither an address nor a network"):
        read_networks(text)
