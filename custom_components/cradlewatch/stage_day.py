"""The day on which a child comes to a new stage of age: told once, at midnight or at the start of that day."""

from collections.abc import Callable
from datetime import date

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .engine.models import EventKind
from .engine.stages import new_stage_on
from .engine.store import Store
from .storage import AsyncStore


class StageDay:
    """Event loop only."""

    def __init__(self, store: AsyncStore, crib_id: str, tell: Callable[[], None]) -> None:
        self._store = store
        self._crib_id = crib_id
        self._tell = tell
        self._today = dt_util.now().date()
        self._due = False

    async def async_restore(self, birthdate: date | None) -> None:
        """Find out whether a stage begins today that nobody was there to tell at midnight. Raises StoreError."""
        if new_stage_on(birthdate, self._today) is None:
            return
        midnight, kinds = dt_util.start_of_local_day(), [EventKind.STAGE_CHANGED]
        told = await self._store.async_read(Store.events, crib_id=self._crib_id, start=midnight, kinds=kinds, limit=1)
        self._due = not told

    @callback
    def start(self) -> None:
        """Tell what is due."""
        if self._due:
            self._due = False
            self._tell()

    @callback
    def tick(self, birthdate: date | None) -> bool:
        """True where a new day brought a new stage, which was told then: other hazards count from now on."""
        today = dt_util.now().date()
        if today == self._today:
            return False
        self._today = today
        if new_stage_on(birthdate, today) is None:
            return False
        self._due = False
        self._tell()
        return True
