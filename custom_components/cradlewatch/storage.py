"""The store behind one worker thread, and the few switches that must survive it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
import logging
from pathlib import Path
import shutil
from typing import Any, Concatenate, TypedDict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store as JsonStore

from .const import DOMAIN, ISSUE_STORE_FAILED
from .engine.errors import StoreError
from .engine.store import Store

_LOGGER = logging.getLogger(__name__)

_DATABASE = "cradlewatch.db"
_WRITES_WAITING_MAX = 1000
_CLOSE_S = 0.8


def database_path(hass: HomeAssistant) -> Path:
    """The SQLite file, in the config folder and so in backups."""
    return Path(hass.config.path(_DATABASE))


def footage_path(hass: HomeAssistant, *parts: str) -> Path:
    """Where pictures and clips lie: outside of backups."""
    return Path(hass.config.cache_path(DOMAIN, *parts))


def erase_all(hass: HomeAssistant) -> None:
    """Remove database and footage. Blocking."""
    path = database_path(hass)
    for name in (path, *path.parent.glob(f"{path.name}*")):
        name.unlink(missing_ok=True)
    shutil.rmtree(footage_path(hass), ignore_errors=True)


class AsyncStore:
    """`engine.store.Store` in a thread of its own. Trouble is told once as a repair; the monitors run on.

    Order is kept: one worker. `write` never waits and never raises; `read` raises StoreError.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="cradlewatch-store")
        self._store: Store | None = None
        self._waiting: set[Future[None]] = set()
        self._failing = False
        self._closed = False
        self.writes_failed = 0
        self.writes_dropped = 0

    @property
    def failing(self) -> bool:
        """True while the last access failed."""
        return self._failing

    async def async_open(self) -> None:
        """Open the file; a failure is told and tried again at the next access."""
        try:
            await self._hass.loop.run_in_executor(self._executor, self._opened)
        except StoreError as error:
            self._tell_failed(error)
        else:
            self._tell_works()

    async def async_read[**P, T](
        self, method: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run one `Store` method (given as `Store.events`) and return its result. Raises StoreError."""
        try:
            result = await self._hass.loop.run_in_executor(
                self._executor, lambda: method(self._opened(), *args, **kwargs)
            )
        except StoreError as error:
            self._tell_failed(error)
            raise
        except RuntimeError as error:
            # The executor refuses work once it is shut down.
            raise StoreError("the store is closed") from error
        self._tell_works()
        return result

    @callback
    def write[**P](self, method: Callable[Concatenate[Store, P], object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Run one `Store` method after those given before; failures are counted and told."""
        if len(self._waiting) >= _WRITES_WAITING_MAX:
            self.writes_dropped += 1
            return

        def job() -> None:
            method(self._opened(), *args, **kwargs)

        try:
            future = self._executor.submit(job)
        except RuntimeError:
            self.writes_dropped += 1
            return
        self._waiting.add(future)
        future.add_done_callback(self._from_worker)

    async def async_close(self) -> None:
        """Finish what waits, within a limit, and close the file. May be called again."""
        if self._closed:
            return
        self._closed = True

        def close() -> None:
            if self._store is not None:
                self._store.close()
                self._store = None

        closing = self._hass.loop.run_in_executor(self._executor, close)
        self._executor.shutdown(wait=False)
        _, late = await asyncio.wait({closing}, timeout=_CLOSE_S)
        if late:
            _LOGGER.warning("The event store did not close within %s s", _CLOSE_S)
        elif error := closing.exception():
            _LOGGER.warning("The event store did not close: %s", error)

    def _opened(self) -> Store:
        if self._store is None:
            path = database_path(self._hass)
            self._store = Store.open(path)
        return self._store

    def _from_worker(self, future: Future[None]) -> None:
        # Worker thread. The loop may be gone at shutdown: then nobody is left to be told.
        try:
            self._hass.loop.call_soon_threadsafe(self._written, future)
        except RuntimeError:
            self._waiting.discard(future)

    @callback
    def _written(self, future: Future[None]) -> None:
        self._waiting.discard(future)
        error = None if future.cancelled() else future.exception()
        if error is None:
            self._tell_works()
            return
        self.writes_failed += 1
        if isinstance(error, StoreError):
            self._tell_failed(error)
        else:
            _LOGGER.error("Writing to the event store failed", exc_info=error)

    @callback
    def _tell_failed(self, error: StoreError) -> None:
        if self._failing:
            return
        self._failing = True
        _LOGGER.error("The event store cannot be used, watching goes on without it: %s", error)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            ISSUE_STORE_FAILED,
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key=ISSUE_STORE_FAILED,
            translation_placeholders={"reason": str(error)[:200]},
        )

    @callback
    def _tell_works(self) -> None:
        if not self._failing:
            return
        self._failing = False
        _LOGGER.info("The event store works again")
        ir.async_delete_issue(self._hass, DOMAIN, ISSUE_STORE_FAILED)


class CribSwitches(TypedDict):
    """What a person set and a restart must keep."""

    privacy: bool
    ai: bool


class SwitchMemory:
    """Privacy and the AI switch per crib, in Home Assistant's own storage.

    Not in the database: a database that is corrupt or set aside must never turn a camera on again.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        self._store: JsonStore[dict[str, Any]] = JsonStore(hass, 1, DOMAIN, private=True, atomic_writes=True)
        self._switches: dict[str, CribSwitches] = {}

    async def async_load(self) -> None:
        """Read what was kept."""
        self._switches = (await self._store.async_load()) or {}

    def of(self, crib_id: str) -> CribSwitches:
        """Switches of a crib: watching, AI allowed, unless a person said otherwise."""
        kept = self._switches.get(crib_id)
        return {"privacy": kept["privacy"], "ai": kept["ai"]} if kept else {"privacy": False, "ai": True}

    async def async_set(self, crib_id: str, switches: CribSwitches) -> None:
        """Keep them, on disk before this returns."""
        self._switches[crib_id] = switches
        await self._store.async_save(self._switches)

    async def async_forget(self, crib_id: str) -> None:
        """The crib is gone."""
        if self._switches.pop(crib_id, None) is not None:
            await self._store.async_save(self._switches)

    async def async_erase(self) -> None:
        """The home is gone."""
        await self._store.async_remove()
