"""Packets left undecoded since the last keyframe: looked at after all as soon as something stirs.

So what begins between two keyframes is seen from its first frame on, and a movement too short to reach the next
keyframe is not missed. They are decoded a few at a time: the stream of viewers never waits for it.
"""

from collections import deque
from collections.abc import Callable, Iterator
import time

from .source.types import MediaItem

_BUDGET_S = 0.02
"""For catching up between two packets of the live stream: well below what a viewer could notice."""
_MAX_S = 5.2
"""Two of the longest GOPs that are left undecoded. A machine that cannot catch up goes on at a keyframe."""


class Backlog:
    """Items in order; the oldest is the keyframe that the others build on. One thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._items: deque[MediaItem] = deque()

    def __len__(self) -> int:
        return len(self._items)

    def hold(self, item: MediaItem) -> None:
        """Keep `item` for later."""
        self._items.append(item)

    def clear(self) -> int:
        """Forget all; how many there were."""
        count = len(self._items)
        self._items.clear()
        return count

    def too_long_at(self, item: MediaItem) -> bool:
        """Whether `item`, a keyframe, is where to go on instead of catching up."""
        return item.is_key and bool(self._items) and item.arrived_s - self._items[0].arrived_s > _MAX_S

    def within_budget(self) -> Iterator[MediaItem]:
        """The next items, as many as there is time for now; one at the least."""
        until_s = self._clock() + _BUDGET_S
        while self._items:
            yield self._items.popleft()
            if self._clock() >= until_s:
                return
