"""Links that stay within their tree."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_sftp.client.link_targets import stays_within

DIRECTORIES = ("", "d", "d/e")
COMPONENTS = st.sampled_from(("..", ".", "d", "e", "1", "2", ""))
LINKS = st.dictionaries(
    st.tuples(st.sampled_from(DIRECTORIES), st.sampled_from(("1", "2"))),
    st.lists(COMPONENTS, min_size=1, max_size=5).map("/".join),
    max_size=6,
)


@pytest.mark.parametrize(
    ("path", "target"),
    [("l", "a"), ("l", "a/b/"), ("l", "."), ("l", "./a"), ("d/l", ".."), ("d/e/l", "../../x")],
)
def test_link_to_a_place_below_the_top_stays_within(path: str, target: str) -> None:
    assert stays_within(path, target)


@pytest.mark.row("F08")
@pytest.mark.parametrize(
    ("path", "target"),
    [
        *(("l", each) for each in ("", "/", "/etc/passwd", "..", "../x", "./..", "a\0b")),
        *(("d/l", each) for each in ("../..", "../../x", ".././..", "x/../..")),
        ("l", "d/.."),  # d may be a link
        ("d/l", "../other/../x"),
    ],
)
def test_link_that_may_lead_out_is_refused(path: str, target: str) -> None:
    assert not stays_within(path, target)


@pytest.mark.row("F08")
@settings(max_examples=150)
@given(LINKS)
def test_links_that_pass_lead_nowhere_outside_on_a_disk(links: dict[tuple[str, str], str]) -> None:
    """Links of links too, as the kernel follows them."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder).resolve() / "top"
        (top / "d" / "e").mkdir(parents=True)
        for (directory, name), target in links.items():
            path = f"{directory}/{name}".lstrip("/")
            if stays_within(path, target):
                (top / path).symlink_to(target)
        for each in top.rglob("*"):
            try:
                found = os.path.realpath(each, strict=True)
            except OSError:  # it leads to itself, or to nothing
                continue
            assert found == str(top) or found.startswith(f"{top}/")
