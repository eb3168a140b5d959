"""The commands of sftp(1): what each may be given, and a line read as one of them."""

from __future__ import annotations

import getopt
from typing import Final, Literal, TypeAlias

from ssh_stack.cli.sftp.words import literal, split_words
from ssh_wire import UsageError, lazy_attrs

__all__ = ["COMMANDS", "HELP", "Command", "Line", "Place", "Syntax", "read_line"]

Place: TypeAlias = Literal["", "remote", "local"]
"""Where the names of an argument are; "" for an argument that is not a name."""

_MOST_NUMBER: Final = 2**32 - 1


@lazy_attrs.frozen(kw_only=True)
class Syntax:
    """What follows a command.

    Attributes:
        action: what is done; several names may stand for the same.
        flags: the letters that it takes.
        first: where the names of its first argument are.
        second: where those of its second are.
        least: how many paths have to be there.
        patterns: how many of the paths are patterns.
        base: of a number before the paths, 8 or 10 (0: as C reads it); None for no number.
        rest: whether it takes the rest of the line as it is.
    """

    action: str
    flags: str = ""
    first: Place = ""
    second: Place = ""
    least: int = 0
    patterns: int = 0
    base: int | None = None
    rest: bool = False


_GET: Final = Syntax(
    action="get", flags="afPpRr", first="remote", second="local", least=1, patterns=1
)
_PUT: Final = Syntax(
    action="put", flags="afPpRr", first="local", second="remote", least=1, patterns=1
)
_CD: Final = Syntax(action="cd", first="remote")
_LCD: Final = Syntax(action="lcd", first="local")
_LS: Final = Syntax(action="ls", flags="1Safhlnrt", first="remote", patterns=1)
_COPY: Final = Syntax(action="copy", first="remote", second="remote", least=2)
_QUIT: Final = Syntax(action="quit")
_HELP: Final = Syntax(action="help")

COMMANDS: Final[dict[str, Syntax]] = {
    "bye": _QUIT,
    "cd": _CD,
    "chdir": _CD,
    "chgrp": Syntax(action="chgrp", flags="h", first="remote", least=1, patterns=1, base=0),
    "chmod": Syntax(action="chmod", flags="h", first="remote", least=1, patterns=1, base=8),
    "chown": Syntax(action="chown", flags="h", first="remote", least=1, patterns=1, base=0),
    "copy": _COPY,
    "cp": _COPY,
    "df": Syntax(action="df", flags="hi", first="remote"),
    "dir": _LS,
    "exit": _QUIT,
    "get": _GET,
    "help": _HELP,
    "lcd": _LCD,
    "lchdir": _LCD,
    "lls": Syntax(action="lls", first="local", rest=True),
    "lmkdir": Syntax(action="lmkdir", first="local", least=1),
    "ln": Syntax(action="link", flags="s", first="remote", second="remote", least=2),
    "lpwd": Syntax(action="lpwd"),
    "ls": _LS,
    "lumask": Syntax(action="lumask", flags="h", base=8),
    "mkdir": Syntax(action="mkdir", first="remote", least=1),
    "mget": _GET,
    "mput": _PUT,
    "progress": Syntax(action="progress"),
    "put": _PUT,
    "pwd": Syntax(action="pwd"),
    "quit": _QUIT,
    "reget": lazy_attrs.evolve(_GET, action="reget"),
    "rename": Syntax(action="rename", flags="l", first="remote", second="remote", least=2),
    "reput": lazy_attrs.evolve(_PUT, action="reput"),
    "rm": Syntax(action="rm", first="remote", least=1, patterns=1),
    "rmdir": Syntax(action="rmdir", first="remote", least=1),
    "symlink": Syntax(action="symlink", first="remote", second="remote", least=2),
    "version": Syntax(action="version"),
    "!": Syntax(action="shell", rest=True),
    "?": _HELP,
}

HELP: Final = """\
Available commands:
bye                                Quit sftp
cd path                            Change remote directory to 'path'
chgrp [-h] grp path                Change group of file 'path' to 'grp'
chmod [-h] mode path               Change permissions of file 'path' to 'mode'
chown [-h] own path                Change owner of file 'path' to 'own'
copy oldpath newpath               Copy remote file
cp oldpath newpath                 Copy remote file
df [-hi] [path]                    Display statistics for current directory or
                                   filesystem containing 'path'
exit                               Quit sftp
get [-afpR] remote [local]         Download file
help                               Display this help text
lcd path                           Change local directory to 'path'
lls [ls-options [path]]            Display local directory listing
lmkdir path                        Create local directory
ln [-s] oldpath newpath            Link remote file (-s for symlink)
lpwd                               Print local working directory
ls [-1afhlnrSt] [path]             Display remote directory listing
lumask umask                       Set local umask to 'umask'
mkdir path                         Create remote directory
progress                           Toggle display of progress meter
put [-afpR] local [remote]         Upload file
pwd                                Display remote working directory
quit                               Quit sftp
reget [-fpR] remote [local]        Resume download file
rename oldpath newpath             Rename remote file
reput [-fpR] local [remote]        Resume upload file
rm path                            Delete remote file
rmdir path                         Remove remote directory
symlink oldpath newpath            Symlink remote file
version                            Show SFTP version
!command                           Execute 'command' in local shell
!                                  Escape to local shell
?                                  Synonym for help
"""


@lazy_attrs.frozen(kw_only=True)
class Command:
    """A command with its arguments.

    Attributes:
        name: the command as it is called in messages.
        action: what is done.
        flags: its letters, in the order in which they were given.
        paths: its paths; those that are patterns have their backslashes.
        number: the number before the paths.
        rest: the rest of the line, of a command that takes it as it is.
    """

    name: str
    action: str
    flags: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    number: int = 0
    rest: str = ""


@lazy_attrs.frozen(kw_only=True)
class Line:
    """A line of input.

    Attributes:
        command: the command; None for an empty line, a comment, or one that is wrong.
        problem: what is wrong with it; "" for nothing.
        forgiving: whether it begins with "-": its failure does not end a batch.
        silent: whether it begins with "@": it is not echoed.
    """

    command: Command | None = None
    problem: str = ""
    forgiving: bool = False
    silent: bool = False


def read_line(text: str) -> Line:
    """Read a line."""
    stripped = text.lstrip(" \t\r\n")
    rest = stripped.lstrip("-@")
    prefix = stripped[: len(stripped) - len(rest)]
    rest = rest.lstrip(" \t\r\n")
    forgiving, silent = "-" in prefix, "@" in prefix
    if not rest or rest.startswith("#"):
        return Line(forgiving=forgiving, silent=silent)
    try:
        command = _command(rest)
    except UsageError as error:
        return Line(problem=str(error), forgiving=forgiving, silent=silent)
    return Line(command=command, forgiving=forgiving, silent=silent)


def _command(text: str) -> Command:
    words = split_words(text).items
    name = words[0].lower() if words else ""
    if text.startswith("!"):
        return Command(name="!", action="shell", rest=text[1:])
    syntax = COMMANDS.get(name)
    if syntax is None:
        problem = "Invalid command."
        raise UsageError(problem)
    if syntax.rest:
        return Command(name=name, action=syntax.action, rest=text[len(name) :].lstrip(" \t\r\n"))
    flags, arguments = _flags(name, syntax, words[1:])
    number = 0
    if syntax.base is not None:
        number = _number(name, syntax.base, arguments[:1])
        arguments = arguments[1:]
    if len(arguments) < syntax.least:
        raise UsageError(_missing(name, syntax))
    paths = [
        word if index < syntax.patterns else literal(word)
        for index, word in enumerate(arguments[: 2 if syntax.second else 1])
    ]
    return Command(
        name=name,
        action=syntax.action,
        flags=flags,
        paths=tuple(paths) if syntax.first else (),
        number=number,
    )


def _flags(
    name: str, syntax: Syntax, words: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        options, rest = getopt.getopt(list(words), syntax.flags)
    except getopt.GetoptError as error:
        problem = f"{name}: Invalid flag -{error.opt}"
        raise UsageError(problem) from None
    return tuple(option[1:] for option, _ in options), tuple(rest)


def _number(name: str, base: int, words: tuple[str, ...]) -> int:
    """Return a number as strtoll reads it: base 0 has 0x and a leading 0."""
    text = words[0].strip() if words else ""
    unsigned = text.removeprefix("+").removeprefix("-")
    if base == 0:
        prefixed = unsigned.lower().startswith("0x")
        base = 16 if prefixed else 8 if unsigned.startswith("0") else 10
    try:
        value = int(text, base) if unsigned.isalnum() else -1  # not "1_000"
    except ValueError:
        value = -1
    if not 0 <= value <= _MOST_NUMBER:
        problem = f"You must supply a numeric argument to the {name} command."
        raise UsageError(problem)
    return value


def _missing(name: str, syntax: Syntax) -> str:
    if syntax.least > 1:
        return f"You must specify two paths after a {name} command."
    if syntax.second:
        return f"You must specify at least one path after a {name} command."
    return f"You must specify a path after a {name} command."
