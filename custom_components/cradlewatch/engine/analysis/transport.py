"""An HTTP session for one call to a model: bounded answers, one request only, the key to one host only.

Two habits of google-genai are undone here: a connection that fails is tried again after 1 to 10 s without asking
(a reset call may be billed twice), and an answer of any size is read.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
import socket
import ssl
import threading

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
import certifi

from .outcome import LinkLostError, TooLongError

BODY_MAX_BYTES = 1 << 20


@cache
def tls_context() -> ssl.SSLContext:
    """Trusted certificates, read once (blocking: call it in an executor thread). Safe to share."""
    return ssl.create_default_context(cafile=certifi.where())


class BoundedResponse(aiohttp.ClientResponse):
    """Reads no more than BODY_MAX_BYTES of an answer."""

    async def read(self) -> bytes:
        """The whole body.

        Raises:
            TooLongError: it is longer than the limit; the connection is closed.
            LinkLostError: the connection broke on the way.
        """
        if self._body is None:
            try:
                self._body = await self._read_bounded()
            except (aiohttp.ClientError, OSError) as error:
                self.close()
                if isinstance(error, TimeoutError):
                    raise
                raise LinkLostError("the connection broke within the answer") from None
            except BaseException:
                self.close()
                raise
        return await super().read()

    async def _read_bounded(self) -> bytes:
        read = bytearray()
        async for chunk in self.content.iter_chunked(1 << 16):
            read += chunk
            if len(read) > BODY_MAX_BYTES:
                raise TooLongError(f"the answer is longer than {BODY_MAX_BYTES} bytes")
        return bytes(read)


class ThreadResolver(AbstractResolver):
    """Looks a host up in a daemon thread: a lookup that hangs is left behind, and holds neither job nor shutdown."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[ResolveResult]] = loop.create_future()

        def look_up() -> None:
            try:
                infos = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
                results = [_result(host, port, info) for info in infos]
                _hand_over(loop, found, results)
            except OSError as error:
                _hand_over(loop, found, OSError(f"{host} cannot be found: {error.strerror or 'no such host'}"))

        threading.Thread(target=look_up, name="cradlewatch-dns", daemon=True).start()
        return await found

    async def close(self) -> None:
        """Nothing is held."""


def _result(host: str, port: int, info: tuple[int, int, int, str, tuple[object, ...]]) -> ResolveResult:
    family, _, proto, _, address = info
    return ResolveResult(
        hostname=host,
        host=str(address[0]),
        port=port,
        family=family,
        proto=proto,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


def _hand_over(
    loop: asyncio.AbstractEventLoop,
    found: asyncio.Future[list[ResolveResult]],
    value: list[ResolveResult] | OSError,
) -> None:
    def settle() -> None:
        if found.done():
            return
        if isinstance(value, OSError):
            found.set_exception(value)
        else:
            found.set_result(value)

    try:
        loop.call_soon_threadsafe(settle)
    except RuntimeError:
        return  # the job is over and its loop closed: nobody waits any more


class _Guard:
    """Middleware: one host for the whole session, and connection trouble under a name that nothing retries."""

    def __init__(self) -> None:
        self._host: str | None = None

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        self._host = self._host or request.url.authority
        if request.url.authority != self._host:
            raise LinkLostError("the answer leads to another host, as before a log-in page")
        try:
            return await handler(request)
        except aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError:
            raise LinkLostError("the certificate of the model's host is not trusted") from None
        except (aiohttp.ClientConnectionError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise LinkLostError(f"{type(error).__name__}: no connection to the model's host") from None


def _told_when_sent(on_sent: Callable[[], None]) -> aiohttp.TraceConfig:
    trace = aiohttp.TraceConfig()

    async def sent(_session: aiohttp.ClientSession, _context: object, _params: object) -> None:
        on_sent()

    trace.on_request_chunk_sent.append(sent)
    return trace


@asynccontextmanager
async def session(on_sent: Callable[[], None] | None = None) -> AsyncIterator[aiohttp.ClientSession]:
    """A session for one job; closed with all its connections at the end. Proxies of the environment are honoured.

    `on_sent` is called as a request's body goes out: the connection is made, the other side has the word.
    """
    connector = aiohttp.TCPConnector(resolver=ThreadResolver(), ssl=tls_context(), limit=4, force_close=True)
    made = aiohttp.ClientSession(
        connector=connector,
        response_class=BoundedResponse,
        middlewares=(_Guard(),),
        trust_env=True,
        trace_configs=[_told_when_sent(on_sent)] if on_sent else None,
    )
    async with made:
        yield made
