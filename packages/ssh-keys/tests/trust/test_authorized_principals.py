from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_keys import AuthorizedPrincipals
from ssh_keys.trust.authorized_keys import MAX_LINES


def parse(text: str) -> AuthorizedPrincipals:
    return AuthorizedPrincipals.parse(text, "principals", zone=UTC)


def test_principal_is_found_by_its_line() -> None:
    listed = parse("# who\n\n root \r\nops@example.com # a person\n\t#\nroot\n")
    assert not listed.problems
    assert [(each.name, each.line) for each in listed.principals] == [
        ("root", 3),
        ("ops@example.com", 4),
        ("root", 6),
    ]
    assert listed.lookup({"root", "ops@example.com"}) == listed.principals[0]
    assert listed.lookup(["ops@example.com"]) == listed.principals[1]
    assert listed.lookup(()) is None
    assert listed.lookup(["ops"]) is None


def test_byte_order_mark_hides_no_principal() -> None:
    assert [each.name for each in parse("\ufeffroot\nops\n").principals] == ["root", "ops"]


@pytest.mark.row("C16")
def test_options_of_a_principal_are_enforced() -> None:
    listed = parse('command="a b",no-pty\t root\nroot\nexpiry-time="20300101" root')
    assert not listed.problems
    assert listed.lookup(["root"]) is None  # the second line does not stand in for the first
    assert listed.lookup(["root"], ["command"]) is None
    assert listed.lookup(["root"], ["command", "no-pty"]) == listed.principals[0]
    assert listed.principals[0].options.command == "a b"
    assert listed.principals[2].options.expiry_time == 1893456000


@pytest.mark.row("K13")
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("no-pty root ops", "more than one principal"),
        ("no-pty\troot\tops", "more than one principal"),
        ("root ops", "unknown option 'root'"),
        ('command="a # b" root', "a quote is not closed"),
        ('command="a b"', "none"),
        ("cert-authority root", "not an option of a principal"),
        ("ro\0ot", "control character"),
        ("ro\rot", "control character"),
        ("x" * 16_385, "16385 bytes"),
    ],
)
def test_line_without_a_principal_is_a_problem(line: str, reason: str) -> None:
    listed = parse(f"\n{line}\nroot")
    assert [each.line for each in listed.principals] == [3]
    (problem,) = listed.problems
    assert (problem.source, problem.line) == ("principals", 2)
    assert reason in problem.reason


@pytest.mark.row("K13")
def test_number_of_lines_is_bounded() -> None:
    blank = "\n" * (MAX_LINES - 1)
    assert parse(blank + "root").lookup(["root"])
    late = parse(blank + "\nroot\nroot")
    assert not late.lookup(["root"])
    assert [problem.line for problem in late.problems] == [MAX_LINES + 1]


@given(data=st.binary(max_size=200) | st.text(max_size=100))
def test_any_content_is_parsed(data: bytes | str) -> None:
    for each in AuthorizedPrincipals.parse(data).principals:
        assert each.name
        assert " " not in each.name
