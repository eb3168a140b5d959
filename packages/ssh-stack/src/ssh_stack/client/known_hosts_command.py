"""A command that prints trusted host keys (KnownHostsCommand, ssh_config(5)).

It is run before the key exchange, for the order of the host key algorithms, and again with the
key that the server presents.  What it prints has the form of known_hosts.  Where it fails no key
is trusted, not even one of a file.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from binascii import b2a_base64
from collections import ChainMap
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from ssh_keys import KeyPolicy, KnownHosts
from ssh_stack.client.trust import COMMAND
from ssh_stack.config.lines import split_arguments
from ssh_stack.config.tokens import expand
from ssh_stack.errors import KnownHostsCommandFailed, host_and_port
from ssh_stack.local.process import wait_without_reaping
from ssh_stack.local.threads import run_in_thread

if TYPE_CHECKING:
    from ssh_keys import Credential
    from ssh_keys.randomart import HashName
    from ssh_stack.config.tokens import Tokens

__all__ = ["Invocation", "KnownHostsCommand"]

_MAX_OUTPUT: Final = 1 << 24  # bytes

Invocation: TypeAlias = Literal["ORDER", "HOSTNAME", "ADDRESS"]
"""What the command is run for: the order of algorithms, a name, or an address (%I)."""


class KnownHostsCommand:
    """The command of one connection.

    Args:
        command: the command, as the configuration has it.
        tokens: what the tokens stand for that are the same in every call.
        hash_name: the hash of fingerprints (FingerprintHash).
        policy: which keys are strong enough to be read.
    """

    def __init__(
        self, command: str, tokens: Tokens, hash_name: HashName, policy: KeyPolicy
    ) -> None:
        self._command = command
        self._tokens = tokens
        self._hash_name: HashName = hash_name
        self._policy = policy

    def order(self, host: str, port: int) -> KnownHosts:
        """Return the keys that are known before the server presents one.

        Args:
            host: the name that is looked for.
            port: its port.

        Raises:
            KnownHostsCommandFailed: the command cannot be run, or does not end with status 0.
        """
        return self._parse(_Call(self._command, self._arguments("ORDER", host, port, None)).run())

    async def look_up(
        self, invocation: Invocation, host: str, port: int, key: Credential
    ) -> KnownHosts:
        """Return the keys that are known when the server has presented its own.

        Args:
            invocation: "HOSTNAME" or "ADDRESS".
            host: the name or address that is looked for.
            port: its port.
            key: what the server presents.

        Raises:
            KnownHostsCommandFailed: the command cannot be run, or does not end with status 0.
        """
        call = _Call(self._command, self._arguments(invocation, host, port, key))
        try:
            return self._parse(await run_in_thread(call.run))
        except asyncio.CancelledError:
            call.kill()
            raise

    def _parse(self, output: bytes) -> KnownHosts:
        return KnownHosts.parse(output, COMMAND, policy=self._policy)

    def _arguments(
        self, invocation: Invocation, host: str, port: int, key: Credential | None
    ) -> list[str]:
        """Return the arguments; the program itself has no tokens (sshconnect.c)."""
        own = {"I": invocation, "H": host_and_port(host, port), "f": "NONE", "t": "NONE"}
        own["K"] = "NONE"
        if key is not None:
            own["f"] = key.fingerprint(self._hash_name)
            own["t"] = key.kind
            own["K"] = b2a_base64(key.blob, newline=False).decode()
        tokens = ChainMap(own, cast("dict[str, str]", self._tokens))  # which is only read
        program, *others = split_arguments(self._command, COMMAND, comments=False) or [""]
        return [program, *(expand(each, tokens, variables=True) for each in others)]


class _Call:
    """One run of a command, in a thread."""

    def __init__(self, command: str, arguments: list[str]) -> None:
        self._command = command
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False

    def run(self) -> bytes:
        """Run the command without input; return what it prints."""
        if not os.path.isabs(self._arguments[0]):  # noqa: PTH117 (text of the configuration)
            raise KnownHostsCommandFailed(self._command, "is not an absolute path")
        nothing, pipe = subprocess.DEVNULL, subprocess.PIPE
        try:
            with subprocess.Popen(self._arguments, stdin=nothing, stdout=pipe) as process:  # noqa: S603 (the user's own configuration names it)
                self._process = process
                if self._killed:
                    process.kill()
                output = b"" if process.stdout is None else process.stdout.read(_MAX_OUTPUT + 1)
                if len(output) > _MAX_OUTPUT:
                    process.kill()
                status_is_lost, _ = wait_without_reaping(process)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            problem = f"cannot be run: {reason}"
            raise KnownHostsCommandFailed(self._command, problem) from error
        if len(output) > _MAX_OUTPUT:
            problem = f"prints more than {_MAX_OUTPUT} bytes"
            raise KnownHostsCommandFailed(self._command, problem)
        if status_is_lost:
            raise KnownHostsCommandFailed(self._command, "ended with a status that is not known")
        if process.returncode:
            problem = f"ended with status {process.returncode}"
            if process.returncode < 0:
                problem = f"was ended by signal {-process.returncode}"
            raise KnownHostsCommandFailed(self._command, problem)
        return output

    def kill(self) -> None:
        """End the command, whose output is not wanted any more."""
        self._killed = True
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(OSError):
                process.kill()
