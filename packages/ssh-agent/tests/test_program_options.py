from __future__ import annotations

import pytest

from ssh_agent.program.options import Options, parse_options
from ssh_wire import UsageError


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("", Options()),
        ("-s", Options(syntax="sh")),
        ("-c", Options(syntax="csh")),
        ("-ss", Options(syntax="sh")),
        ("-D", Options(foreground=True)),
        ("-d", Options(foreground=True, debug=True)),
        ("-k", Options(action="kill")),
        ("-ck", Options(action="kill", syntax="csh")),
        ("-u", Options(action="clean")),
        ("-uu", Options(action="clean", every_host=True)),
        ("-V", Options(action="version")),
        ("--help", Options(action="help")),
        ("-a /run/agent", Options(path="/run/agent")),
        ("-T", Options(in_temporary=True)),
        ("-U", Options(keep_stale=True)),
        ("-t 90", Options(lifetime=90)),
        ("-t 1h30m", Options(lifetime=5400)),
        ("-t 1W2d3S", Options(lifetime=777_603)),
        ("-t 0", Options()),
        ("-E md5", Options(fingerprint="md5")),
        ("-E SHA512", Options(fingerprint="sha512")),
        ("-P /usr/lib/*", Options()),
        ("-O no-restrict-websafe -O allow-remote-pkcs11 -O websafe-allow=ssh:*", Options()),
        ("-a /x sh -c true", Options(path="/x", command=("sh", "-c", "true"))),
        ("-- ls -k", Options(command=("ls", "-k"))),
    ],
)
def test_command_line_is_read_as_ssh_agent_reads_it(words: str, options: Options) -> None:
    assert parse_options(words.split()) == options


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("-x", "not recognized"),
        ("-a", "requires argument"),
        ("-c -s", "exclude each other"),
        ("-d -D", "exclude each other"),
        ("-d -d", "twice"),
        ("-DD", "twice"),
        ("-P a -P b", "twice"),
        ("-k ls", "exclude each other"),
        ("-s ls", "exclude each other"),
        ("-t x", "lifetime"),
        ("-t 1.5m", "lifetime"),
        ("-t 99999w", "lifetime"),
        ("-E crc", "hash"),
        ("-O other", "unknown option"),
        ("-O websafe-allow", "unknown option"),
    ],
)
def test_command_line_of_another_program_is_refused(words: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        parse_options(words.split())


def test_empty_lifetime_is_refused() -> None:
    with pytest.raises(UsageError, match="lifetime"):
        parse_options(["-t", ""])
