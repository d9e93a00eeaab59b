"""Ends FFmpeg's blocked network calls: PyAV has no abort, but a socket that is shut down under it wakes it.

Linux only (reads /proc). Elsewhere `SocketGuard` finds nothing and the read timeout ends the call.
"""

from contextlib import suppress
import ipaddress
import os
from pathlib import Path
import socket
import stat
import sys
import threading

_FDS = Path("/proc/self/fd")
_TABLES = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))
_LISTENING = "0A"
_claims_lock = threading.Lock()
# Sockets (inodes) that belong to an open source: nobody else's abort may end them.
_claimed: set[int] = set()


class SocketGuard:
    """Knows which connections to `addresses` were made since it was built, and shuts them down on demand.

    Two sources that connect to the same host at the same moment can be mistaken for each other until the first
    of them is open; the wrong one then reconnects.
    """

    def __init__(self, addresses: frozenset[str]) -> None:
        self._addresses = frozenset(_plain(address) for address in addresses)
        self._before = _tcp_inodes(self._addresses)
        self._own: set[int] = set()
        self._released = False
        self.ended = False
        """True once `end` was called: errors from then on are of our own making."""

    def claim(self) -> None:
        """Call when the source is open: its connections are known from here on as its own."""
        with _claims_lock:
            if not self._released:
                self._own |= _tcp_inodes(self._addresses) - self._before - _claimed
                _claimed.update(self._own)

    def end(self) -> None:
        """Shut down the connections; from any thread, never raises."""
        self.ended = True
        with suppress(OSError), _claims_lock:
            if self._released:
                return
            foreign = _claimed - self._own
            mine = _tcp_inodes(self._addresses) - self._before - foreign
            _shut_down(mine | self._own)

    def release(self) -> None:
        """Forget the connections: the source is closed. Safe to call twice."""
        with _claims_lock:
            self._released = True
            _claimed.difference_update(self._own)
            self._own.clear()


def _tcp_inodes(addresses: frozenset[str]) -> set[int]:
    """Inodes of this process's TCP sockets with one of `addresses` as peer, in any state (also connecting)."""
    if sys.platform != "linux" or not addresses:
        return set()
    rows: list[list[str]] = []
    for table in _TABLES:
        with suppress(OSError):
            rows += [line.split() for line in table.read_text(encoding="ascii").splitlines()[1:]]
    return _with_peer([row for row in rows if len(row) > 9], addresses) & _own_socket_inodes()


def _with_peer(rows: list[list[str]], addresses: frozenset[str]) -> set[int]:
    # What was accepted has the port of a listener of ours: a browser or a proxy on the camera's machine (or on this
    # one) is no connection to the camera.
    served = {_port_of(row[1]) for row in rows if row[3] == _LISTENING}
    return {
        int(row[9])
        for row in rows
        if _port_of(row[1]) not in served and _address_of(row[2].partition(":")[0]) in addresses
    }


def _port_of(hex_address: str) -> str:
    return hex_address.partition(":")[2]


def _address_of(hex_words: str) -> str:
    # The kernel prints the address as words of the machine's byte order.
    words = [int(hex_words[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(hex_words), 8)]
    return _plain(str(ipaddress.ip_address(b"".join(words))))


def _plain(address: str) -> str:
    """One spelling for an address, whether the socket is IPv4 or IPv4 inside IPv6."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)


def _own_socket_inodes() -> set[int]:
    found: set[int] = set()
    for entry in _fds():
        with suppress(OSError):
            target = os.readlink(f"{_FDS}/{entry}")  # noqa: PTH115 - hundreds of these at once
            if target.startswith("socket:["):
                found.add(int(target[8:-1]))
    return found


def _fds() -> list[str]:
    try:
        return os.listdir(_FDS)  # noqa: PTH208 - called for every socket, and names are all that is needed
    except OSError:
        return []


def _shut_down(inodes: set[int]) -> None:
    if not inodes:
        return
    for entry in _fds():
        with suppress(OSError):
            _shut_down_if(int(entry), inodes)


def _shut_down_if(number: int, inodes: set[int]) -> None:
    # FFmpeg may close the number and another thread get it anew: only our duplicate is looked at and shut.
    duplicate = os.dup(number)
    status = os.fstat(duplicate)
    if not stat.S_ISSOCK(status.st_mode) or status.st_ino not in inodes:
        os.close(duplicate)
        return
    with socket.socket(fileno=duplicate) as twin:
        twin.shutdown(socket.SHUT_RDWR)
