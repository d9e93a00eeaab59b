"""How long rows are kept, whatever the wall clock is set to."""

from datetime import datetime, timedelta

from .store import Store

_STATE = "history_seen_until"
_STEP = timedelta(days=2)
"""Asked for daily: history grows older by no more than this between two times."""


def purge_daily(store: Store, now: datetime, keep: timedelta) -> int:
    """Erase what is older than `keep`; returns how many incidents went. To be called once a day.

    Rows carry the wall clock's times, so a clock that is set ahead makes all of them look old at once. Age therefore
    goes on by two days a call at the most: a year ahead for a day costs a day of the oldest, not the year. Who comes
    back from a long standstill keeps more for as long. The first call ever erases nothing.

    Raises:
        StoreError: the file cannot be read or written.
    """
    kept_at = store.get_state(_STATE)
    seen_until = now if kept_at is None else min(now, datetime.fromisoformat(kept_at) + _STEP)
    gone = 0 if kept_at is None else store.purge(seen_until - keep)
    store.put_state(_STATE, seen_until.isoformat())
    return gone
