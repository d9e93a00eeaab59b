"""The live picture: our relay as the source of Home Assistant's own stream component."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
import logging
import time
from typing import Any, override

from homeassistant.components.camera import Camera, CameraEntityDescription
from homeassistant.components.camera.const import DOMAIN as CAMERA_DOMAIN, CameraEntityFeature
from homeassistant.components.stream import HLS_PROVIDER, Stream
from homeassistant.components.stream.const import ATTR_STREAMS, DOMAIN as STREAM_DOMAIN
from homeassistant.components.stream.core import Orientation
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import KEY_CAMERA, MANUFACTURER
from .data import CradlewatchConfigEntry
from .engine.models import Link
from .entity import CribEntity
from .monitor import CribMonitor

_LOGGER = logging.getLogger(__name__)
PARALLEL_UPDATES = 0

DESCRIPTION = CameraEntityDescription(key=KEY_CAMERA)
_STILL_MAX_AGE_S = 5.0
# The stream component gives a silent source up after 30 s and then waits longer and longer. A camera is told lost
# about 8 s after its last packet.
_LONG_LOST_S = 17.0
_JOIN_S = 0.3
_GONE_S = 0.5
# The crib's rotation is clockwise. Browsers turn the picture: it is not encoded anew for that.
_TURNED = {
    0: Orientation.NO_TRANSFORM,
    90: Orientation.ROTATE_RIGHT,
    180: Orientation.ROTATE_180,
    270: Orientation.ROTATE_LEFT,
}
_PREF_ORIENTATION = "orientation"


async def async_setup_entry(
    hass: HomeAssistant, entry: CradlewatchConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """One for each crib."""
    entry.runtime_data.add_platform(async_add_entities, lambda monitor: [CribCamera(monitor)])


class CribCamera(CribEntity, Camera):
    """turn_off is privacy: no connection, no picture kept, remembered over restarts."""

    _attr_supported_features = CameraEntityFeature.ON_OFF | CameraEntityFeature.STREAM
    _attr_brand = MANUFACTURER
    _attr_name = None

    def __init__(self, monitor: CribMonitor) -> None:
        CribEntity.__init__(self, monitor, DESCRIPTION)
        Camera.__init__(self)
        self._lost_since_s: float | None = None
        self._shown = False
        self._dropping: asyncio.Task[None] | None = None
        self._written: tuple[bool, bool, bool] | None = None
        self._follow()

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.monitor.async_listen_generation(self._open_anew))

    @override
    async def async_will_remove_from_hass(self) -> None:
        await super().async_will_remove_from_hass()
        await self._drop_stream()

    @property
    @override
    def available(self) -> bool:
        # Not the base's: while its stream reconnects our stills and detectors are fine.
        return self._shown

    @property
    @override
    def is_on(self) -> bool:
        return not self.crib.privacy

    @property
    @override
    def is_streaming(self) -> bool:
        return self.crib.watching

    @override
    async def stream_source(self) -> str | None:
        return None if self.crib.privacy else self.monitor.stream_address

    @override
    async def async_create_stream(self) -> Stream | None:
        stream = await super().async_create_stream()
        if stream is not None:
            self._turn(stream)
        return stream

    @callback
    def _turn(self, stream: Stream) -> None:
        """Show it upright. Home Assistant has a setting of its own for each camera: what a person chose there stays."""
        row = self.registry_entry
        chosen: Mapping[str, Any] = {} if row is None else row.options.get(CAMERA_DOMAIN, {})
        if chosen.get(_PREF_ORIENTATION, Orientation.NO_TRANSFORM) == Orientation.NO_TRANSFORM:
            stream.dynamic_stream_settings.orientation = _TURNED[self.monitor.config.rotation_deg]

    @override
    async def async_camera_image(self, width: int | None = None, height: int | None = None) -> bytes | None:
        long_edge_px = max(width or 0, height or 0) or None
        picture = await self.monitor.async_picture(max_age_s=_STILL_MAX_AGE_S, long_edge_px=long_edge_px)
        return picture.jpeg if picture else None

    @override
    async def async_turn_off(self) -> None:
        await self.monitor.async_set_privacy(on=True)
        await self._drop_stream()

    @override
    async def async_turn_on(self) -> None:
        was_off = not self.is_on
        await self.monitor.async_set_privacy(on=False)
        if was_off and self._dropping is None:
            # The players of before have ended, too.
            self._begin_drop()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if self._dropping is None and self._follow():
            self._begin_drop()
        self._write_if_changed()

    @callback
    def _write_if_changed(self) -> None:
        shown = (self._shown, self.is_on, self.is_streaming)
        if self._dropping is not None:
            return
        if shown != self._written:
            self._written = shown
            self.async_write_ha_state()

    @callback
    def _follow(self) -> bool:
        """Take over the link; True where the old stream must go before the camera may be shown again."""
        link = self.crib.link
        if link is Link.LOST and not self.crib.privacy:
            if self._lost_since_s is None:
                self._lost_since_s = time.monotonic()
            self._shown = False
            return False
        if link is Link.CONNECTING and self._lost_since_s is not None:
            return False
        long = self._lost_since_s is not None and time.monotonic() - self._lost_since_s > _LONG_LOST_S
        self._lost_since_s = None
        if self.stream is not None and (long or (link is Link.LIVE and not self.stream.available)):
            return True
        self._shown = True
        return False

    @callback
    def _begin_drop(self) -> None:
        self._shown = False
        self._dropping = self.coordinator.config_entry.async_create_background_task(
            self.hass, self._drop_and_show(), f"cradlewatch stream {self.entity_id}"
        )

    async def _drop_and_show(self) -> None:
        preloaded = False
        try:
            preloaded = await self._drop_stream()
            # A player whose stream ended shows slow stills for ever, whatever the state says: a card makes another
            # one only for a camera that was not there at all.
            self.hass.states.async_remove(self.entity_id)
            await asyncio.sleep(_GONE_S)
        finally:
            self._dropping = None
            self._shown = self._lost_since_s is None
            self._written = None
            self._write_if_changed()
        if preloaded and (stream := await self.async_create_stream()):
            stream.add_provider(HLS_PROVIDER)
            await stream.start()

    async def _drop_stream(self) -> bool:
        """Stop the stream component's worker for good; True where it was to be kept running (preload)."""
        stream, self.stream = self.stream, None
        if stream is None:
            return False
        settings = stream.dynamic_stream_settings
        preloaded = settings.preload_stream
        # With it on, neither its timers nor `stop` would end the worker.
        settings.preload_stream = False
        try:
            stopping = self.hass.async_create_task(_stop(stream), f"cradlewatch stop {self.entity_id}")
            _, late = await asyncio.wait({stopping}, timeout=_JOIN_S)
            if late:
                # It waits for a packet, for up to 30 s.
                self.monitor.close_viewers()
            await stopping
        finally:
            settings.preload_stream = preloaded
        with suppress(KeyError, ValueError):
            # Home Assistant keeps every stream there ever was; with an outage a day that adds up.
            self.hass.data[STREAM_DOMAIN][ATTR_STREAMS].remove(stream)
        return preloaded

    @callback
    def _open_anew(self) -> None:
        """The camera's format changed: the stream component must read the header of the new one."""
        stream = self.stream
        if stream is not None:
            self._turn(stream)
        if stream is not None and not stream.available:
            # In its back-off it would end instead.
            if self._dropping is None:
                self._begin_drop()
                self._write_if_changed()
        elif stream is not None and (address := self.monitor.stream_address):
            stream.update_source(address)
        self.monitor.close_old_viewers()


async def _stop(stream: Stream) -> None:
    for output in stream.outputs().values():
        # `stop` alone leaves their idle timers running.
        await stream.remove_provider(output)
    await stream.stop()
