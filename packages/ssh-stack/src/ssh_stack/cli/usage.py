"""What `--help` says of the commands that have the letters of OpenSSH's programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import click

from ssh_stack.cli.program import command_name

__all__ = ["KEYGEN_SECTIONS", "Rows", "keygen_help", "renamed", "render"]


Rows: TypeAlias = Sequence[tuple[str, str]]

_KEYGEN_USAGE: Final = """\
usage: ssh-stack keygen [-q] [-t type] [-b bits] [-C comment] [-f file] [-m format]
                        [-N passphrase] [-a rounds] [-Z cipher]
       ssh-stack keygen -p|-c|-y|-l|-B|-e|-i|-L [-f file] [-P passphrase] …
       ssh-stack keygen -D pkcs11 [-l]   |  -K [-w library]
       ssh-stack keygen -F|-R host [-f known_hosts]   |  -H [-f known_hosts]
       ssh-stack keygen -r host [-f file] [-g]
       ssh-stack keygen -s ca -I identity [-h] [-n principals] [-O option] [-V validity]
                        [-z serial] [-U | -D pkcs11] file …
       ssh-stack keygen -k -f krl [-u] [-s ca] [-z version] file …  |  -Q [-l] -f krl file …
       ssh-stack keygen -M generate|screen [-f file] [-O option] file
       ssh-stack keygen -Y sign|verify|find-principals|match-principals|check-novalidate …
"""
"""The letters of `ssh-stack keygen`."""

KEYGEN_SECTIONS: Final[dict[str, Rows]] = {
    "What to do (without any of these: make a new key)": (
        ("-A", "Make the host keys that are missing in /etc/ssh."),
        ("-p", "Change the passphrase of a private key."),
        ("-c", "Change the comment of a private key."),
        ("-y", "Print the public half of a private key."),
        ("-l", "Print the fingerprint of a key; with -v its randomart too."),
        ("-B", "Print the bubblebabble digest of a key."),
        ("-e, -i", "Convert a public key to another format, or from one."),
        ("-K", "Save the keys that stay in a FIDO token in the present folder."),
        ("-L", "Print what certificates say."),
        ("-D pkcs11", "Print the public keys in tokens; with -s, the authority is in one."),
        ("-F host, -R host", "Find a host in known_hosts, or remove it."),
        ("-H", "Hash the names in known_hosts."),
        ("-r host", "Print SSHFP records for the DNS; with -Y verify, a file of revoked keys."),
        ("-s ca", "Certify public keys with this key; with -Y, the file of a signature."),
        ("-k", "Make or update (-u) a list of revoked keys."),
        ("-Q", "Say whether keys are in a list of revoked keys."),
        ("-M what", "generate or screen primes for group exchange, see moduli(5)."),
        ("-Y what", "sign, verify, find-principals, match-principals or check-novalidate."),
    ),
    "Keys": (
        ("-f file", "The key file, known_hosts, or list of revoked keys."),
        ("-t type", "The type of a new key: ed25519, ecdsa, rsa and others."),
        ("-b bits", "The size of a new key, where the type has several."),
        ("-C comment", "The comment."),
        ("-N passphrase", "The new passphrase; empty for none."),
        ("-P passphrase", "The old passphrase."),
        ("-m format", "RFC4716, PKCS8, PEM or PPK."),
        ("-a rounds", "How long a passphrase takes to try."),
        ("-Z cipher", "The cipher of an encrypted private key."),
        ("-E hash", "The hash of fingerprints: sha256 or md5."),
        ("-w library", "The library that talks to FIDO tokens; or SSH_SK_PROVIDER."),
        ("-g", "Print DNS records in the generic format."),
    ),
    "Certificates, lists and signatures": (
        ("-I identity", "The name of a certificate, or of the signer to verify."),
        ("-h", "Make a certificate of a host."),
        ("-n names", "Users or hosts of a certificate; the namespace of a signature."),
        ("-O option", "An option of a certificate or a signature, such as force-command=…."),
        ("-V from:to", "When a certificate is good, such as +52w."),
        ("-z number", "The serial number of a certificate, or the version of a list."),
        ("-U", "With -s: the authority's private key is in the agent."),
        ("-u", "Add to a list of revoked keys instead of replacing it."),
    ),
    "Messages": (
        ("-q", "Tell errors only."),
        ("-v", "Tell more."),
        ("--json", "With -l: print the keys as JSON."),
        ("--help", "Print this, and end."),
    ),
}


_KEYGEN_EXAMPLES: Final[Rows] = (
    ("-t ed25519 -f deploy", "Make a key in the files deploy and deploy.pub."),
    ("-lvf deploy.pub", "Print its fingerprint and its randomart."),
    ("-s ca -I ann -n ann -V +1d deploy.pub", "Certify it for the user ann, for a day."),
    ("-R web1.example.com", "Forget the host keys of a host."),
    ("-Y sign -n file -f deploy report.pdf", "Sign a file: report.pdf.sig is written."),
)


def renamed(usage: str, command: str) -> str:
    """Return letters behind the name that the command was called by."""
    name, called = f"ssh-stack {command}", command_name(command)
    indent = " " * len(f"usage: {name} ")
    return usage.replace(indent, " " * len(f"usage: {called} ")).replace(name, called)


def keygen_help() -> str:
    """Return what `ssh-stack keygen --help` says."""
    sections = {**KEYGEN_SECTIONS, "Examples": _KEYGEN_EXAMPLES}
    end = "Exit status: 0, or 255 for an error."
    return render(renamed(_KEYGEN_USAGE, "keygen"), sections, end)


def render(usage: str, sections: dict[str, Rows], end: str) -> str:
    """Return a help text: the letters, what each is for, and what else there is to know."""
    formatter = click.HelpFormatter(width=88)
    for title, rows in sections.items():
        with formatter.section(title):
            formatter.write_dl(rows, col_max=32)
    formatter.write_paragraph()
    formatter.write_text(end)
    return f"{usage}\n{formatter.getvalue()}"
