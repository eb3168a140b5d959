"""What `--help` says of sftp, cp, keyscan and add, under the names that they are called by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ssh_stack.cli.program import command_name
from ssh_stack.cli.usage import Rows, render

__all__ = [
    "USAGE_SECTIONS",
    "add_help",
    "add_usage",
    "cp_help",
    "cp_usage",
    "keyscan_help",
    "keyscan_usage",
    "sftp_help",
    "sftp_usage",
]

_SFTP_USAGE: Final = (
    "[-46aCfNpqrv] [-B buffer_size] [-b batchfile] [-c cipher]",
    "[-D sftp_server_command] [-F ssh_config] [-i identity_file]",
    "[-J destination] [-l limit] [-o ssh_option] [-P port]",
    "[-R num_requests] [-S program] [-s subsystem | sftp_server]",
    "[-X sftp_option] destination [local]",
)
_SFTP: Final[dict[str, Rows]] = {
    "Where to": (
        ("destination", "[user@]host[:path] or sftp://[user@]host[:port][/path]."),
        ("local", "Where the file of the destination is fetched to."),
        ("-P port", "Connect to this port."),
        ("-J jump", "Go through these hosts, with commas between them."),
        ("-4, -6", "Use IPv4 or IPv6 addresses only."),
        ("-s subsystem", "Ask for this subsystem, or for a command where it has a slash."),
        ("-S program", "Connect by this program, in the place of ssh."),
        ("-D command", "Run an SFTP server on this machine."),
    ),
    "Configuration and keys": (
        ("-F file", "Read this file instead of ~/.ssh/config and the system's; none for none."),
        ("-o option", "Put a line of ssh_config before the files."),
        ("-i file", "Log in with this key; may be given several times."),
        ("-c cipher", "Offer these ciphers."),
        ("-C", "Compress."),
    ),
    "Transfers": (
        ("-a", "Continue transfers that were interrupted."),
        ("-f", "Have files on stable storage before they count as transferred."),
        ("-p", "Keep permissions and times."),
        ("-r", "Transfer directories with everything in them."),
        ("-l limit", "Use at most so many Kbit/s."),
        ("-B bytes, -R number", "The size of requests, and how many there are at once."),
        ("-X option", "buffer=SIZE or nrequests=NUMBER, the same in other words."),
    ),
    "Commands and messages": (
        ("-b file", "Carry out the commands of a file, - for standard input; stop at an error."),
        ("-N", "Print what is done, with -b too."),
        ("-q", "Print errors only."),
        ("-v, -vv, -vvv", "Print what happens, in more and more detail."),
        ("-h, --help", "Print this, and end."),
    ),
}
_SFTP_END: Final = (
    "The commands: help at the prompt lists them. "
    "Exit status: 0, 1 for a command that failed in a batch, 255 without a connection."
)

_CP_USAGE: Final = (
    "[-346BCpqRrTv] [-c cipher] [-D sftp_server_command] [-F ssh_config]",
    "[-i identity_file] [-J destination] [-l limit] [-o ssh_option]",
    "[-P port] [-S program] [-s] [-X sftp_option] [--follow-links]",
    "[--in-place] [--json] [--login user] [--resume] [--verify]",
    "[--sparse] [--stripes number] [--jobs number] [--include pattern]",
    "[--exclude pattern]",
    "[--sync [--delete] [--dry-run] [--checksum]] source ... target",
)
_CP: Final[dict[str, Rows]] = {
    "What to copy": (
        ("source, target", "A path, [user@]host:path, or sftp://[user@]host[:port]/path."),
        ("-r, --recursive", "Copy directories with all they hold."),
        ("-p, --preserve", "Keep permissions and times."),
        ("--resume", "Go on from what an earlier copy with --resume has left."),
        ("--verify", "Compare the content on both sides before a file gets its name."),
        ("--sparse", "Make holes of what is zero, and send no holes of local files."),
        ("--stripes number", "Upload a large file over so many channels, for a long line."),
        ("--include, --exclude", "Copy files of a tree by patterns; may be given several times."),
        ("--jobs number", "Have at most so many files of a tree open at once."),
        ("--in-place", "Write to the files themselves, for servers that refuse to rename."),
        ("--follow-links", "Copy what the links in a tree lead to."),
        ("-l limit, --limit", "Use at most so many Kbit/s."),
        ("-X option", "buffer=SIZE or nrequests=NUMBER: the size and number of requests."),
        ("-3, -R", "Between two hosts through this machine, or from the first to the second."),
        ("-s", "Use SFTP: there is nothing else. -O, the older protocol, is refused."),
        ("-T", "Accepted for scp's sake: a server's names are always checked."),
    ),
    "Make a directory like another": (
        ("--sync", "Copy what differs in size or time, with permissions and times."),
        ("--checksum", "Compare content in the place of times."),
        ("--delete", "Delete what the source does not have."),
        ("--dry-run", "Change nothing; print what would be done."),
    ),
    "Where to": (
        ("-P port, --port", "The port of every host."),
        ("--login user", "The user on every host."),
        ("-J hosts, --jump", "Go through these hosts, with commas between them."),
        ("-4, -6", "Use IPv4 or IPv6 addresses only."),
        ("-S program", "Connect by this program, in the place of ssh."),
        ("-D command", "Run an SFTP server on this machine in the place of each host."),
    ),
    "Configuration and keys": (
        ("-F file, --config", "Read this file instead of ~/.ssh/config and the system's."),
        ("-o option, --option", "Put a line of ssh_config before the files."),
        ("-i file, --identity", "Log in with this key; may be given several times."),
        ("-c cipher", "Offer these ciphers."),
        ("-C", "Compress."),
        ("-B", "Ask for no password and no passphrase."),
    ),
    "Messages": (
        ("-q, --quiet", "Show no progress and no warnings."),
        ("-v, --verbose", "Say what happens; up to three times for more."),
        ("--json", "Print what was copied, as JSON."),
        ("-h, --help", "Print this, and end."),
    ),
}
_CP_END: Final = (
    "A file appears under its name when all of it is there. Links in a tree are left out, and "
    "named. What cannot be copied is named too, and the rest of a tree is copied all the same. "
    "Exit status: 0 when all was copied, 1 when a file was not, 255 without a connection."
)

_KEYSCAN_USAGE: Final = (
    "[-46cDHqv] [-f file] [-O option] [-p port] [-T timeout] [-t type]",
    "[--json] [host | addrlist namelist] ...",
)
_KEYSCAN: Final[dict[str, Rows]] = {
    "What to scan": (
        ("host", "A name, an address, or a range of addresses such as 192.0.2.0/28."),
        ("addrlist namelist", "One word: what is connected to, a space, and what is printed."),
        ("-f file", "Read hosts from a file, one on a line; - for standard input."),
        ("-p port", "Connect to this port."),
        ("-t type", "rsa, ecdsa, ed25519, ecdsa-sk, ed25519-sk, mldsa44-ed25519; all by default."),
        ("-c", "Ask for certificates in the place of keys."),
        ("-4, -6", "Use IPv4 or IPv6 addresses only."),
        ("-T timeout", "Give up on a host after so many seconds; 5 by default."),
    ),
    "What to print": (
        ("-D", "SSHFP records for the DNS in the place of lines of known_hosts."),
        ("-O hashalg=hash", "The hash of these records: sha1 or sha256; both by default."),
        ("-H", "Hash the names of hosts."),
        ("-q", "No comments."),
        ("--json", "A list of objects, one for each host and kind of key."),
        ("-v", "What the servers do not have, too."),
        ("--help", "Print this, and end."),
    ),
}
_KEYSCAN_END: Final = (
    "Each server proves that it has its key; no user is authenticated. Whether it is the right "
    "server, only you can find out: compare the fingerprints before you trust the lines. "
    "Exit status: 0 if a key was found, 1 if none was."
)


_ADD_USAGE: Final = (
    "[-CcDdKkLlNqvXx] [-E fingerprint_hash] [-H hostkey_file]",
    "[-h destination_constraint] [-S provider] [-t life] [file ...]",
    "-s pkcs11 [-Ccv] [certificate ...]",
    "-e pkcs11",
    "-T pubkey ...",
    "-Q",
)
_ADD: Final[dict[str, Rows]] = {
    "What to do (without any of these: add keys)": (
        ("file", "The private key to add, - for standard input; the usual ones by default."),
        ("-l", "List the fingerprints of the agent's keys."),
        ("-L", "List the keys themselves."),
        ("-d", "Remove keys; with - the public keys on standard input."),
        ("-D", "Remove all keys."),
        ("-x", "Lock the agent with a password."),
        ("-X", "Unlock it."),
        ("-T", "Try whether the private keys of these public key files can be used."),
        ("-s pkcs11", "Add the keys of a PKCS#11 token, with certificates of them."),
        ("-e pkcs11", "Remove the keys of a token."),
        ("-Q", "List the agent's extensions to the protocol."),
    ),
    "How": (
        ("-c", "Have the agent ask its user before each use."),
        ("-t life", "Have it forget the key after so many seconds, or a time such as 1h30m."),
        ("-h constraint", "host or first>second: the login that the key may be used for."),
        ("-H file", "Read the keys of these hosts from this file of known_hosts."),
        ("-k", "Plain keys only, no certificates."),
        ("-C", "Certificates only."),
        ("-N", "Keep certificates for longer than they are valid."),
        ("-S provider", "The library for keys in FIDO tokens; that of the agent by default."),
    ),
    "Messages": (
        ("-E fingerprint_hash", "The hash of fingerprints: sha256 or md5."),
        ("-q", "Print errors only."),
        ("-v", "Accepted for ssh-add's sake."),
        ("--help", "Print this, and end."),
    ),
}
_ADD_END: Final = (
    "The agent is that of SSH_AUTH_SOCK. A file's certificate, with -cert.pub behind its name, is "
    "added with it. Exit status: 0, 1 for what the agent or a file refused, 2 without an agent."
)


USAGE_SECTIONS: Final = {"sftp": _SFTP, "cp": _CP, "keyscan": _KEYSCAN, "add": _ADD}
"""What each of these commands takes, by the title of its part of the help."""


_EXAMPLES: Final[Mapping[str, Rows]] = {
    "sftp": (
        ("web1:/srv/data", "Begin in this directory."),
        ("web1:report.pdf .", "Fetch a file, and end."),
        ("-b batch web1", "Carry out the commands of a file; stop at the first that fails."),
        ("-r -a web1", "Continue what was transferred in part."),
    ),
    "cp": (
        ("-r web1:/srv/data .", "Fetch a tree."),
        ("*.log web1:", "Send files to the home directory."),
        ("web1:big web2:", "Copy between hosts, through this machine."),
        ("--json -r tree web1:", "Print what was copied, for a program."),
    ),
    "keyscan": (
        ("-t ed25519 web1", "Print the key of one kind."),
        ("-H web1 >> ~/.ssh/known_hosts", "Add the keys, with a hashed name."),
        ("-q -T 2 192.0.2.0/28", "Scan a range of addresses."),
        ("-D web1", "Print records for the DNS."),
    ),
    "add": (
        ("-t 8h ~/.ssh/id_ed25519", "Add a key for a day's work."),
        ("-c -h web1 key", "Add a key that logs in to one host, and is confirmed each time."),
        ("-l", "List the keys."),
    ),
}


def sftp_usage() -> str:
    """Return the letters of sftp."""
    return _usage("sftp", _SFTP_USAGE)


def sftp_help() -> str:
    """Return what `sftp --help` says."""
    return _help("sftp", sftp_usage(), _SFTP_END)


def cp_usage() -> str:
    """Return the letters of cp."""
    return _usage("cp", _CP_USAGE)


def cp_help() -> str:
    """Return what `cp --help` says."""
    return _help("cp", cp_usage(), _CP_END)


def keyscan_usage() -> str:
    """Return the letters of keyscan."""
    return _usage("keyscan", _KEYSCAN_USAGE)


def keyscan_help() -> str:
    """Return what `keyscan --help` says."""
    return _help("keyscan", keyscan_usage(), _KEYSCAN_END)


def add_usage() -> str:
    """Return the letters of add."""
    return _usage("add", _ADD_USAGE)


def add_help() -> str:
    """Return what `add --help` says."""
    return _help("add", add_usage(), _ADD_END)


def _usage(command: str, lines: Sequence[str]) -> str:
    """Return lines of letters behind the name that a command is called by."""
    head = f"usage: {command_name(command)} "
    return head + f"\n{' ' * len(head)}".join(lines) + "\n"


def _help(command: str, usage: str, end: str) -> str:
    """Return a help text with examples, under the name that the command is called by."""
    name = command_name(command)
    examples = [(f"{name} {words}", text) for words, text in _EXAMPLES[command]]
    return render(usage, {**USAGE_SECTIONS[command], "Examples": examples}, end)
