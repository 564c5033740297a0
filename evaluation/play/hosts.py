"""Names of hosts."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether nobody outside this machine can reach a host.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
        (True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_name_of(listened_on: str, host: str) -> bool:
    """Whether a request's Host names a server that listens on an address.

    Where that is one of all networks, so does any address, and this machine's name; never another name, which somebody
    may have made to lead here.

    Args:
        listened_on: The address.
        host: The Host, perhaps with a port.
    """
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    if name is None or "@" in host:
        return False
    if is_loopback(name) or name == listened_on:
        return True
    return not is_loopback(listened_on) and (_is_address(name) or name == socket.gethostname().lower())


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
