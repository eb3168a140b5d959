"""Write the pages of `docs/reference` that are drawn from the tables of the code.

With --check they are only compared.

directives.md   the keywords of ssh_config, and what becomes of each
algorithms.md   what each profile offers
ssh-letters.md  the letters of `ssh-stack ssh`
states.md       which message may arrive in which state
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final, TypeAlias, cast

from ssh_auth.client.methods.table import LEGAL as CLIENT_LEGAL
from ssh_auth.server.methods import LEGAL as SERVER_LEGAL
from ssh_connection.states import ACCEPTED
from ssh_stack.cli.escapes import EscapeAction, key_of
from ssh_stack.cli.ssh_letters import LETTERS, SECTIONS
from ssh_stack.config.directive import Directive, Status
from ssh_stack.config.directives import ALIASES, BLOCKS, DIRECTIVES
from ssh_transport import profiles
from ssh_transport.algorithms import Profile, Role
from ssh_transport.states import Action, TransportState, row_of
from ssh_wire import Message, MessageSet
from ssh_wire.numbers import MessageNumber

FOLDER: Final = Path(__file__).parents[1] / "docs" / "reference"
NOTE: Final = "% Written by tools/draw_tables.py from the code; do not edit."
ROLES: Final[tuple[Role, ...]] = ("client", "server")
PROFILES: Final[tuple[Profile, ...]] = ("strict", "default", "legacy")
LISTS: Final = {
    "kex": "Key exchange",
    "host_keys": "Host keys",
    "ciphers": "Ciphers",
    "macs": "MACs",
    "compression": "Compression",
}

_Offered: TypeAlias = Mapping[tuple[Profile, Role], tuple[str, ...]]


def main() -> int:
    """Write the pages that changed, or return 1 if any would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, compare")
    check: bool = parser.parse_args().check
    stale = [name for name, text in pages().items() if _present(name) != text]
    for name in stale:
        if check:
            print(f"docs/reference/{name} is not up to date: run python tools/draw_tables.py")
        else:
            (FOLDER / name).write_text(pages()[name])
    return int(check and bool(stale))


def pages() -> dict[str, str]:
    """Return each page by its file's name."""
    drawn: dict[str, Callable[[], Iterator[str]]] = {
        "directives.md": _directives,
        "algorithms.md": _algorithms,
        "ssh-letters.md": _ssh_letters,
        "states.md": _states,
    }
    return {name: "\n".join([NOTE, "", *lines(), ""]) for name, lines in drawn.items()}


def _present(name: str) -> str:
    path = FOLDER / name
    return path.read_text() if path.exists() else ""


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    cells = list(head)
    yield ""
    yield f"| {' | '.join(cells)} |"
    yield f"|{'---|' * len(cells)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _directives() -> Iterator[str]:
    rows = sorted(DIRECTIVES.values(), key=lambda row: row.name.lower())
    yield "# Keywords of ssh_config"
    yield ""
    yield "Every keyword that OpenSSH 8.4 to 10.6 know, those of Debian and Red Hat included. Each"
    yield "is read as OpenSSH reads it, a bad value is an error, and `HostConfig` has its value."
    yield ""
    yield from _statuses(rows)
    yield ""
    yield '"Since" is the version of ssh-stack that has known the keyword with this meaning.'
    yield from _table(
        ("keyword", "applies to", "status", "since", "remark"),
        ((f"`{row.name}`", row.applies_to, row.status, row.since, _remark(row)) for row in rows),
    )
    yield ""
    yield "## Other names"
    yield from _table(
        ("other name, in lower case", "keyword"),
        ((f"`{alias}`", f"`{DIRECTIVES[name].name}`") for alias, name in sorted(ALIASES.items())),
    )
    yield ""
    blocks = ", ".join(f"`{name.capitalize()}`" for name in sorted(BLOCKS))
    yield f"{blocks} choose the hosts that the other keywords apply to."


def _statuses(rows: list[Directive]) -> Iterator[str]:
    """Explain each status, with the number of keywords that have it."""
    meanings: dict[Status, str] = {
        "honoured": "does what ssh_config(5) describes",
        "later": "is kept; a value that asks for more is reported by one line",
        "refused": "restricts or protects: no connection is made with a value that asks for it",
        "never": "has no effect here, for the reason in the table",
        "ignored": "has no effect in OpenSSH either",
    }
    for status, meaning in meanings.items():
        count = sum(row.status == status for row in rows)
        yield f"- **{status}** ({count}): it {meaning}."


def _remark(row: Directive) -> str:
    if row.status not in {"later", "refused"}:
        return row.reason
    if row.neutral is None:
        return f"{row.reason}; not reported: it only refines other keywords"
    words = [f"`{_word(value)}`" for value in row.neutral]
    return f"{row.reason}; not reported: {', '.join(words)}" if words else row.reason


def _word(value: object) -> str:
    """Return a value of `Directive.neutral` as a configuration has it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        found = cast("tuple[object, ...]", value)
        return _word(found[0]) if found and found[0] is not None else "none"
    return str(value) or "none"


def _algorithms() -> Iterator[str]:
    yield "# Algorithms"
    yield ""
    yield "What each profile offers, in this order: the first name of the client that the server"
    yield "has too is used (RFC 4253 section 7.1). `connect` and `serve` take the name of a"
    yield "profile, or an `Algorithms` object, as `algorithms=`."
    for field, title in LISTS.items():
        offered: _Offered = {
            (p, r): getattr(profiles(p, r), field) for p in PROFILES for r in ROLES
        }
        names = dict.fromkeys(name for each in offered.values() for name in each)
        yield ""
        yield f"## {title}"
        yield from _table(
            ("name", *PROFILES),
            (
                (f"`{name}`", *(_offered_by(offered, profile, name) for profile in PROFILES))
                for name in names
            ),
        )


def _offered_by(offered: _Offered, profile: Profile, name: str) -> str:
    roles = [role for role in ROLES if name in offered[profile, role]]
    return "yes" if len(roles) == len(ROLES) else " ".join(roles)


def _ssh_letters() -> Iterator[str]:
    yield "# The letters of ssh"
    yield ""
    yield "What `ssh-stack ssh` does with each letter of ssh(1) of OpenSSH 10.6."
    yield "Where a letter becomes a line of configuration, `-G` prints it."
    for section in (*SECTIONS, ""):
        yield ""
        yield f"## {section or 'Versions of the protocol'}"
        rows = [row for row in LETTERS.values() if row.section == section]
        yield from _table(
            ("letter", "what it does", "becomes"),
            ((f"`{f'-{row.name} {row.value}'.rstrip()}`", row.help, row.becomes) for row in rows),
        )
    yield ""
    yield "## Escape sequences"
    yield ""
    yield "At the start of a line in a session with a terminal; `-e` chooses another character."
    yield from _table(
        ("keys", "what they ask for"),
        [*((f"`~{key_of(each)}`", each.value) for each in EscapeAction), ("`~~`", "send one `~`")],
    )


def _states() -> Iterator[str]:
    yield "# States and messages"
    yield ""
    yield "Which message may arrive in which state is data. What a table does not name is a"
    yield "protocol error, and ends the connection."
    yield ""
    yield "## Transport"
    for role in ROLES:
        yield ""
        yield f"### {role.capitalize()}"
        yield from _table(("state", "messages", "action"), _transport_rows(role))
    yield ""
    yield "## User authentication"
    yield from _authentication("Client", CLIENT_LEGAL.items())
    yield from _authentication("Server", SERVER_LEGAL.items())
    yield ""
    yield "## Channels"
    yield from _table(
        ("state", "messages"),
        (
            (f"`{state.name}`", _ranges(map(int, filter(None, ACCEPTED[state]))))
            for state in ACCEPTED
        ),
    )


def _authentication(
    role: str, legal: Iterable[tuple[type[object], MessageSet[Message]]]
) -> Iterator[str]:
    yield ""
    yield f"### {role} of user authentication"
    yield from _table(
        ("state", "messages"),
        ((f"`{state.__name__}`", _message_names(messages)) for state, messages in legal),
    )


def _transport_rows(role: Role) -> Iterator[tuple[str, str, str]]:
    for phase in TransportState:
        row = row_of(role, phase)
        actions = [action for action in Action if action in row and action is not Action.REJECT]
        for action in actions:
            numbers = [number for number, each in enumerate(row) if each is action]
            yield f"`{phase.name}`", _ranges(numbers), f"`{action.name}`"
        if not actions:
            yield f"`{phase.name}`", "none", ""


def _message_names(messages: MessageSet[Message]) -> str:
    names = dict.fromkeys(f"`{declaration.__name__}`" for declaration in messages)
    return ", ".join(names) or "none"


def _ranges(numbers: Iterable[int]) -> str:
    """Write numbers as names where they have one, the others as ranges."""
    ordered = sorted(numbers)
    named = {int(number): number.name for number in MessageNumber}
    parts: list[str] = []
    for _, run in groupby(enumerate(ordered), key=lambda pair: pair[1] - pair[0]):
        for is_named, group in groupby(run, key=lambda pair: pair[1] in named):
            each = [number for _, number in group]
            if is_named:
                parts += [f"`{named[number]}`" for number in each]
            else:
                parts.append(str(each[0]) if len(each) == 1 else f"{each[0]}–{each[-1]}")
    return ", ".join(parts) or "none"


if __name__ == "__main__":
    sys.exit(main())
