"""What is kept: incidents, verdicts, usage and state in one SQLite file. Synchronous, for one worker thread."""

from .store import DayUsage, Store, StoredEvent

__all__ = ["DayUsage", "Store", "StoredEvent"]
