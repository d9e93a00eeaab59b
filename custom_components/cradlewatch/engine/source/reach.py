"""Whether a camera's port answers: asked in the back-off, so that a camera that is back is not waited for."""

import socket
from urllib.parse import urlsplit

from ..errors import SourceError
from .resolve import resolve
from .types import AbortToken

_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


def answers(spec: str, timeout_s: float, abort: AbortToken) -> bool | None:
    """True where a TCP connection is accepted, False where not; None for what has no port (files, devices)."""
    try:
        parts = urlsplit(spec)
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme.lower())
    except ValueError:
        return None
    if not host or port is None:
        return None
    try:
        address = min(resolve(host, timeout_s, abort))
        with socket.create_connection((address, port), timeout=timeout_s):
            return True
    except SourceError, OSError:
        return False
