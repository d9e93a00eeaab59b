"""Engine tests talk to real servers on loopback; the Home Assistant plugin shuts all sockets by default."""

from collections.abc import Iterator

import pytest
import pytest_socket

from tests.servers.gemini import GeminiServer


@pytest.fixture(autouse=True)
def loopback_sockets() -> Iterator[None]:
    """Allow sockets, to loopback only."""
    pytest_socket.enable_socket()
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    yield
    pytest_socket.disable_socket(allow_unix_socket=True)


@pytest.fixture
def gemini(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeminiServer]:
    """A local Gemini, and the SDK told to use it."""
    with GeminiServer() as server:
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", server.url)
        yield server
