from __future__ import annotations

from pathlib import Path

import pytest

from add_harness import Add
from ssh_agent import DestinationConstraint, DestinationKey, Hop
from ssh_keys import PrivateKey
from ssh_keys.files import write_private_key
from ssh_stack.cli.add.destinations import parse_destinations
from ssh_stack.cli.add.options import parse_options
from ssh_stack.cli.command_exit import CommandExit

ONE, TWO, AUTHORITY, OLD = (PrivateKey.generate("ed25519").public_key for _ in range(4))


@pytest.fixture
def known(tmp_path: Path) -> str:
    lines = [
        f"one {ONE.to_openssh()}",
        f"@cert-authority one,two {AUTHORITY.to_openssh()}",
        f"two,[three]:2222 {TWO.to_openssh()}",
        f"@revoked one {OLD.to_openssh()}",
    ]
    path = tmp_path / "known"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def parse(known: str, *texts: str) -> tuple[DestinationConstraint, ...]:
    words = ["-H", known, *(word for text in texts for word in ("-h", text))]
    return parse_destinations(parse_options(words, {}))


HOP_ONE = Hop("one", (DestinationKey(ONE), DestinationKey(AUTHORITY, is_ca=True)))
HOP_TWO = Hop("two", (DestinationKey(TWO), DestinationKey(AUTHORITY, is_ca=True)))


def test_hosts_have_keys_and_authorities_of_known_hosts(known: str) -> None:
    assert parse(known, "one", "one>two") == (
        DestinationConstraint(HOP_ONE),
        DestinationConstraint(HOP_TWO, HOP_ONE),
    )


def test_name_before_last_at_sign_is_user(known: str) -> None:
    (found,) = parse(known, "me@there@two")

    assert found.target == Hop("two", HOP_TWO.keys, "me@there")


@pytest.mark.parametrize(("text", "host"), [("[one]", "one"), ("[three]:2222", "[three]:2222")])
def test_brackets_without_port_are_taken_off(known: str, text: str, host: str) -> None:
    (found,) = parse(known, text)

    assert found.target.host == host


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nowhere", 'No host keys found for destination "nowhere"'),
        ("nowhere>one", "No host keys found"),
        ("me@one>two", "cannot specify user on 'from' host"),
        ("me@", "does not specify a host"),
        ("one>", "does not specify a host"),
        ("", "does not specify a host"),
    ],
)
def test_constraint_without_keys_ends_program(known: str, text: str, problem: str) -> None:
    with pytest.raises(CommandExit, match=problem):
        parse(known, text)


def test_no_constraint_reads_no_file() -> None:
    assert parse_destinations(parse_options(["key"], {})) == ()


def test_key_is_added_with_its_constraint(add: Add, known: str) -> None:
    write_private_key(add.folder / "key", PrivateKey.generate("ed25519"))

    assert add.run("-H", known, "-h", "one", "key").status == 0
    assert len(add.held()) == 1
    wrong = add.run("-H", known, "-h", "four", "key")
    assert (wrong.status, wrong.err) == (255, 'No host keys found for destination "four"\n')


def test_hosts_are_looked_for_in_usual_files_and_in_all_of_several(
    add: Add, tmp_path: Path
) -> None:
    write_private_key(add.folder / "key", PrivateKey.generate("ed25519"))
    usual = Path.home() / ".ssh" / "known_hosts"
    usual.parent.mkdir(exist_ok=True)
    usual.write_text(f"usual {ONE.to_openssh()}\n")
    for name, key in (("first", ONE), ("second", TWO)):
        (tmp_path / name).write_text(f"{name} {key.to_openssh()}\n")
    several = ("-H", str(tmp_path / "first"), "-H", str(tmp_path / "second"))

    assert add.run("-h", "usual", "-t", "8h", "key").status == 0
    assert add.run(*several, "-h", "first>second", "key").status == 0
    assert add.run(*several, "-h", "usual", "key").status == 255
