"""-D: the keys in PKCS#11 tokens, listed, or as the authority of -s."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ssh_keys import KeyPolicy, PrivateKey
from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.cli.keygen.keys import CommentedKey, read_public
from ssh_stack.cli.keygen.options import Options
from ssh_stack.cli.keygen.output import write_line
from ssh_stack.cli.keygen.show import fingerprint_line
from ssh_stack.cli.prompts import TerminalPrompter
from ssh_stack.cli.report import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssh_keys.pkcs11 import Token, TokenPrivateKey

__all__ = ["authority_in_token", "show_keys"]


def show_keys(options: Options, report: Report) -> int:
    """Print the public keys, or with -l their fingerprints."""
    del report
    with ExitStack() as stack:
        tokens = _open(options, stack)
        keys = [key for token in tokens for key in token.keys]
        if not keys:  # some tokens tell them to their user only
            for token in tokens:
                token.log_in(_pin(token))
            keys = [key for token in tokens for key in token.keys]
    if not keys:
        problem = "the PKCS#11 library finds no token with a key that SSH can use"
        raise CommandExit(problem)
    for key in keys:
        public_key = key.public_key
        if options.has("l"):
            write_line(fingerprint_line(CommentedKey(public_key, key.comment), options))
        else:
            write_line(public_key.to_openssh())
    return 0


def authority_in_token(options: Options, stack: ExitStack) -> PrivateKey:
    """Return the private key of the public key that -s names, logged in to its token.

    Args:
        options: -D and -s.
        stack: closes the tokens.

    Raises:
        CommandExit: no token has the key, or no PIN is given.
    """
    path = options.need("s", "the authority's public key")
    wanted = read_public(Path(path))
    for token in _open(options, stack):
        for key in token.keys:
            if key.public_key == wanted:
                return _logged_in(token, key)
    problem = f"no token of the PKCS#11 library has the private key of {path}"
    raise CommandExit(problem)


def _logged_in(token: Token, key: TokenPrivateKey) -> TokenPrivateKey:
    if token.needs_pin:
        token.log_in(_pin(token))
    return key


def _open(options: Options, stack: ExitStack) -> Sequence[Token]:
    from ssh_keys.pkcs11 import open_tokens  # python-pkcs11 is an extra

    library = options.need("D", "the library of the token's maker")
    return [stack.enter_context(token) for token in open_tokens(library, policy=KeyPolicy.LEGACY)]


def _pin(token: Token) -> str:
    prompter = TerminalPrompter.if_available(stdin=True)
    pin = None if prompter is None else asyncio.run(prompter.token_pin(token.label))
    if pin is None:
        problem = f"no PIN for '{token.label}': there is no terminal to ask at, or no answer"
        raise CommandExit(problem)
    return pin
