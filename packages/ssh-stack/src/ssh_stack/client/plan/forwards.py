"""What is forwarded through the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_connection.addresses import TCPAddress
    from ssh_stack.config import HostConfig
    from ssh_stack.config.forward_specs import ForwardSpec

__all__ = ["ForwardsPlan", "merge_forwards"]

_WORDS: Final = {"any": True, "none": False}


@lazy_attrs.frozen(kw_only=True)
class ForwardsPlan:
    """What the command line forwards.

    Attributes:
        local: Forwards that listen here (LocalForward).
        remote: Forwards that listen at the server (RemoteForward).
        dynamic: Forwards that listen here and speak SOCKS (DynamicForward).
        clear_all: Whether the forwards of the configuration and of the command line are left out
            (ClearAllForwardings).
        exit_on_failure: Whether the command line ends where one cannot be opened
            (ExitOnForwardFailure).
        gateway_ports: Whether forwards listen on all addresses where none is named (GatewayPorts).
        remote_targets: What a remote forward with SOCKS may connect to: host:port each, "any" or
            "none" (PermitRemoteOpen).
        socket_mask: The umask of Unix sockets that forwards listen on (StreamLocalBindMask).
        socket_unlink: Whether such a socket replaces what is at its path (StreamLocalBindUnlink).
        tunnel: Whether network devices are tunnelled (Tunnel).
        tunnel_device: The devices here and there; None for the next free one (TunnelDevice).
    """

    local: tuple[ForwardSpec, ...] = ()
    remote: tuple[ForwardSpec, ...] = ()
    dynamic: tuple[ForwardSpec, ...] = ()
    clear_all: bool = False
    exit_on_failure: bool = False
    gateway_ports: bool = False
    remote_targets: tuple[str, ...] = ("any",)
    socket_mask: int = 0o177
    socket_unlink: bool = False
    tunnel: Literal["no", "point-to-point", "ethernet"] = "no"
    tunnel_device: tuple[int | None, int | None] = (None, None)

    def permits_remote_open(self, address: TCPAddress) -> bool:
        """Return whether a remote forward with SOCKS may connect to an address.

        A host is compared as it is written: "no pattern matching or address lookups are
        performed on supplied names" (ssh_config(5), PermitRemoteOpen).
        """
        return any(_permits(entry, address) for entry in self.remote_targets)


def _permits(entry: str, address: TCPAddress) -> bool:
    if entry in _WORDS:
        return _WORDS[entry]
    host, _, port = entry.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    return host in ("*", address.host) and port in ("*", str(address.port))


def merge_forwards(config: HostConfig) -> ForwardsPlan:
    """Return what is forwarded; nothing of the configuration where all is cleared."""
    cleared = config.clear_all_forwardings
    return ForwardsPlan(
        local=() if cleared else config.local_forwards,
        remote=() if cleared else config.remote_forwards,
        dynamic=() if cleared else config.dynamic_forwards,
        clear_all=cleared,
        exit_on_failure=config.exit_on_forward_failure,
        gateway_ports=config.gateway_ports,
        remote_targets=config.permit_remote_open,
        socket_mask=config.stream_local_bind_mask,
        socket_unlink=config.stream_local_bind_unlink,
        tunnel="no" if cleared else config.tunnel,
        tunnel_device=config.tunnel_device,
    )
