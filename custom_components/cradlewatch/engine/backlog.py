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
MAX_S = 5.2
"""Two of the longest GOPs that are left undecoded. A machine that cannot catch up goes on at a keyframe."""
_MAX_BYTES = 16 << 20
"""A GOP of 2.6 s at 50 Mbit/s."""


class Backlog:
    """Items in order; the oldest is the keyframe that the others build on. One thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._items: deque[MediaItem] = deque()
        self._bytes = 0

    @property
    def is_heavy(self) -> bool:
        """More bytes are held than there is room for: they must be looked at, or left out, now."""
        return self._bytes > _MAX_BYTES

    def __len__(self) -> int:
        return len(self._items)

    def hold(self, item: MediaItem) -> None:
        """Keep `item` for later."""
        self._items.append(item)
        self._bytes += item.packet.size

    def clear(self) -> int:
        """Forget all; how many there were."""
        count = len(self._items)
        self._items.clear()
        self._bytes = 0
        return count

    def too_long_at(self, item: MediaItem) -> bool:
        """Whether `item`, a keyframe, is where to go on instead of catching up."""
        return item.is_key and bool(self._items) and item.arrived_s - self._items[0].arrived_s > MAX_S

    def within_budget(self) -> Iterator[MediaItem]:
        """The next items, as many as there is time for now; one at the least."""
        until_s = self._clock() + _BUDGET_S
        while self._items:
            item = self._items.popleft()
            self._bytes -= item.packet.size
            yield item
            if self._clock() >= until_s:
                return
