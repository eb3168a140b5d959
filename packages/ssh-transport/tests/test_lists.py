from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_transport.lists import adjusted
from ssh_wire import UsageError

KNOWN = ("a", "ab", "b", "bc", "c@x", "old")
NAMES = ("b", "a", "c@x")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("", NAMES),
        ("a", ("a",)),
        ("old,a,old", ("old", "a")),
        ("a*", ("a", "ab")),
        ("*", KNOWN),
        ("+ab,b", ("b", "a", "c@x", "ab")),
        ("+a?,bc", ("b", "a", "c@x", "ab", "bc")),
        ("^c@x,old", ("c@x", "old", "b", "a")),
        ("-a,zzz", ("b", "c@x")),
        ("-*@x,b*", ("a",)),
        ("-*", ()),
    ],
)
def test_change_replaces_appends_prepends_or_removes_names(
    change: str, expected: tuple[str, ...]
) -> None:
    assert adjusted(NAMES, change, KNOWN) == expected


@pytest.mark.parametrize("change", ["zzz", "+zzz", "^z*", "a,,b", "+", "A", "a, b", "!a"])
def test_change_with_unknown_name_raises_usage_error(change: str) -> None:
    with pytest.raises(UsageError, match="unknown algorithm"):
        adjusted(NAMES, change, KNOWN)


@given(st.text(alphabet="+-^,*?abcx@", max_size=12))
def test_changed_list_has_no_duplicate_or_unknown_name(change: str) -> None:
    try:
        found = adjusted(NAMES, change, KNOWN)
    except UsageError:
        return
    assert len(set(found)) == len(found)
    assert set(found) <= set(KNOWN)
