from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp.client.extents import Extents, Range, after, samples, sparse, whole

SIZES = st.integers(0, 1 << 24)
MIB = 1024 * 1024


def blocks(ranges: list[Range], most: int = 1000) -> list[tuple[int, int]]:
    extents = Extents(ranges)
    found: list[tuple[int, int]] = []
    while not extents.exhausted:
        found.append(extents.take(most))
    return found


@given(size=st.integers(0, 100_000), most=st.integers(1, 50_000))
def test_blocks_of_a_whole_file_follow_each_other(size: int, most: int) -> None:
    reached = 0
    for offset, length in blocks(list(whole(size)), most):
        assert offset == reached
        assert 0 < length <= most
        reached += length
    assert reached == size


@given(size=st.integers(0, 100_000), begun=st.integers(0, 120_000))
def test_rest_of_a_file_begins_where_the_transfer_stopped(size: int, begun: int) -> None:
    left = list(after(whole(size), begun))

    assert left == ([(begun, size)] if begun < size else [])


RANGES = st.lists(st.integers(0, 5_000), max_size=20).map(sorted)


@given(cuts=RANGES, size=st.integers(0, 5_000), begun=st.integers(0, 5_000))
def test_sparse_file_keeps_its_data_and_its_size(cuts: list[int], size: int, begun: int) -> None:
    """Data lies between each even cut and the odd one behind it."""
    pairs: list[Range] = list(zip(cuts[::2], cuts[1::2], strict=False))
    found = list(after(sparse(pairs, size), begun))
    covered = {byte for start, end in found for byte in range(start, end or 0)}
    data = {byte for start, end in pairs for byte in range(start, min(end or 0, size))}

    assert {byte for byte in data if byte >= begun} <= covered
    assert all(begun <= byte < size for byte in covered)
    if size > begun:
        assert size - 1 in covered
    assert len(covered) <= len(data) + 1


def test_sparse_range_without_an_end_reaches_to_the_size() -> None:
    assert list(sparse([(3, None)], 10)) == [(3, 10)]


@given(size=SIZES)
def test_samples_are_in_the_file_and_have_its_first_and_last_byte(size: int) -> None:
    found = list(samples(size))
    starts = [start for start, _ in found]

    assert starts == sorted(starts)
    assert all(end is not None and 0 <= start < end <= size for start, end in found)
    if size:
        assert found[0][0] == 0
        assert found[-1][1] == size
    if size > 4 * MIB:
        assert sum((end or 0) - start for start, end in found) < 4 * MIB
    else:
        assert found == list(whole(size))


def test_range_without_an_end_gives_blocks_until_the_end_is_known() -> None:
    extents = Extents([(5, None)])

    assert extents.is_open_ended
    assert [extents.take(10), extents.take(10)] == [(5, 10), (15, 10)]
    assert not extents.exhausted
    extents.end_at(60)
    assert not extents.is_open_ended
    assert not extents.exhausted
    extents.end_at(25)
    assert extents.exhausted


def test_earliest_end_counts() -> None:
    extents = Extents([(0, None)])
    extents.take(10)
    extents.end_at(5)
    extents.end_at(8)

    assert extents.exhausted
