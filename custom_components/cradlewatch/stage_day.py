"""The day on which a child comes to a new stage of age: told once, at midnight or at the start of that day."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .engine.models import EventKind
from .engine.stages import new_stage_on
from .engine.store import Store
from .storage import AsyncStore

_LOOK_BACK = timedelta(days=2)
"""A day begins twice where the time zone is changed; stages are months apart."""


class StageDay:
    """Event loop only."""

    def __init__(self, store: AsyncStore, crib_id: str, tell: Callable[[], None]) -> None:
        self._store = store
        self._crib_id = crib_id
        self._tell = tell
        self._today = dt_util.now().date()
        self._due = False
        self._told_at: datetime | None = None

    async def async_restore(self, birthdate: date | None) -> None:
        """Find out whether a stage begins today that nobody was there to tell at midnight. Raises StoreError."""
        since_at, kinds = dt_util.utcnow() - _LOOK_BACK, [EventKind.STAGE_CHANGED]
        told = await self._store.async_read(Store.events, crib_id=self._crib_id, start=since_at, kinds=kinds, limit=1)
        self._told_at = told[0].event.started_at if told else None
        self._due = not told and new_stage_on(birthdate, self._today) is not None

    @callback
    def start(self) -> None:
        """Tell what is due."""
        if self._due:
            self._tell_it()

    @callback
    def _tell_it(self) -> None:
        self._due, self._told_at = False, dt_util.utcnow()
        self._tell()

    @callback
    def tick(self, birthdate: date | None) -> bool:
        """True where a new day brought a new stage, which was told then: other hazards count from now on.

        The date may go back, too, where the time zone is changed: a stage is told once all the same.
        """
        today = dt_util.now().date()
        if today == self._today:
            return False
        self._today = today
        if new_stage_on(birthdate, today) is None:
            return False
        if self._told_at is None or dt_util.utcnow() - self._told_at > _LOOK_BACK:
            self._tell_it()
        return True
