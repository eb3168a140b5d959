"""`ssh-stack ssh -G` prints what `ssh -G` of OpenSSH 10.6 and 9.2 prints, keyword by keyword.

Every difference is either one of `explained_options`, which says why, or a failure here.  The
files are those of `configuration_corpus`, and those that hypothesis draws: a sample, or as many
as `SSH_STACK_CONFIGURATIONS` says.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import attrs
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from ssh_stack.config.directives import BLOCKS, DIRECTIVES
from tests.interop import config_files
from tests.interop.config_corpus import FILES, is_for_9_2, write_corpus
from tests.interop.explained_options import (
    LISTS,
    READ_OTHERWISE_BY_9_2,
    REFUSED_BY_9_2,
    REFUSED_HERE,
    REFUSED_THERE,
    SINCE_9_2,
    Defaults,
    has_reason,
    undone,
)
from tests.interop.printed_options import Call, Made, act_as_user, ours, prepare_peer, theirs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interop.peers import Peer

_COUNT: Final = int(os.environ.get("SSH_STACK_CONFIGURATIONS", "120"))
_SEED: Final = 20261130
pytestmark = pytest.mark.timeout(120 + _COUNT)
_NEWEST: Final = "sid"
_OLDER: Final = "bookworm"


@attrs.frozen
class Ground:
    """Two peers with the user, the files and the hosts that are asked about."""

    folder: Path
    home: Path
    peers: dict[str, Peer]
    defaults: dict[str, Defaults]


@pytest.fixture(scope="module")
def ground(peers: dict[str, Peer]) -> Ground:
    folder = peers[_NEWEST].keys.folder / "printed"
    home = folder / "home"
    (home / ".ssh" / "generated").mkdir(parents=True)
    for name, text in config_files.INCLUDED.items():
        (home / ".ssh" / name).write_text(text)
    (folder / "empty").touch()
    chosen = {name: peers[name] for name in (_NEWEST, _OLDER)}
    for peer in chosen.values():
        prepare_peer(peer, home)
    empty = Call(folder / "empty", ("host",))
    defaults = {name: _defaults(peer, empty) for name, peer in chosen.items()}
    return Ground(folder, home, chosen, defaults)


def _defaults(peer: Peer, empty: Call) -> Defaults:
    printed = theirs(peer, [empty])[0].printed
    assert printed is not None
    return {
        keyword: (
            printed[keyword][0].split(","),
            peer.run_client(["ssh", "-Q", query]).stdout.decode().split(),
        )
        for keyword, query in LISTS.items()
    }


@pytest.fixture
def mine(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Callable[[Call], Made]:
    """What we make of a call, as the user of the peers."""

    def make(call: Call) -> Made:
        with monkeypatch.context() as patch:
            act_as_user(patch, ground.home)
            return ours(call)

    return make


@pytest.fixture(scope="module")
def corpus(ground: Ground) -> list[Call]:
    return write_corpus(ground.folder / "corpus", ground.home)


@pytest.fixture(scope="module")
def generated(ground: Ground) -> list[Call]:
    folder = ground.folder / "generated"
    folder.mkdir()
    calls: list[Call] = []
    for number, (text, words) in enumerate(_drawn()):
        file = folder / str(number)
        file.write_bytes(text.encode())
        calls += [Call(file, each) for each in words]
    return calls


def _drawn() -> list[tuple[str, list[tuple[str, ...]]]]:
    """Return the files that hypothesis draws, with their calls: they are compared in one batch."""
    found: list[tuple[str, list[tuple[str, ...]]]] = []
    words = st.lists(config_files.commands(), min_size=2, max_size=3, unique=True)

    @seed(_SEED)
    @settings(
        max_examples=_COUNT,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(config_files.files(), words)
    def draw(text: str, calls: list[tuple[str, ...]]) -> None:
        found.append((text, calls))

    draw()
    return found


def _differences(found: Made, made: Made, defaults: Defaults) -> dict[str, object]:
    """Return what is left of the differences between a peer and us."""
    if found.printed is None or made.printed is None or made.config is None:
        if (found.printed is None) == (made.printed is None):
            return {}
        return {"refused": (found.refusal, made.refusal)}
    left, right = undone(found.printed, made.printed, made.config, defaults)
    return {
        keyword: (left.get(keyword), right.get(keyword))
        for keyword in {*left, *right}
        if left.get(keyword) != right.get(keyword)
    }


def _described(call: Call, differences: dict[str, object]) -> str:
    lines = [call.file.read_text(), f"words {call.words}"]
    return "\n".join([*lines, *(f"{key}: {values}" for key, values in differences.items())])


def _compare_with_newest(
    calls: Sequence[Call], ground: Ground, mine: Callable[[Call], Made]
) -> list[str]:
    unexplained: list[str] = []
    for call, found in zip(calls, theirs(ground.peers[_NEWEST], calls), strict=True):
        made = mine(call)
        differences = _differences(found, made, ground.defaults[_NEWEST])
        if "refused" in differences:
            reasons = REFUSED_HERE if made.refusal else REFUSED_THERE
            if has_reason(made.refusal or found.refusal, reasons):
                continue
        if differences:
            unexplained.append(_described(call, differences))
    return unexplained


def _compare_with_older(
    calls: Sequence[Call], ground: Ground, mine: Callable[[Call], Made]
) -> list[str]:
    """Return the differences with 9.2, but those that have come with a newer version."""
    unexplained: list[str] = []
    reasons = {**REFUSED_BY_9_2, **REFUSED_THERE}
    newer = theirs(ground.peers[_NEWEST], calls)
    for call, found, new in zip(calls, theirs(ground.peers[_OLDER], calls), newer, strict=True):
        if has_reason(call.file.read_text(), READ_OTHERWISE_BY_9_2):
            continue
        made = mine(call)
        differences = _differences(found, made, ground.defaults[_OLDER])
        if "refused" in differences:
            if made.refusal and (new.printed is None or has_reason(made.refusal, REFUSED_HERE)):
                continue  # the newest decides
            if not made.refusal and has_reason(found.refusal, reasons):
                continue
        left = {each: values for each, values in differences.items() if each not in SINCE_9_2}
        if left:
            unexplained.append(_described(call, left))
    return unexplained


def test_corpus_means_the_same_to_newest_openssh(
    corpus: list[Call], ground: Ground, mine: Callable[[Call], Made]
) -> None:
    unexplained = _compare_with_newest(corpus, ground, mine)

    assert not unexplained, "\n\n".join(unexplained[:20])


def test_corpus_means_the_same_to_older_openssh_but_for_what_is_newer(
    corpus: list[Call], ground: Ground, mine: Callable[[Call], Made]
) -> None:
    calls = list(filter(is_for_9_2, corpus))

    assert len(calls) > len(corpus) * 9 // 10
    unexplained = _compare_with_older(calls, ground, mine)

    assert not unexplained, "\n\n".join(unexplained[:20])


def test_generated_files_mean_the_same_to_newest_openssh(
    generated: list[Call], ground: Ground, mine: Callable[[Call], Made]
) -> None:
    unexplained = _compare_with_newest(generated, ground, mine)

    assert not unexplained, "\n\n".join(unexplained[:20])


def test_generated_files_mean_the_same_to_older_openssh_but_for_what_is_newer(
    generated: list[Call], ground: Ground, mine: Callable[[Call], Made]
) -> None:
    unexplained = _compare_with_older(generated, ground, mine)

    assert not unexplained, "\n\n".join(unexplained[:20])


def test_options_are_printed_in_order_of_newest_openssh(
    ground: Ground, mine: Callable[[Call], Made]
) -> None:
    call = Call(ground.folder / "empty", ("host",))
    found, made = theirs(ground.peers[_NEWEST], [call])[0], mine(call)

    assert found.printed is not None
    assert made.printed is not None
    assert list(made.printed) == list(found.printed)


def test_corpus_has_files_that_are_taken_and_files_that_are_refused(
    corpus: list[Call], mine: Callable[[Call], Made]
) -> None:
    refused = sum(mine(call).printed is None for call in corpus)

    assert len(FILES) >= 60
    assert len(corpus) // 8 < refused < len(corpus) // 2


def test_generated_files_are_taken_for_the_greater_part(
    generated: list[Call], mine: Callable[[Call], Made]
) -> None:
    taken = sum(mine(call).printed is not None for call in generated)

    assert len(generated) // 2 < taken < len(generated)


def test_every_keyword_and_word_of_match_can_be_drawn() -> None:
    # those of GSSAPI alone that every build takes, and one name of what OpenSSH ignores
    left_out = re.compile(r"gssapi(client|kex|keyex|renew|server|trust)|.*2$|fallback|kerberos")
    drawn = {keyword.lower() for keyword in config_files.KEYWORDS}
    missing = [
        name
        for name, row in DIRECTIVES.items()
        if name not in drawn and row.status != "ignored" and not left_out.match(name)
    ]

    assert missing == []
    assert {"host", "include", "match"} == BLOCKS
    words = (
        *("all", "canonical", "final", "command", "exec", "host", "localnetwork", "localuser"),
        *("originalhost", "sessiontype", "tagged", "user", "version"),
    )
    assert set(words) < config_files.MATCH.keys()
