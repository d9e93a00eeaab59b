"""For the bench only: how long each callback holds Home Assistant's event loop, and whose it is.

Every callback of the loop is timed; a thread looks at the loop's stack while one of them is at work for too long.
A hold counts as ours when our code is on that stack, or when the callback itself or its task's coroutine is ours.
"""

import asyncio
import json
import sys
import threading
import time
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.helpers.typing import ConfigType

DOMAIN = "loop_ticker"
_TICK_S = 0.005
_LOOK_AFTER_S = 0.004
_OURS = "custom_components/cradlewatch"


class _Hold:
    """The longest of one party."""

    def __init__(self) -> None:
        self.ms = 0.0
        self.where = "none"

    def put(self, ms: float, where: str) -> None:
        if ms > self.ms:
            self.ms, self.where = ms, where


class Ticker:
    """Times the loop's callbacks."""

    def __init__(self) -> None:
        self._running: tuple[int, float] | None = None
        self._count = 0
        self._seen: dict[int, list[str]] = {}
        self._main = threading.main_thread().ident
        self._clear()

    def _clear(self) -> None:
        self._began_s = time.monotonic()
        self._first = self._count
        self._ours, self._others = _Hold(), _Hold()
        self._late: list[float] = []

    def install(self) -> None:
        """Wrap the method that runs each callback; there is no public hook for it."""
        run = asyncio.Handle._run  # noqa: SLF001
        ticker = self

        def timed(handle: asyncio.Handle) -> None:
            ticker._count += 1
            number, began_s = ticker._count, time.perf_counter()
            ticker._running = (number, began_s)
            name = _name_of(handle)
            try:
                run(handle)
            finally:
                ticker._running = None
                ms = 1000 * (time.perf_counter() - began_s)
                if ms > 1:
                    ticker._on_hold(number, ms, name)

        asyncio.Handle._run = timed  # type: ignore[method-assign]  # noqa: SLF001
        threading.Thread(target=self._look, name="loop-ticker", daemon=True).start()

    def _on_hold(self, number: int, ms: float, name: str) -> None:
        stack = self._seen.pop(number, [])
        mine = [line for line in stack if _OURS in line]
        if mine or _OURS in name:
            self._ours.put(ms, (mine[-1] if mine else name).rpartition(_OURS + "/")[2])
        else:
            where = (stack[-1] if stack else name).rpartition("site-packages/")[2]
            self._others.put(ms, where.rpartition("/lib/")[2])

    def _look(self) -> None:
        """The stack of what is at work for long; gathered over its run, so that our part of it is found."""
        while True:
            time.sleep(_LOOK_AFTER_S)
            running = self._running
            if running is None or time.perf_counter() - running[1] < _LOOK_AFTER_S:
                continue
            frame = sys._current_frames().get(self._main or 0)  # noqa: SLF001
            lines = []
            while frame is not None:
                lines.append(f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}")
                frame = frame.f_back
            if len(self._seen) > 1000:
                self._seen.clear()
            self._seen.setdefault(running[0], []).extend(reversed(lines))

    async def tick(self) -> None:
        """Lateness of a timer: holds, and waiting for the interpreter or a core."""
        while True:
            due_s = time.monotonic() + _TICK_S
            await asyncio.sleep(_TICK_S)
            self._late.append(1000 * (time.monotonic() - due_s))

    def take(self) -> dict[str, Any]:
        """Figures since the last taking."""
        late = sorted(self._late) or [0.0]
        taken = {
            "span_s": time.monotonic() - self._began_s,
            "callbacks": self._count - self._first,
            "longest_by_us": {"ms": self._ours.ms, "where": self._ours.where},
            "longest_by_others": {"ms": self._others.ms, "where": self._others.where},
            "late_p99_ms": late[int(0.99 * len(late))],
            "late_max_ms": late[-1],
        }
        self._clear()
        return taken


def _name_of(handle: asyncio.Handle) -> str:
    callback = getattr(handle, "_callback", None)
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        coroutine = owner.get_coro()
        code = getattr(coroutine, "cr_code", None)
        return f"{code.co_filename} {code.co_name}" if code else str(coroutine)
    code = getattr(callback, "__code__", None)
    return f"{code.co_filename} {code.co_name}" if code else str(type(callback))


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Start to time."""
    ticker = Ticker()
    ticker.install()
    hass.async_create_background_task(ticker.tick(), "loop ticker")

    async def take(call: ServiceCall) -> ServiceResponse:
        return {"json": json.dumps(ticker.take())}

    hass.services.async_register(DOMAIN, "take", take, supports_response=SupportsResponse.ONLY)
    return True
