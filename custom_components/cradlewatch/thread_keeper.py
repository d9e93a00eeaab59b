"""Keeps the frame thread of one crib going: makes it, makes it anew, asks a camera entity where its stream is."""

import asyncio
from collections.abc import Callable
import logging
from pathlib import Path
import time
from typing import TYPE_CHECKING

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .bridge import FrameThread, FrameThreadPlan
from .engine.errors import SourceError, SourceProblem
from .engine.models import Link, LinkState
from .engine.senses import NurserySenses
from .engine.settings import LoopSettings, SenseSettings, SourceSettings
from .engine.stages import stage_at
from .sources import async_source_settings, detection_settings
from .stills import StillsDesk

if TYPE_CHECKING:
    from .monitor import CribMonitor

_LOGGER = logging.getLogger(__name__)
_STOP_S = 2.0
_RESTART_S = 5.0
_ASK_S = 10.0
_ASK_AGAIN_S = (2.0, 4.0, 8.0, 15.0)
# Told within 10 s of the last packet, hops and words included.
_LOST_AFTER_S = 8.0


class ThreadKeeper:
    """Event loop only. Set-up never waits for it: another integration's camera may take its time to answer."""

    def __init__(self, monitor: CribMonitor, socket_folder: Path) -> None:
        self._monitor = monitor
        self._folder = socket_folder
        self._made = 0
        self._changes = 0
        self._asked = 0
        self._again_s = float("inf")
        self._away = False
        self._given: SourceSettings | None = None
        self._stopped = False
        self.thread: FrameThread | None = None
        self._senses: NurserySenses | None = None
        self.stops_late = 0
        self._stills = StillsDesk(monitor.hass, monitor.entry)

    @callback
    def start(self) -> None:
        """Begin to watch."""
        monitor = self._monitor
        monitor.entry.async_create_background_task(monitor.hass, self._open(), f"cradlewatch {monitor.config.slug}")

    @callback
    def begin_stop(self) -> None:
        """Nothing is delivered or begun any more; the thread is told to end."""
        self._stopped = True
        self._stills.stop()
        if self.thread is not None:
            self.thread.bridge.close()
            self.thread.request_stop()

    async def async_stop(self) -> bool:
        """End the thread; False where it was still busy after two seconds (it is left to itself)."""
        self._stills.stop()
        thread, self.thread = self.thread, None
        if thread is None:
            return True
        thread.bridge.close()
        stopped = await thread.async_stop(_STOP_S)
        if not stopped:
            self.stops_late += 1
            _LOGGER.warning("The frame thread of %s did not stop within %s s", self._monitor.config.name, _STOP_S)
        return stopped

    async def async_restart(self) -> None:
        """Another source, other zones, another age: a new thread."""
        self._changes += 1
        await self.async_stop()
        await self._open()

    @callback
    def ended(self) -> None:
        """The thread broke: another one soon."""
        if self.thread is not None:
            self.thread.let_go()
            self.thread = None
        self._again_s = time.monotonic() + _RESTART_S

    @callback
    def link_changed(self, state: LinkState) -> None:
        """A camera entity may give another address after a loss: it is asked for as long as that lasts."""
        was_away = self._away
        self._away = state.link in (Link.STALLED, Link.LOST) and self._monitor.config.camera is not None
        if self._away:
            self._again_s = min(self._again_s, time.monotonic() + 1)
        elif was_away and self.thread is not None:
            self._again_s = float("inf")

    @callback
    def tell_senses(self, order: Callable[[NurserySenses], object]) -> bool:
        """Have the senses told something in their own thread; False while there is none."""
        thread, senses = self.thread, self._senses
        if thread is None or senses is None:
            return False
        thread.loop.in_thread(lambda: order(senses))
        return True

    @callback
    def tick(self, now_s: float) -> None:
        """Try again what is due."""
        if now_s >= self._again_s and not self._monitor.keeper.state.privacy:
            self._again_s = float("inf")
            self.start()

    async def _open(self) -> None:
        try:
            await self._make()
        except Exception:
            # Nothing here knows the camera's address. Without a word, a crib that nobody watches would look calm.
            _LOGGER.exception("Watching %s could not begin, it is tried again", self._monitor.config.name)
            self._no_stream(SourceProblem.CANNOT_CONNECT)

    async def _make(self) -> None:
        begun = self._changes
        source = await self._source()
        if source is None or self._overtaken(begun):
            return
        # As often as the loop tries to connect, whose own attempts go on unless there is another address.
        self._again_s = time.monotonic() + _ASK_AGAIN_S[-1] if self._away else float("inf")
        self._stills.follow(None if source.feed is None else self._monitor.config.camera)
        if self.thread is not None:
            self._asked = 0
            # Some give another address (a token) each time: what is live again is left alone.
            if self._away and source != self._given:
                self._given = source
                self.thread.loop.set_source(source)
            return
        monitor = self._monitor
        config = monitor.config
        stage = stage_at(config.birthdate, dt_util.now().date())
        # In the executor: OpenCV takes its time to import.
        settings = SenseSettings(zones=config.zones, age_stage=stage)
        senses = await monitor.hass.async_add_executor_job(NurserySenses, settings)
        if self._overtaken(begun) or self.thread is not None:
            return
        self._made += 1
        self._given = source
        self._senses = senses
        plan = FrameThreadPlan(
            name=config.slug,
            source=source,
            settings=LoopSettings(lost_after_s=_LOST_AFTER_S, idle_economy=not config.decode_always),
            senses=senses,
            # A name of its own for each: a thread that is late in ending still has the old one.
            relay_path=self._folder / f"{config.crib_id[-10:]}-{self._made}.sock",
            taps=(monitor.windows,),
            detection=detection_settings(monitor.hass, config.source_data),
        )
        self.thread = FrameThread(monitor.hass.loop, plan, monitor)
        if monitor.keeper.state.privacy:
            self.thread.loop.set_privacy(True)
        self.thread.start()
        self._asked = 0
        if self._made > 1:
            monitor.tell_new_stream()

    def _overtaken(self, begun: int) -> bool:
        """Stopped, or another camera set, while this one was prepared."""
        return self._stopped or self._changes != begun

    async def _source(self) -> SourceSettings | None:
        monitor = self._monitor
        try:
            async with asyncio.timeout(_ASK_S):
                return await async_source_settings(monitor.hass, monitor.config.source_data, self._stills.feed)
        except SourceError as error:
            self._no_stream(error.problem)
        except TimeoutError:
            self._no_stream(SourceProblem.TIMEOUT)
        except (KeyError, ValueError) as error:
            # Without the traceback: it would show the settings, passwords included.
            _LOGGER.error(  # noqa: TRY400
                "The settings of %s cannot be used: %s", monitor.config.name, type(error).__name__
            )
            self._no_stream(SourceProblem.UNSUPPORTED_SOURCE)
        except Exception as error:  # noqa: BLE001 - another integration's fault must not end ours; its text may hold an address
            _LOGGER.error(  # noqa: TRY400
                "The camera entity of %s failed: %s", monitor.config.name, type(error).__name__
            )
            self._no_stream(SourceProblem.CANNOT_CONNECT)
        return None

    def _no_stream(self, problem: SourceProblem) -> None:
        now_s = time.monotonic()
        self._again_s = now_s + _ASK_AGAIN_S[min(self._asked, len(_ASK_AGAIN_S) - 1)]
        self._asked += 1
        if self._asked > 2 and self.thread is None and not self._stopped:
            self._monitor.link_changed(LinkState(link=Link.LOST, since_s=now_s, reason=problem.value))
