"""The differences between what `ssh -G` prints and what we print that have a reason.

Each is undone as narrowly as its reason allows; what is left must be equal.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from ssh_keys.patterns import matches
from ssh_stack.config.algorithm_defaults import default_algorithms
from ssh_stack.config.algorithms import AlgorithmList
from ssh_stack.config.directives import DIRECTIVES

if TYPE_CHECKING:
    from ssh_stack.config import HostConfig

__all__ = [
    "LISTS",
    "READ_OTHERWISE_BY_9_2",
    "REASONS",
    "REFUSED_BY_9_2",
    "REFUSED_HERE",
    "REFUSED_THERE",
    "SINCE_9_2",
    "Defaults",
    "has_reason",
    "undone",
]

LISTS: Final = {
    "ciphers": "cipher",
    "macs": "mac",
    "kexalgorithms": "kex",
    "hostkeyalgorithms": "HostKeyAlgorithms",
    "hostbasedacceptedalgorithms": "HostbasedAcceptedAlgorithms",
    "pubkeyacceptedalgorithms": "PubkeyAcceptedAlgorithms",
    "casignaturealgorithms": "sig",
}
"""Keywords with algorithms, and how `ssh -Q` is asked for all that there are."""

Defaults: TypeAlias = Mapping[str, tuple[Sequence[str], Sequence[str]]]
"""For each keyword of `LISTS`, what a peer prints without a configuration, and all that it has."""

_Values: TypeAlias = "dict[str, list[str]]"
_Undo: TypeAlias = Callable[[_Values, _Values, "HostConfig"], None]


# ------------------------------------------------------------- values


def _debian_trusts_x11(theirs: _Values, _ours: _Values, config: HostConfig) -> None:
    if "ForwardX11Trusted" not in config.found:
        theirs["forwardx11trusted"] = ["no"]


def _debian_batch_asks_server(theirs: _Values, _ours: _Values, config: HostConfig) -> None:
    if config.batch and config.alive_interval is None and theirs["serveraliveinterval"] == ["300"]:
        theirs["serveraliveinterval"] = ["0"]


def _debian_spells_true(theirs: _Values, _ours: _Values, _config: HostConfig) -> None:
    words = {"true": "yes", "false": "no"}
    theirs["tcpkeepalive"] = [words.get(word, word) for word in theirs["tcpkeepalive"]]


def _gssapi_is_printed_by_some(theirs: _Values, _ours: _Values, _config: HostConfig) -> None:
    for keyword in [each for each in theirs if each.startswith("gssapi")]:
        del theirs[keyword]


def _local_socket_counts_as_dynamic(theirs: _Values, ours: _Values, _config: HostConfig) -> None:
    # dump_cfg_forwards takes a target without a host for SOCKS
    extra = [line.partition(" ") for line in ours.get("localforward", ())]
    sockets = {listen for listen, _, target in extra if "/" in target and "[" not in target}
    kept = [each for each in theirs.get("dynamicforward", ()) if each not in sockets]
    if kept != theirs.get("dynamicforward", []):
        theirs.pop("dynamicforward")
        if kept:
            theirs["dynamicforward"] = kept


def _quotes_about_jump(theirs: _Values, _ours: _Values, _config: HostConfig) -> None:
    # OpenSSH has its shell take them away
    if "proxyjump" in theirs:
        theirs["proxyjump"] = [re.sub(r"^(['\"])(.*)\1$", r"\2", theirs["proxyjump"][0])]


def _facility_of_every_block(theirs: _Values, ours: _Values, config: HostConfig) -> None:
    # readconf.c does not ask whether the block is for the host
    if "SyslogFacility" not in config.found:
        theirs["syslogfacility"] = ours["syslogfacility"]


def _names_of_both_passes(theirs: _Values, _ours: _Values, _config: HostConfig) -> None:
    if "sendenv" in theirs:
        theirs["sendenv"] = list(dict.fromkeys(theirs["sendenv"]))


def _address_of_other_family(theirs: _Values, ours: _Values, config: HostConfig) -> None:
    if config.address_family == "inet" and ":" in theirs["hostname"][0]:
        theirs["hostname"] = [str(ipaddress.ip_address(theirs["hostname"][0]))]


def _mask_of_every_block(theirs: _Values, ours: _Values, _config: HostConfig) -> None:
    # nor here, and the last one counts
    theirs["streamlocalbindmask"] = ours["streamlocalbindmask"]


REASONS: Final[Mapping[str, _Undo]] = {
    "Debian's ForwardX11Trusted is on by default": _debian_trusts_x11,
    "Debian's BatchMode sets ServerAliveInterval to 300": _debian_batch_asks_server,
    "Debian's TCPKeepAlive is printed as true": _debian_spells_true,
    "GSSAPI is printed by builds that have it": _gssapi_is_printed_by_some,
    "a LocalForward to a socket is printed as DynamicForward too": _local_socket_counts_as_dynamic,
    "OpenSSH takes SyslogFacility from blocks for other hosts too": _facility_of_every_block,
    "OpenSSH takes the last StreamLocalBindMask of all blocks": _mask_of_every_block,
    "OpenSSH lists the names of SendEnv again in a final pass": _names_of_both_passes,
    "OpenSSH leaves an IPv6 address alone with AddressFamily inet": _address_of_other_family,
    "quotes about the host of ProxyJump are left to the shell": _quotes_about_jump,
}
"""Each reason, with what undoes the difference in copies of both sides."""


def undone(
    theirs: _Values, ours: _Values, config: HostConfig, defaults: Defaults
) -> tuple[_Values, _Values]:
    """Return both sides with the differences undone that have a reason."""
    left = {keyword: list(values) for keyword, values in theirs.items()}
    right = {keyword: list(values) for keyword, values in ours.items()}
    for undo in REASONS.values():
        undo(left, right, config)
    for keyword in LISTS:
        _undo_list(keyword, left, right, config, defaults)
    return left, right


# ------------------------------------------------------------- algorithms


def _undo_list(
    keyword: str, theirs: _Values, ours: _Values, config: HostConfig, defaults: Defaults
) -> None:
    """Drop a list where both sides make the same change to their own algorithms."""
    usual, everything = defaults[keyword]
    row = DIRECTIVES[keyword]
    change = getattr(config, row.field)
    written = change.change if isinstance(change, AlgorithmList) else ""
    mine = default_algorithms(row.field)
    expected = _assembled(written, usual, everything)
    if theirs[keyword] == [",".join(expected)] and ours[keyword] == [
        ",".join(change.applied(mine) if change else mine)
    ]:
        del theirs[keyword], ours[keyword]


def _assembled(change: str, usual: Sequence[str], everything: Sequence[str]) -> list[str]:
    """Return what kex.c's `kex_assemble_names` makes of a change."""
    names = change.lstrip("+-^").split(",")
    if not change:
        return list(usual)
    if change[0] == "-":
        return [each for each in usual if not any(_matches(name, each) for name in names)]
    if change[0] == "+":
        names = [*usual, *names]
    elif change[0] == "^":
        names = [*names, *usual]
    found = (each for name in names for each in everything if _matches(name, each))
    return list(dict.fromkeys(found))


def _matches(pattern: str, name: str) -> bool:
    return matches(pattern.encode(), name.encode())


# ------------------------------------------------------------- refusals

REFUSED_HERE: Final[Mapping[str, str]] = {
    r"(Identity|Certificate)File\w* has an unknown (token|variable)|"
    r"(Identity|Certificate)File\w* names an unknown variable": (
        "OpenSSH looks at the tokens of a key's path when it loads the key"
    ),
    r"GlobalKnownHostsFile\w* there is no user": "OpenSSH looks for the user when it connects",
    r"has a quote that is not closed": "the block that the line could begin would be lost",
    r"begins with two signs of equality": "the same",
    r"leaves no .* algorithm": "OpenSSH refuses it when it connects",
    r"cannot be part of a command": "a name with shell syntax is put into no command",
    r"GSSAPI\w+ ": "a build without GSSAPI does not look at the values",
}
"""What only we refuse, by our message, and why."""

REFUSED_THERE: Final[Mapping[str, str]] = {
    r"Could not resolve hostname": "here it is an error of connecting, not of the configuration",
    r"Cannot forward agent socket path": "here it is an error of forwarding the agent",
}
"""What only OpenSSH refuses, by its message, and why."""


def has_reason(text: str, reasons: Mapping[str, str]) -> bool:
    """Return whether one of some reasons is for a message or a file."""
    return any(re.search(pattern, text, re.IGNORECASE) for pattern in reasons)


SINCE_9_2: Final[Mapping[str, str]] = {
    "casignaturealgorithms": "10.3: webauthn signatures of authorities",
    "channeltimeout": "9.7",
    "identityfile": "other default files",
    "controlpath": "9.6: %C has the host of ProxyJump in it; 10.3: and the expanded user",
    "ipqos": "10.1: other defaults, and the names of RFC 1349 count no more",
    "obscurekeystroketiming": "9.5",
    "revokedhostkeys": "10.1: more than one file; it is printed where there is none, too",
    "setenv": "10.3: tokens and variables in it",
    "tag": "9.4",
    "user": "10.3: tokens and variables in it",
    "versionaddendum": "10.4",
    "warnweakcrypto": "10.1",
    "addkeystoagent": "10.0",
}
"""Keywords that 9.2 prints otherwise than 10.6, or not at all, and what has changed since."""

READ_OTHERWISE_BY_9_2: Final[Mapping[str, str]] = {
    r"(?i)!final": "10.1: a negated final asks for no final pass",
}
"""What in a file means something else to 9.2, so that every value may differ."""

REFUSED_BY_9_2: Final[Mapping[str, str]] = {
    r"Bad configuration option: (tag|obscurekeystroketiming|warnweakcrypto|versionaddendum"
    r"|channeltimeout|refuseconnection)": "keywords of 9.4 to 10.4",
    r"Unsupported Match attribute (tagged|localnetwork|command|sessiontype|version)": (
        "words of 9.4 to 10.0"
    ),
    r"Unsupported Match attribute|Missing Match criteria": "9.9: quotes and = in Match",
    r"revokedhostkeys extra arguments": "10.1: more than one file",
    r"Syntax error": "the same, in a command of exec",
    r"invalid time value": "10.1: fractions of seconds",
    r"Bad IPQoS value": "10.1: the value VA",
    r"starts with invalid character": "9.9: domains that begin with an underscore",
}
"""What 9.2 refuses and 10.6 takes, by the message of 9.2, and what has changed since."""
