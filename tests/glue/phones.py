"""Phones of the real mobile_app integration, whose push service is a local server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry


@dataclass
class PushService:
    """What the phones got, in order. `refuse` names phones whose service is down."""

    port: int = 0
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)

    def of(self, name: str) -> list[dict[str, Any]]:
        return [payload for phone, payload in self.got if phone == name]

    async def receive(self, request: web.Request) -> web.Response:
        phone = request.match_info["phone"]
        if phone in self.refuse:
            return web.json_response({"errorMessage": "down"}, status=500)
        payload = await request.json()
        self.got.append((phone, {key: payload[key] for key in ("title", "message", "data")}))
        return web.json_response({}, status=201)


@asynccontextmanager
async def push_service() -> AsyncIterator[PushService]:
    service = PushService()
    app = web.Application()
    app.router.add_post("/push/{phone}", service.receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.port = runner.addresses[0][1]
    try:
        yield service
    finally:
        await runner.cleanup()


def phone_entry(service: PushService, key: str, name: str, *, apple: bool) -> MockConfigEntry:
    """A registration as the app makes it."""
    return MockConfigEntry(
        domain="mobile_app",
        title=name,
        data={
            "app_data": {"push_token": key, "push_url": f"http://127.0.0.1:{service.port}/push/{key}"},
            "app_id": "stand", "app_name": "Stand", "app_version": "2026.10", "device_id": key, "device_name": name,
            "manufacturer": "Apple" if apple else "Google", "model": "iPhone" if apple else "Pixel",
            "os_name": "iOS" if apple else "Android", "os_version": "26", "supports_encryption": False,
            "user_id": "1", "webhook_id": f"webhook-{key}",
        },
    )  # fmt: skip


async def add_phone(hass: HomeAssistant, service: PushService, key: str, name: str, *, apple: bool = True) -> str:
    """Set it up for real; returns its device id."""
    assert await async_setup_component(hass, "mobile_app", {})
    entry = phone_entry(service, key, name, apple=apple)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    device = dr.async_get(hass).async_get_device_by_identifier(("mobile_app", key), entry.entry_id)
    assert device is not None
    return device.id
