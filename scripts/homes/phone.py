"""A stand-in for phones with the companion app: the real mobile_app integration sends to it what a phone would get."""

from collections.abc import Callable
from dataclasses import dataclass, field
import json
import time
from typing import Any, Self

from aiohttp import web

from .home import Home

STATE_FILE = ".phones.json"


def _load(home: Home) -> dict[str, str]:
    path = home.config_dir / STATE_FILE
    return dict(json.loads(path.read_text())) if path.exists() else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One notification as the push service would hand it to the phone."""

    phone: str
    at_s: float
    payload: dict[str, Any]

    @property
    def title(self) -> str:
        """Its title."""
        return str(self.payload.get("title", ""))

    @property
    def message(self) -> str:
        """Its text."""
        return str(self.payload.get("message", ""))

    @property
    def data(self) -> dict[str, Any]:
        """Everything beside the texts."""
        data: dict[str, Any] = self.payload.get("data") or {}
        return data


@dataclass
class PhoneStand:
    """Receives the pushes of any number of registered phones."""

    on_push: Callable[[Push], None] | None = None
    pushes: list[Push] = field(default_factory=list)
    port: int = 0
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/push/{phone}", self._receive)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        push = Push(phone=request.match_info["phone"], at_s=time.monotonic(), payload=await request.json())
        self.pushes.append(push)
        if self.on_push is not None:
            self.on_push(push)
        return web.json_response({}, status=201)

    async def register(self, home: Home, name: str, *, apple: bool) -> str:
        """Make the phone known to Home Assistant (again); returns its device id."""
        known = _load(home)
        key = name.lower().replace(" ", "_")
        body: dict[str, Any] = {
            "app_data": {"push_token": key, "push_url": f"http://127.0.0.1:{self.port}/push/{key}"},
            "app_version": "2026.10",
            "device_name": name,
            "manufacturer": "Apple" if apple else "Google",
            "model": "iPhone" if apple else "Pixel",
            "os_version": "26.0",
        }
        if key in known:
            await home.post(f"/api/webhook/{known[key]}", {"type": "update_registration", "data": body})
        else:
            body |= {
                "app_id": "cradlewatch.stand", "app_name": "Phone stand-in", "device_id": key,
                "os_name": "iOS" if apple else "Android", "supports_encryption": False,
            }  # fmt: skip
            known[key] = (await home.post("/api/mobile_app/registrations", body))["webhook_id"]
            (home.config_dir / STATE_FILE).write_text(json.dumps(known))
        devices = await home.command("config/device_registry/list")
        found = [row["id"] for row in devices if ["mobile_app", key] in row["identifiers"]]
        return str(found[0])
