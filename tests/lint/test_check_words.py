"""The lint of words finds what it refuses, where it is, and nothing else."""

from __future__ import annotations

from pathlib import Path

import check_words
import pytest

REFUSED = {
    "a name": ("def said():\n    return 1\n", "said", 1),
    "a part of a name": ("class NobodyThere:\n    pass\n", "NobodyThere", 1),
    "a parameter": ("x = 1\ndef f(who):\n    return 1\n", "who", 2),
    "an attribute": ("self.tally = 1\n", "tally", 1),
    "a whole name": ("_shown = 1\n", "_shown", 1),
    "a docstring": ('"""A file that is none."""\n', "is none", 1),
    "an article in the name of a test": ("x = 1\ndef test_a_key(): ...\n", "test_a_key", 2),
    "an article in the name of an async test": (
        "class TestKeys:\n    async def test_the_key(self): ...\n",
        "test_the_key",
        2,
    ),
    "an article behind the row of a test": ("def test_t43_an_end(): ...\n", "test_t43_an_end", 1),
    "a later line of a docstring": ('"""First.\n\nThe keys are made anew.\n"""\n', "anew", 3),
    "a message": ('problem = f"{name} is no file"\n', "is no file", 1),
    "a comment": ("x = 1\n# what the peer said\n", "said", 2),
    "a phrase over two lines": ("# the user is let\n# in\n# the key is let in\n", "is let in", 3),
}

FINE = [
    'user = "nobody"\n',
    '"""There is no file, and it is no longer needed; SK stands for security key."""\n',
    "is_shown_twice = 1\n",
    "channel.half_closed = 1\n",
    "if x is None:\n    pass\n",
    "def test_agent_has_a_key(): ...\n",
    "def test_t43_answer_ends(): ...\n",
    "def test_theory(): ...\n",
    "def the_key(): ...\n",
    "module.said()\n",  # a name of somebody else's
]


@pytest.mark.parametrize("case", REFUSED)
def test_refused_word_is_found_with_its_line(case: str, tmp_path: Path) -> None:
    text, word, line = REFUSED[case]
    path = tmp_path / "planted.py"
    path.write_text(text)

    [finding] = check_words.check(path)

    assert (finding.word, finding.line) == (word, line)


@pytest.mark.parametrize("text", FINE)
def test_words_of_the_field_are_not_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "planted.py"
    path.write_text(text)

    assert check_words.check(path) == []


def test_pages_are_checked_as_prose(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("# Title\n\nA connection that stands.\n")

    assert [(each.word, each.line) for each in check_words.check(path)] == [("stands", 3)]
