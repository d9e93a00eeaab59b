"""A local server that speaks Gemini's generateContent wire: real HTTP, real faults, no Google.

    with GeminiServer() as server:            # set GOOGLE_GEMINI_BASE_URL to server.url
        server.answer_with("danger")          # from now on
        server.answer_next("429", "hang")     # the next generateContent calls first
        assert server.checks_received == 1

Runs in a thread with an event loop of its own. Leaving the block ends it at once, hung requests included.
Scenarios: the keys of ANSWERS, TEXTS and ERRORS in `gemini_answers.py`, a dict (the model's JSON), `text:...`, and
those of `_special` below: slow[:SECONDS[:SCENARIO]], hang, drip[:SECONDS], 500-then-ok, 502_html, 200_html,
redirect:URL, reset, reset_mid, safety_block, safety_finish, recitation, truncated, empty, multi_parts, thought_parts.
"""

import asyncio
import base64
from collections import deque
from dataclasses import dataclass, field
import json
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from .gemini_answers import BAD_GATEWAY, ERRORS, MODELS, PORTAL, answer_body, model_body, model_list

type Scenario = str | dict[str, Any]

_RST = struct.pack("ii", 1, 0)
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 429: "Too Many Requests", 500: "Internal Server Error"}
_TRANSPORT = ("hang", "slow", "drip", "reset", "200_html", "502_html")
"""Scenarios which other endpoints than generateContent follow too, beside those of ERRORS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeminiRequest:
    """One request as it arrived. `images` are the decoded inline media parts in order."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any
    scenario: Scenario
    at_s: float
    images: tuple[bytes, ...] = ()
    prompt: str = ""

    @property
    def key(self) -> str:
        """The API key that came with it."""
        return self.headers.get("x-goog-api-key", "") or self.query.get("key", [""])[0]

    @property
    def model(self) -> str:
        """The model named in the path."""
        return self.path.rpartition("/models/")[2].partition(":")[0]

    @property
    def config(self) -> dict[str, Any]:
        """generationConfig of the body."""
        config: dict[str, Any] = self.body.get("generationConfig", {}) if isinstance(self.body, dict) else {}
        return config


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    raw: bytes = b""

    def reset(self) -> None:
        """End it with RST."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
        self.writer.transport.abort()


@dataclass(slots=True, kw_only=True)
class _Incoming:
    method: str
    target: str
    headers: dict[str, str]
    payload: bytes = field(repr=False)


class GeminiServer:
    """See the module's text. All methods may be called from any thread."""

    def __init__(self, *, accepted_key: str | None = None) -> None:
        self.accepted_key = accepted_key
        """Any other key is answered with invalid_key, None: all are good."""
        self.requests: list[GeminiRequest] = []
        self.clients_gone = 0
        """Requests whose client closed the connection before the answer was complete."""
        self.in_flight = 0
        self.most_in_flight = 0
        self.report_answer: dict[str, Any] | None = None
        """What a call that asks for a timeline (a window report) is answered with in place of `ok`."""
        self.reports_with: Scenario | None = None
        """What every call that asks for a timeline gets, faults included; frame checks keep the other scenarios."""
        self._reports_next: deque[Scenario] = deque()
        self._lock = threading.Lock()
        self._default: Scenario = "ok"
        self._next: deque[Scenario] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Base address for GOOGLE_GEMINI_BASE_URL."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def checks(self) -> list[GeminiRequest]:
        """The generateContent requests so far."""
        with self._lock:
            return [request for request in self.requests if self._is_check(request.path)]

    @property
    def reports(self) -> list[GeminiRequest]:
        """Those of them that ask for a window's report."""
        return [request for request in self.checks if _asks_for_report(request.body)]

    @property
    def checks_received(self) -> int:
        """Number of generateContent requests, answered or not."""
        return len(self.checks)

    def answer_with(self, scenario: Scenario) -> None:
        """From now on every generateContent call gets this; faults and error codes hold for all other calls too."""
        with self._lock:
            self._default = scenario

    def answer_next(self, *scenarios: Scenario) -> None:
        """The next generateContent calls get these, one each, before `answer_with` holds again."""
        with self._lock:
            self._next.extend(scenarios)

    def report_next(self, *scenarios: Scenario) -> None:
        """The next calls that ask for a timeline get these, one each, before `reports_with` holds again."""
        with self._lock:
            self._reports_next.extend(scenarios)

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name="local-gemini", daemon=True)
        self._thread.start()
        assert started.wait(10), "the local Gemini did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._loop is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)
        assert not self._thread.is_alive(), "the local Gemini did not stop"

    def _run(self, started: threading.Event) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._serve(started))

    async def _serve(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        tasks: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._connection(_Connection(reader, writer)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=1 << 26)
        self._port = server.sockets[0].getsockname()[1]
        started.set()
        await self._stop.wait()
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connection(self, connection: _Connection) -> None:
        try:
            while (incoming := await _read_request(connection.reader)) is not None:
                with self._lock:
                    self.in_flight += 1
                    self.most_in_flight = max(self.most_in_flight, self.in_flight)
                try:
                    keep = await self._answer_or_gone(connection, incoming)
                finally:
                    with self._lock:
                        self.in_flight -= 1
                if not keep:
                    break
        except ConnectionError, asyncio.IncompleteReadError:
            pass  # the client went away between requests, which is its right
        finally:
            connection.writer.close()

    async def _answer_or_gone(self, connection: _Connection, incoming: _Incoming) -> bool:
        answer = asyncio.ensure_future(self._answer(connection, incoming))
        gone = asyncio.ensure_future(connection.reader.read(1))
        try:
            await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result() and not gone.done()
            self.clients_gone += 1
            return False
        finally:
            answer.cancel()
            gone.cancel()
            await asyncio.gather(answer, gone, return_exceptions=True)

    def _record(self, incoming: _Incoming) -> GeminiRequest:
        parts = urlsplit(incoming.target)
        try:
            body = json.loads(incoming.payload) if incoming.payload else None
        except ValueError:
            body = None
        media, prompt = self._media(body)
        check = self._is_check(parts.path)
        with self._lock:
            if check and self._reports_next and _asks_for_report(body):
                scenario = self._reports_next.popleft()
            elif check and self.reports_with is not None and _asks_for_report(body):
                scenario = self.reports_with
            else:
                scenario = self._next.popleft() if check and self._next else self._default
            if scenario == "500-then-ok":
                before = [r for r in self.requests if r.scenario == scenario]
                scenario = "500-then-ok" if len(before) % 2 == 0 else "ok"
            request = GeminiRequest(
                method=incoming.method,
                path=parts.path,
                query=parse_qs(parts.query),
                headers=incoming.headers,
                body=body,
                scenario=scenario,
                at_s=time.monotonic(),
                images=media,
                prompt=prompt,
            )
            self.requests.append(request)
        return request

    async def _answer(self, connection: _Connection, incoming: _Incoming) -> bool:
        request = self._record(incoming)
        writer = connection.writer
        if self.accepted_key is not None and request.key != self.accepted_key:
            return await _send_json(writer, *self._error("invalid_key"))
        scenario = request.scenario
        check = self._is_check(request.path)
        if isinstance(scenario, str) and (check or scenario.startswith(_TRANSPORT)):
            done, scenario = await self._special(connection, scenario, request)
            if done is not None:
                return done
        if isinstance(scenario, str) and scenario in ERRORS and (check or scenario != "404_model"):
            code, body = self._error(scenario)
            return await _send_json(writer, code, body, {"Retry-After": "17"} if scenario == "429" else None)
        if check:
            return await _send_json(writer, 200, self._check_body(scenario, request))
        return await _send_json(writer, *self._other(request, scenario))

    def _is_check(self, path: str) -> bool:
        return ":generateContent" in path

    def _error(self, scenario: str) -> tuple[int, dict[str, Any]]:
        return ERRORS[scenario]

    def _media(self, body: Any) -> tuple[tuple[bytes, ...], str]:
        return _media(body)

    def _other(self, request: GeminiRequest, scenario: Scenario) -> tuple[int, dict[str, Any]]:
        return _other(request, scenario)

    def _check_body(self, scenario: Scenario, request: GeminiRequest) -> dict[str, Any]:
        if self.report_answer is not None and scenario == "ok" and _asks_for_report(request.body):
            scenario = self.report_answer
        return answer_body(scenario, max(1, len(request.prompt) // 4), 258 * len(request.images))

    async def _special(
        self, connection: _Connection, scenario: str, request: GeminiRequest
    ) -> tuple[bool | None, Scenario]:
        """Faults below the JSON: (keep the connection, -) when answered, (None, scenario to answer with) if not."""
        writer = connection.writer
        name, _, argument = scenario.partition(":")
        match name:
            case "hang":
                await asyncio.Event().wait()
            case "slow":
                seconds, _, then = argument.partition(":")
                await asyncio.sleep(float(seconds or 8))
                return None, then or "ok"
            case "500-then-ok":
                return await _send_json(writer, *self._error("500")), ""
            case "502_html":
                return await _send(writer, 502, BAD_GATEWAY.encode(), "text/html"), ""
            case "200_html":
                return await _send(writer, 200, PORTAL.encode(), "text/html"), ""
            case "redirect":
                return await _send(writer, 302, b"", "text/html", {"Location": argument}), ""
            case "reset":
                connection.reset()
                return False, ""
            case "reset_mid" | "drip":
                body = json.dumps(self._check_body("ok", request)).encode()
                await _send_slowly(connection, body, None if name == "reset_mid" else float(argument or 30))
                return False, ""
        return None, scenario


def _asks_for_report(body: Any) -> bool:
    return isinstance(body, dict) and '"timeline"' in json.dumps(body.get("generationConfig", {}))


async def _read_request(reader: asyncio.StreamReader) -> _Incoming | None:
    line = await reader.readline()
    if not line.strip():
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while (line := await reader.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding", "") == "chunked":
        payload = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            payload += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        payload = await reader.readexactly(int(headers.get("content-length", "0")))
    return _Incoming(method=method, target=target, headers=headers, payload=payload)


async def _send(
    writer: asyncio.StreamWriter, code: int, body: bytes, kind: str, headers: dict[str, str] | None = None
) -> bool:
    lines = [f"HTTP/1.1 {code} {_REASONS.get(code, 'Status')}", f"Content-Type: {kind}; charset=UTF-8"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
    writer.write(head.encode() + body)
    await writer.drain()
    return True


async def _send_json(
    writer: asyncio.StreamWriter, code: int, body: dict[str, Any], headers: dict[str, str] | None = None
) -> bool:
    return await _send(writer, code, json.dumps(body).encode(), "application/json", headers)


async def _send_slowly(connection: _Connection, body: bytes, seconds: float | None) -> None:
    """Drip the body over `seconds`; None: half of it at once, then a reset."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.writer.write(head.encode())
    if seconds is None:
        connection.writer.write(body[: len(body) // 2])
        await connection.writer.drain()
        await asyncio.sleep(0.1)
        connection.reset()
        return
    pieces = max(1, int(seconds / 0.1))
    size = -(-len(body) // pieces)
    for start in range(0, len(body), size):
        connection.writer.write(body[start : start + size])
        await connection.writer.drain()
        await asyncio.sleep(0.1)


def _media(body: Any) -> tuple[tuple[bytes, ...], str]:
    if not isinstance(body, dict):
        return (), ""
    contents = [body.get("systemInstruction") or {}, *(body.get("contents") or [])]
    parts = [part for content in contents for part in content.get("parts", [])]
    inline = [part["inlineData"]["data"] for part in parts if "inlineData" in part]
    texts = [part["text"] for part in parts if "text" in part]
    return tuple(base64.b64decode(data.replace("-", "+").replace("_", "/")) for data in inline), "\n".join(texts)


def _other(request: GeminiRequest, scenario: Scenario) -> tuple[int, dict[str, Any]]:
    """models.list, models.get, countTokens."""
    if request.path.endswith("/models"):
        return 200, model_list()
    if scenario == "404_model" or request.model not in MODELS:
        return ERRORS["404_model"]
    if request.path.endswith(":countTokens"):
        return 200, {"totalTokens": max(1, len(request.prompt) // 4)}
    return 200, model_body(request.model)
