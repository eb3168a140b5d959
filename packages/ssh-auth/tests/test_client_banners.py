from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_auth import AuthLimits
from ssh_auth.client.banners import Banners
from ssh_wire.messages.auth import UserauthBanner

MARK = "…\n[the banner is cut after {} bytes]\n"


def banner(text: str) -> UserauthBanner:
    return UserauthBanner(message=text)


def test_banner_within_the_bound_is_whole() -> None:
    banners = Banners(AuthLimits(banner_bytes=5))
    assert banners.take(banner("12345"), 20) == "12345"
    assert banners.take(banner(""), 20) == ""
    assert banners.take(banner("6"), 20) == MARK.format(5)
    assert banners.take(banner("7"), 20) is None


def test_several_banners_are_bounded_together() -> None:
    banners = Banners(AuthLimits(banner_bytes=10))
    assert banners.take(banner("1234567"), 20) == "1234567"
    assert banners.take(banner("89abcd"), 20) == "89a" + MARK.format(10)
    assert banners.take(banner("e"), 20) is None


@pytest.mark.parametrize(("bound", "kept"), [(1, "a"), (2, "a"), (3, "aü"), (5, "aü"), (6, "aü€")])
def test_banner_is_cut_between_two_characters(bound: int, kept: str) -> None:
    banners = Banners(AuthLimits(banner_bytes=bound))
    assert banners.take(banner("aü€z"), 20) == kept + MARK.format(bound)


def test_kept_part_of_a_banner_is_escaped() -> None:
    banners = Banners(AuthLimits(banner_bytes=3))
    assert banners.take(banner("\x1b[2J"), 20) == "\\x1b[2" + MARK.format(3)


def test_endless_banners_are_noticed_where_nothing_is_reported() -> None:
    banners = Banners(AuthLimits(banner_bytes=1, banner_flood_bytes=100))
    for _ in range(4):
        banners.take(banner("text"), 25)
    assert not banners.endless
    banners.take(banner("text"), 1)
    assert banners.endless


@given(
    texts=st.lists(st.text(st.characters(), max_size=30), max_size=8),
    bound=st.integers(0, 60),
)
def test_reported_banners_are_a_prefix_of_those_sent(texts: list[str], bound: int) -> None:
    banners = Banners(AuthLimits(banner_bytes=bound))
    plain = [text.encode("utf-8", "replace").decode() for text in texts]
    reported = [banners.take(banner(text), 9) for text in plain]
    cut = [text for text in reported if text is not None and text.endswith(MARK.format(bound))]
    size = sum(len(text.encode()) for text in plain)
    assert len(cut) == (size > bound)
    assert (None in reported) <= bool(cut)
