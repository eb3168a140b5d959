"""What a word of a command may become, for the completion of a shell.

The letters are those of the help texts, with what they say of each; an operand or a value is a
host, a file or a word of a list, by the name that the help has for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from click.shell_completion import CompletionItem

from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_stack.cli.usage import Rows

__all__ = ["Letter", "letters_of", "suggestions"]

_OPTION: Final = re.compile(r"(--?[A-Za-z0-9][\w-]*)(?: ([^,\s]+))?")
_FILES: Final = frozenset(
    [
        "file",
        "identity_file",
        "ssh_config",
        "batchfile",
        "sftp_server_command",
        "program",
        "ca",
        "known_hosts",
        "pkcs11",
        "provider",
    ]
)
_HOSTS: Final = frozenset({"host", "hosts", "jump"})
_OPERANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "ssh": ("host",),
    "sftp": ("host", "file"),
    "cp": ("location",),
    "keyscan": ("host",),
    "keygen": ("file",),
    "add": ("file",),
}
"""What the operands of a command are; the last one stands for all that follow."""
_EACH: Final = frozenset({"cp", "keyscan", "keygen", "add"})


@lazy_attrs.frozen
class Letter:
    """An option of a command.

    Attributes:
        name: the option, with its dashes.
        value: the name of its value; "" where it takes none.
        help: what it is for.
    """

    name: str
    value: str
    help: str


def suggestions(command: str, words: Sequence[str], incomplete: str) -> list[CompletionItem]:
    """Return what a word may become.

    Args:
        command: the command of `ssh-stack`.
        words: the words between the command and this one.
        incomplete: what is there of the word.
    """
    letters = letters_of(command)
    if words and (value := _value_of(letters, words[-1])):
        return list(_of_kind(command, value, incomplete))
    if incomplete.startswith("-"):
        matching = (each for each in letters if each.name.startswith(incomplete))
        return [CompletionItem(each.name, help=each.help) for each in matching]
    operands = _OPERANDS.get(command, ())
    index = _operands_before(letters, words)
    if not operands or (index >= len(operands) and command not in _EACH):
        return []
    return list(_of_kind(command, operands[min(index, len(operands) - 1)], incomplete))


def letters_of(command: str) -> list[Letter]:
    """Return the options of a command, from its help text."""
    return [
        letter
        for rows in _sections(command).values()
        for head, text in rows
        for letter in _letters(head, text)
    ]


def _sections(command: str) -> Mapping[str, Rows]:
    if command == "ssh":
        from ssh_stack.cli.ssh_letters import LETTERS  # one command only

        rows = [(f"-{row.name} {row.value}".rstrip(), row.help) for row in LETTERS.values()]
        return {"": rows}
    if command == "keygen":
        from ssh_stack.cli.usage import KEYGEN_SECTIONS  # the same

        return KEYGEN_SECTIONS
    from ssh_stack.cli.program_usage import USAGE_SECTIONS  # the same

    return USAGE_SECTIONS.get(command, {})


def _letters(head: str, text: str) -> Iterator[Letter]:
    if not head.startswith("-"):
        return
    found = _OPTION.findall(head)
    values = [value for _, value in found if value]
    for name, own in found:
        # "-P port, --port": the long one takes the same
        value = own or (values[0] if values and name.startswith("--") else "")
        yield Letter(name, value, text)


def _value_of(letters: Sequence[Letter], word: str) -> str:
    """Return the name of the value that an option wants behind it; "" for none."""
    for letter in letters:
        short = len(letter.name) == len("-x")
        if letter.value and (
            word == letter.name
            # "-vp": the last of several letters
            or (short and re.fullmatch(rf"-[A-Za-z0-9]+{re.escape(letter.name[1])}", word))
        ):
            return letter.value
    return ""


def _operands_before(letters: Sequence[Letter], words: Sequence[str]) -> int:
    count, is_value = 0, False
    for word in words:
        if is_value:
            is_value = False
        elif word.startswith("-") and word != "-":
            is_value = bool(_value_of(letters, word))
        else:
            count += 1
    return count


def _of_kind(command: str, kind: str, incomplete: str) -> Iterator[CompletionItem]:
    if kind in _FILES or kind == "location":
        if kind == "location" and ":" not in incomplete:
            yield from _hosts(incomplete, ":")
        yield CompletionItem(incomplete, type="file")
    elif kind in _HOSTS:
        yield from _hosts(incomplete, "")
    elif (words := _WORDS.get(f"{command} {kind}") or _WORDS.get(kind)) is not None:
        yield from map(CompletionItem, (each for each in words() if each.startswith(incomplete)))


def _hosts(incomplete: str, end: str) -> Iterator[CompletionItem]:
    """Iterate over the hosts that a word may name, behind a user, or hosts before it."""
    from ssh_stack.cli.known_names import host_names  # it reads the user's files

    before, separator, name = incomplete.rpartition("@")
    if not separator:
        before, separator, name = incomplete.rpartition(",")
    for host in host_names():
        if host.startswith(name):
            yield CompletionItem(f"{before}{separator}{host}{end}")


def _algorithms(kind: str) -> Callable[[], Sequence[str]]:
    def names() -> Sequence[str]:
        from ssh_stack.cli.queries import answer  # it loads every algorithm

        return answer(kind)

    return names


def _keywords() -> Sequence[str]:
    from ssh_stack.config.directives import DIRECTIVES  # one option only

    return [f"{each.name}=" for each in DIRECTIVES.values()]


def _kinds_of_key() -> Sequence[str]:
    from ssh_stack.cli.keyscan.options import KINDS  # one option only

    return list(KINDS)


_WORDS: Final[Mapping[str, Callable[[], Sequence[str]]]] = {
    "cipher": _algorithms("cipher"),
    "ciphers": _algorithms("cipher"),
    "macs": _algorithms("mac"),
    "query": _algorithms("help"),
    "ssh_option": _keywords,
    "ssh option": _keywords,
    "cp option": _keywords,
    "keyscan type": _kinds_of_key,
    "keygen type": lambda: ("rsa", "ecdsa", "ed25519"),
}
"""The words that a value may be, by its name, with the command before it where that matters."""
