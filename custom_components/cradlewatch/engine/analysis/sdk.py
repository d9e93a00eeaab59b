"""google-genai, loaded where it is needed, and used in the one way that stays within its limits."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import importlib
import threading
from typing import TYPE_CHECKING, Any

from .sdk_code import compiled_apart
from .transport import session, tls_context

if TYPE_CHECKING:
    from google import genai

API_VERSION = "v1beta"
"""Pinned: google-genai 2 defaults to v1beta, 3 to v1, which lacks parts of what we ask for."""
_IMPORTED: set[str] = set()
_IMPORTING = threading.Lock()
_SPARE_MS = 2000
"""The SDK's own limit lies behind ours, so that ours names the outcome."""


def load() -> Any:
    """The SDK (blocking and slow at first: executor threads only). Homes without Gemini never pay for it."""
    return _imported("google.genai")


def types() -> Any:
    """`google.genai.types`."""
    return _imported("google.genai.types")


def _imported(name: str) -> Any:
    if name not in _IMPORTED:
        with _IMPORTING, compiled_apart("google.genai"):
            importlib.import_module(name)
            _IMPORTED.add(name)
    return importlib.import_module(name)


@asynccontextmanager
async def gemini_client(
    api_key: str, timeout_s: float, on_sent: Callable[[], None] | None = None
) -> AsyncIterator[genai.client.AsyncClient]:
    """A client for one job; session, sockets and client are closed at its end. `on_sent`: a request is on its way.

    GOOGLE_GEMINI_BASE_URL is honoured by the SDK itself.
    """
    genai_module, sdk_types = load(), types()
    tls = {"verify": tls_context()}
    async with session(on_sent) as http:
        options = sdk_types.HttpOptions(
            api_version=API_VERSION,
            timeout=int(timeout_s * 1000) + _SPARE_MS,
            aiohttp_client=http,
            client_args=tls,
            async_client_args=tls | {"ssl": tls["verify"]},
        )
        client = genai_module.Client(api_key=api_key, vertexai=False, http_options=options)
        try:
            yield client.aio
        finally:
            await client.aio.aclose()
            client.close()
