"""Configuration files, damaged ones among them, and what an OpenSSH makes of them.

The options of a host are a mapping from the keywords of `ssh -G` to their values, or
None where the program refuses it.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from ssh_stack.config import load_config
from ssh_wire import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ssh_stack.config import HostConfig
    from tests.interop.peers import Peer

__all__ = ["HOSTS", "SAMPLES", "HostOptions", "mutations", "printed_by", "resolved_here"]

HostOptions: TypeAlias = "dict[str, list[str]] | None"

HOSTS: Final = ("web1", "web2", "WEB1", "db.x")
"""The hosts that each file is asked about."""

SAMPLES: Final = {
    path.name: path.read_bytes()
    for path in sorted((Path(__file__).parent / "configurations").iterdir())
}
"""Files that are not damaged."""

_KEYWORDS: Final = frozenset(
    {
        *("addressfamily", "batchmode", "certificatefile", "connecttimeout", "hostkeyalias"),
        *("hostname", "identitiesonly", "identityfile", "port", "preferredauthentications"),
        *("proxycommand", "proxyjump", "sendenv", "setenv", "stricthostkeychecking", "user"),
        "userknownhostsfile",
    }
)
_WORDS: Final = {"true": "yes", "false": "no", "strict": "yes", "off": "no"}
_HOME: Final = "/root"
_EACH: Final = """\
cd {folder}
while read file host; do
    echo "=== $file $host"
    timeout 20 ssh -G -F ./$file "$host" 2>/dev/null
    echo "status $?"
done
"""

# ------------------------------------------------------------------ damage

_Damage: TypeAlias = "Callable[[list[bytes], random.Random], None]"


def mutations(count: int, seed: int) -> dict[str, bytes]:
    """Return damaged copies of the samples, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 (it chooses tests)
    names = list(SAMPLES)
    found: dict[str, bytes] = {}
    for number in range(count):
        name = names[number % len(names)]
        lines = SAMPLES[name].split(b"\n")
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            chance.choice(_DAMAGES)(lines, chance)
        found[f"{name}-{number}"] = b"\n".join(lines)
    return found


def _some(lines: list[bytes], chance: random.Random) -> int:
    """Choose a line that is not blank."""
    return chance.choice([i for i, line in enumerate(lines) if line.strip()] or [0])


def _mark(lines: list[bytes], _chance: random.Random) -> None:
    lines[0] = b"\xef\xbb\xbf" + lines[0]


def _tabs(lines: list[bytes], chance: random.Random) -> None:
    at = _some(lines, chance)
    lines[at] = lines[at].replace(b" ", chance.choice((b"\t", b"\t\t", b" \t ")))


def _quoted_value(lines: list[bytes], chance: random.Random) -> None:
    at = _some(lines, chance)
    keyword, _, value = lines[at].strip().partition(b" ")
    quote = chance.choice((b'"', b"'"))
    lines[at] = keyword + b" " + quote + value + quote


def _quote(lines: list[bytes], chance: random.Random) -> None:
    """Put a quote somewhere behind the keyword: one within it is an error to us alone."""
    at = _some(lines, chance)
    start = len(lines[at]) - len(lines[at].lstrip().partition(b" ")[2])
    where = chance.randint(start, len(lines[at]))
    lines[at] = lines[at][:where] + chance.choice((b'"', b"'")) + lines[at][where:]


def _equals(lines: list[bytes], chance: random.Random) -> None:
    at = _some(lines, chance)
    sign = chance.choice((b"=", b" = ", b" =", b"= ", b"=="))
    lines[at] = lines[at].lstrip().replace(b" ", sign, 1)


def _stray_equals(lines: list[bytes], chance: random.Random) -> None:
    at = _some(lines, chance)
    where = chance.randint(0, len(lines[at]))
    lines[at] = lines[at][:where] + b"=" + lines[at][where:]


def _comment(lines: list[bytes], chance: random.Random) -> None:
    at = _some(lines, chance)
    line = lines[at]
    lines[at] = chance.choice((line + b" # x", line + b"#x", b"#" + line, b"  # " + line))


def _typo(lines: list[bytes], chance: random.Random) -> None:
    at = _some(lines, chance)
    line = lines[at]
    where = chance.randrange(max(1, len(line) - 1))
    lines[at] = line[:where] + line[where + 1 : where + 2] + line[where : where + 1]
    lines[at] += line[where + 2 :]


def _lost_letter(lines: list[bytes], chance: random.Random) -> None:
    at = _some(lines, chance)
    where = chance.randrange(len(lines[at]) or 1)
    lines[at] = lines[at][:where] + lines[at][where + 1 :]


def _stray_letter(lines: list[bytes], chance: random.Random) -> None:
    at = _some(lines, chance)
    where = chance.randint(0, len(lines[at]))
    letter = bytes([chance.choice(b"abz*?!,%$~\\-1 \x0b\x0c\x01")])
    lines[at] = lines[at][:where] + letter + lines[at][where:]


def _line_ends(lines: list[bytes], _chance: random.Random) -> None:
    lines[:-1] = [line + b"\r" for line in lines[:-1]]


def _line_end(lines: list[bytes], chance: random.Random) -> None:
    lines[_some(lines, chance)] += b"\r"


def _no_last_line_end(lines: list[bytes], _chance: random.Random) -> None:
    while len(lines) > 1 and not lines[-1]:
        lines.pop()


def _blanks(lines: list[bytes], chance: random.Random) -> None:
    at = _some(lines, chance)
    blanks = (b"  ", b"\t", b"\x0c", b"\xc2\xa0", b"")
    lines[at] = chance.choice(blanks) + lines[at] + chance.choice(blanks)


def _case(lines: list[bytes], chance: random.Random) -> None:
    at = _some(lines, chance)
    lines[at] = chance.choice((bytes.upper, bytes.lower, bytes.swapcase))(lines[at])


def _joined(lines: list[bytes], chance: random.Random) -> None:
    at = _some(lines, chance)
    if at + 1 < len(lines):
        lines[at] += lines.pop(at + 1)


def _swapped(lines: list[bytes], chance: random.Random) -> None:
    one, other = _some(lines, chance), _some(lines, chance)
    lines[one], lines[other] = lines[other], lines[one]


def _twice(lines: list[bytes], chance: random.Random) -> None:
    lines.insert(chance.randrange(len(lines)), lines[_some(lines, chance)])


_DAMAGES: Final[Sequence[_Damage]] = (
    _mark, _tabs, _quoted_value, _quote, _equals, _stray_equals, _comment, _typo, _lost_letter,
    _stray_letter, _line_ends, _line_end, _no_last_line_end, _blanks, _case, _joined, _swapped,
    _twice,
)  # fmt: skip

# ------------------------------------------------------------------ what is printed


def printed_by(
    peer: Peer, folder: Path, names: Iterable[str]
) -> dict[tuple[str, str], HostOptions]:
    """Return what a peer's `ssh -G` says of files of a folder, for each host."""
    asked = "".join(f"{name} {host}\n" for name in names for host in HOSTS)
    script = ["env", f"HOME={_HOME}", "sh", "-c", _EACH.format(folder=folder)]
    done = peer.run_client(script, stdin=asked.encode(), timeout=300)
    found: dict[tuple[str, str], HostOptions] = {}
    for part in done.stdout.decode("utf-8", "surrogateescape").split("=== ")[1:]:
        title, *lines = part.rstrip("\n").split("\n")
        name, _, host = title.partition(" ")
        found[name, host] = _collected(lines[:-1]) if lines[-1] == "status 0" else None
    return found


def _collected(lines: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        keyword, _, value = line.partition(" ")
        if keyword in _KEYWORDS:
            found.setdefault(keyword, []).append(_plain(value))
    if f"{_HOME}/.ssh/id_rsa" in found.get("identityfile", []):
        del found["identityfile"]  # the usual ones
    return found


def _plain(value: str) -> str:
    """Spell a value in one way: some versions say "true", and some paths keep their `~`."""
    paths = [
        _HOME + word[1:] if word == "~" or word.startswith("~/") else word
        for word in value.split(" ")
    ]
    text = " ".join(paths)
    return _WORDS.get(text, text)


def resolved_here(file: Path, host: str) -> HostOptions:
    """Return what our configuration says, in the words of `ssh -G`; HOME is the peer's."""
    try:
        found = load_config([file]).resolve(host)
    except (UsageError, OSError):
        return None
    rows = {keyword: values for keyword, values in _rows(found, host).items() if values}
    return {keyword: [_plain(value) for value in values] for keyword, values in rows.items()}


def _rows(found: HostConfig, host: str) -> dict[str, list[str]]:
    return {
        "addressfamily": [found.address_family],
        "batchmode": ["yes" if found.batch else "no"],
        "certificatefile": [str(path) for path in found.certificate_files],
        "connecttimeout": [str(found.connect_timeout or "none")],
        "hostkeyalias": [found.host_key_alias] if found.host_key_alias else [],
        "hostname": [found.hostname or host],
        "identitiesonly": ["yes" if found.identities_only else "no"],
        "identityfile": [str(path) for path in found.identity_files or ()],
        "port": [str(found.port or 22)],
        "preferredauthentications": [",".join(found.preferred_authentications or ())]
        if found.preferred_authentications is not None
        else [],
        "proxycommand": [found.proxy_command] if found.proxy_command else [],
        "proxyjump": [",".join(found.proxy_jump)] if found.proxy_jump else [],
        "sendenv": list(found.send_env),
        "setenv": [f"{name}={value}" for name, value in found.set_env],
        "stricthostkeychecking": [found.strict_host_key_checking],
        "user": [found.user or "root"],
        "userknownhostsfile": [" ".join(map(str, found.known_hosts_files)) or "none"],
    }
