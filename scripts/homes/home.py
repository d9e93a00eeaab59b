"""Starts, drives and stops a real Home Assistant in a folder of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
import ctypes
import os
from pathlib import Path
import shutil
import signal
import socket
import sys
import time
from typing import Any

import aiohttp

from .seed import SeedOptions

ROOT = Path(__file__).resolve().parents[2]
TOKEN_FILE = ".owner_token"
STOP_LIMIT_S = 4.5


class HomeError(Exception):
    """The home did not start, or refused what it was asked."""


def free_port() -> int:
    """A port that is free now, on loopback."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def port_is_taken(port: int) -> bool:
    """True where something else listens on loopback already."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _clean_environment() -> dict[str, str]:
    # With the repository on its path, Home Assistant would take our custom_components for all there are.
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}


def _die_with_parent() -> None:
    # A demo whose own process is killed must not leave Home Assistant behind.
    with suppress(OSError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Home:
    """One Home Assistant: seeded once, started and stopped any number of times."""

    def __init__(self, config_dir: Path, options: SeedOptions) -> None:
        self.config_dir = config_dir.resolve()
        self.options = options
        self.token = ""
        self.process: asyncio.subprocess.Process | None = None
        self._session: aiohttp.ClientSession | None = None
        self._ws_id = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.options.port}"

    @property
    def log_path(self) -> Path:
        """Home Assistant's own log."""
        return self.config_dir / "home-assistant.log"

    async def seed(self) -> None:
        """Write the config folder, unless it is there."""
        token_path = self.config_dir / TOKEN_FILE
        if token_path.exists():
            self.token = token_path.read_text().strip()
            return
        self.config_dir.parent.mkdir(parents=True, exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "scripts.homes.seed", str(self.config_dir), self.options.to_json(),
            cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        if process.returncode:
            raise HomeError(f"seeding failed:\n{err.decode()[-2000:]}")
        self.token = out.decode().strip().splitlines()[-1]
        token_path.touch(mode=0o600)
        token_path.write_text(self.token)

    async def start(self, env: dict[str, str] | None = None, limit_s: float = 120) -> None:
        """Start it and wait until it says RUNNING."""
        hass = Path(sys.executable).with_name("hass")
        self.process = await asyncio.create_subprocess_exec(
            str(hass), "--skip-pip", "-c", str(self.config_dir),
            env=_clean_environment() | (env or {}), cwd=self.config_dir, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True, preexec_fn=_die_with_parent,
        )  # fmt: skip
        self._session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {self.token}"})
        try:
            await self._wait_running(limit_s)
        except HomeError:
            await self.stop()
            raise

    async def _wait_running(self, limit_s: float) -> None:
        assert self.process is not None
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            if self.process.returncode is not None:
                raise HomeError(f"Home Assistant ended with {self.process.returncode}; see {self.log_path}")
            with suppress(aiohttp.ClientError):
                if (await self.get("/api/config"))["state"] == "RUNNING":
                    return
            await asyncio.sleep(0.2)
        raise HomeError(f"Home Assistant did not start within {limit_s:.0f} s; see {self.log_path}")

    async def stop(self) -> float:
        """Stop it; returns the seconds that took. Killed where it does not stop by itself."""
        started = time.monotonic()
        if self._session is not None:
            await self._session.close()
            self._session = None
        if self.process is None:
            return 0.0
        with suppress(ProcessLookupError):
            self.process.terminate()
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                await self.process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()
        self.process = None
        return time.monotonic() - started

    async def kill(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()
        await self.stop()

    def erase(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.config_dir, ignore_errors=True)

    async def get(self, path: str) -> Any:
        """GET of the REST API: parsed JSON, text, or bytes, by the answer's kind."""
        return await self._request("GET", path)

    async def post(self, path: str, body: object = None) -> Any:
        """POST of the REST API."""
        return await self._request("POST", path, body)

    async def _request(self, method: str, path: str, body: object = None) -> Any:
        assert self._session is not None, "not started"
        async with self._session.request(method, self.url + path, json=body) as response:
            if response.status >= 400:
                raise HomeError(f"{method} {path}: {response.status} {(await response.text())[:500]}")
            kind = response.headers.get("Content-Type", "")
            if "json" in kind:
                return await response.json()
            return await response.text() if kind.startswith("text/") else await response.read()

    async def state(self, entity_id: str) -> dict[str, Any] | None:
        """State and attributes, or None."""
        with suppress(HomeError):
            result: dict[str, Any] = await self.get(f"/api/states/{entity_id}")
            return result
        return None

    async def action(self, name: str, data: dict[str, Any] | None = None, *, response: bool = False) -> Any:
        """Call an action as "domain.name"."""
        domain, _, service = name.partition(".")
        return await self.post(f"/api/services/{domain}/{service}{'?return_response' if response else ''}", data or {})

    @asynccontextmanager
    async def websocket(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """An authenticated WebSocket."""
        assert self._session is not None, "not started"
        async with self._session.ws_connect(self.url + "/api/websocket", max_msg_size=0) as ws:
            await ws.receive_json()
            await ws.send_json({"type": "auth", "access_token": self.token})
            if (await ws.receive_json())["type"] != "auth_ok":
                raise HomeError("log-in refused")
            yield ws

    async def command(self, kind: str, **fields: object) -> Any:
        """One WebSocket command; returns its result."""
        async with self.websocket() as ws:
            await ws.send_json({"id": 1, "type": kind, **fields})
            while True:
                message = await ws.receive_json()
                if message.get("id") == 1 and message["type"] == "result":
                    if not message["success"]:
                        raise HomeError(f"{kind}: {message['error']}")
                    return message["result"]

    async def run_flow(self, handler: str, steps: dict[str, dict[str, Any]], limit_s: float = 60) -> dict[str, Any]:
        """Go through a config flow as the frontend does: each shown form is answered by its step's name."""
        result = await self.post("/api/config/config_entries/flow", {"handler": handler})
        deadline = time.monotonic() + limit_s
        while result["type"] in ("form", "menu", "progress", "progress_done"):
            if result.get("errors"):
                raise HomeError(f"step {result['step_id']}: {result['errors']}")
            if time.monotonic() > deadline:
                raise HomeError(f"the flow stayed at {result.get('step_id')}")
            path = f"/api/config/config_entries/flow/{result['flow_id']}"
            if result["type"] == "form":
                result = await self.post(path, steps[result["step_id"]])
            elif result["type"] == "menu":
                result = await self.post(path, {"next_step_id": steps[result["step_id"]]["next_step_id"]})
            else:
                await asyncio.sleep(0.2)
                result = await self.get(path)
        if result["type"] != "create_entry":
            raise HomeError(f"the flow ended as {result['type']}: {result.get('reason')}")
        entry: dict[str, Any] = result["result"]
        return entry

    async def remove_entry(self, entry_id: str) -> None:
        """Delete a config entry, as its menu does."""
        await self._request("DELETE", f"/api/config/config_entries/entry/{entry_id}")

    async def entities(self, platform: str = "cradlewatch") -> dict[str, str]:
        """Entity ids of the integration, by their unique id."""
        rows = await self.command("config/entity_registry/list")
        return {row["unique_id"]: row["entity_id"] for row in rows if row["platform"] == platform}
