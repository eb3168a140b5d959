"""What a fresh process loads until it is connected: each module costs its start 0.2 to 1 ms."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from loopback_server import HOST_KEY, USER, USER_KEY, serving

PROGRAM = """
import asyncio, sys, ssh_stack

async def main():
    host, port, user, key, known_hosts = sys.argv[1:]
    async with ssh_stack.connect(
        host,
        int(port),
        username=user,
        keys=[key],
        known_hosts=known_hosts,
        config=None,
        agent=None,
    ):
        print(*sys.modules)

asyncio.run(main())
"""
UNUSED = (
    *("attr", "attrs", "click", "rich", "nacl", "bcrypt", "fsspec", "dns"),
    *("datetime", "difflib", "getpass", "secrets", "shlex", "tempfile", "zlib"),
    *("pathlib", "urllib*", "ipaddress", "hashlib", "hmac", "glob", "fnmatch", "idna*"),
    *("concurrent.futures.thread", "encodings.idna"),
    *("cryptography.x509*", "cryptography.hazmat.primitives.serialization*"),
    *("cryptography.hazmat.primitives.asymmetric.ed448", "*.asymmetric.x448"),
    *("ssh_wire.dissect*", "ssh_wire.testing*", "ssh_wire.messages.gss", "ssh_wire.codegen"),
    *("ssh_keys.formats.openssh_ciphers", "ssh_keys.formats.ppk", "ssh_keys.formats.armor"),
    *("ssh_keys.trust.krl*", "ssh_keys.trust.known_hosts_file", "ssh_keys.trust.key_blobs"),
    *("ssh_keys.trust.authorized_keys", "ssh_keys.certificates*", "ssh_keys.sshsig*"),
    *("ssh_keys.families.rsa", "ssh_keys.families.ecdsa", "ssh_keys.families.mldsa*"),
    *("ssh_keys.files.locking", "ssh_keys.files.trust_files", "ssh_keys.pkcs11*"),
    *("ssh_transport.trace", "ssh_transport.packets.compression", "ssh_transport.kex.dh*"),
    *("ssh_transport.keyexchange.server", "ssh_transport.keyexchange.computation"),
    *("ssh_auth.client.methods.password", "ssh_auth.client.methods.keyboard_interactive"),
    *("ssh_auth.client.methods.hostbased", "ssh_auth.client.methods.table"),
    *("ssh_auth.server*", "ssh_agent*", "ssh_connection.aio.server*", "ssh_sftp*"),
    *("ssh_connection.aio.process*", "ssh_connection.aio.forward*", "ssh_connection.aio.streams"),
    *("ssh_stack.config.directive*", "ssh_stack.config.resolve", "ssh_stack.config.criteria"),
    *("ssh_stack.config.lines", "ssh_stack.config.algorithms", "ssh_stack.config.tokens"),
    *("ssh_stack.cli", "ssh_stack.cli.*", "ssh_stack.server*", "ssh_stack.sync*"),
    *("ssh_stack.testing*",),
    *("ssh_stack.errors", "ssh_stack.streams", "ssh_stack.local.callbacks"),
    *("ssh_stack.client.proxy*", "ssh_stack.client.host_key_file", "ssh_stack.client.plan.jumps"),
    *("ssh_stack.client.encrypted_signer", "ssh_stack.client.option_arguments"),
)
"""Modules that a plain connection has no use for."""
WITH_CHANNELS = ("ssh_connection.multiplexer", "ssh_wire.messages.connection")
"""Loaded with the first message of the connection protocol, which a server may send at once."""
MOST_MODULES = 177
"""Modules of the packages themselves: a connection loads 164; and 12 with the announcement of the
server's other keys, which may arrive in time."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("startup")
    return asyncio.run(_modules_of_fresh_connection(folder))


async def _modules_of_fresh_connection(folder: Path) -> list[str]:
    key, known_hosts = folder / "key", folder / "known_hosts"
    key.write_bytes(USER_KEY.to_openssh())
    key.chmod(0o600)
    async with serving() as here:
        port = here.server.port
        known_hosts.write_text(f"[127.0.0.1]:{port} {HOST_KEY.public_key.to_openssh()}\n")
        arguments = ("127.0.0.1", str(port), USER, str(key), str(known_hosts))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, *arguments, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
    assert process.returncode == 0
    of_asyncio = _printed("import sys, asyncio; print(*sys.modules)")
    return [name for name in output.decode().split() if name not in of_asyncio]


@pytest.mark.parametrize("pattern", UNUSED)
def test_connection_does_not_load_what_it_does_not_use(loaded: list[str], pattern: str) -> None:
    assert [name for name in loaded if fnmatchcase(name, pattern)] == []


def test_connection_loads_few_modules_of_packages(loaded: list[str]) -> None:
    own = [name for name in loaded if name.startswith("ssh_")]

    assert len(own) <= MOST_MODULES, own


def test_channels_load_with_the_first_message_about_one() -> None:
    code = (
        "import sys, ssh_connection.aio.client.connection; "
        f"print(*(name for name in {WITH_CHANNELS} if name in sys.modules))"
    )

    assert _printed(code) == []


def test_import_of_package_loads_no_part_of_it() -> None:
    code = "import sys, ssh_stack; print(*[n for n in sys.modules if n.startswith('ssh_stack.')])"

    assert _printed(code) == []


def _printed(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return done.stdout.decode().split()
