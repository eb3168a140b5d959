"""Key exchange × host key × cipher × MAC: all that a peer and we have, in both roles.

Without `--product`, a selection in which every two algorithms meet, and 1 MiB a connection;
with it every cell of the product, and 10 MiB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ssh_transport.kex import METHODS
from tests.interop.cells import IMPLICIT, Cell, Extent, product_of, selection
from tests.interop.covering import pairs
from tests.interop.offered import has_kex
from tests.interop.product import ROLES, fault, fixed_group

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.interop.peers import Peer

GOOD = Cell("curve25519-sha256", "ssh-ed25519", "aes256-gcm@openssh.com", IMPLICIT)
OTHER = GOOD._replace(host_key="rsa-sha2-256")


@pytest.fixture(scope="module")
def groups(peer: Peer) -> Generator[None]:
    """What sshd chooses a group from; test_client_algorithms has its own choice tried.

    To prove one of its primes takes our client a second for each cell.
    """
    with fixed_group(peer):
        yield


@pytest.mark.usefixtures("groups")
@pytest.mark.timeout(6 * 3600)  # each connection has a limit of its own
@pytest.mark.parametrize("kex", METHODS)
@pytest.mark.parametrize("role", ROLES)
async def test_product(peer: Peer, role: str, kex: str, extent: Extent) -> None:
    if not has_kex(peer, kex):
        return
    cells = [cell for cell in extent.cells(product_of(peer)) if cell.kex == kex]

    failures = await ROLES[role](peer, cells, extent.size)

    extent.tried[f"{role} of {peer.name}"] += len(cells)
    assert cells
    assert not failures, "\n".join(f"{cell}: {found}" for cell, found in failures.items())


def test_selection_has_every_pair(peer: Peer) -> None:
    product = product_of(peer)
    wanted, met = (
        {pair for cell in cells for pair in pairs(cell)} for cells in (product, selection(product))
    )

    assert wanted == met
    assert ((0, GOOD.kex), (1, "ssh-rsa")) in met
    assert ((2, "3des-cbc"), (3, "hmac-sha1-96")) in met


@pytest.mark.parametrize("role", ROLES)
async def test_failed_cell_is_named_and_the_others_run(peer: Peer, role: str) -> None:
    bad = GOOD._replace(cipher="aes512-gcm")

    failures = await ROLES[role](peer, [OTHER, bad, GOOD], 2**16)

    assert list(failures) == [bad]
    assert str(bad) == "curve25519-sha256 × ssh-ed25519 × aes512-gcm × <implicit>"


@pytest.mark.parametrize(
    ("ways", "completed", "expected"),
    [
        ([GOOD] * 4, 2, ""),
        ([GOOD] * 6, 3, ""),
        ([GOOD] * 2, 1, "1 completed key exchanges"),
        ([GOOD] * 4, 1, "1 completed key exchanges"),
        ([GOOD] * 3 + [OTHER], 2, f"agreed on {OTHER}"),
    ],
)
def test_what_is_found_wrong(ways: list[Cell], completed: int, expected: str) -> None:
    assert fault(GOOD, ways, completed) == expected
