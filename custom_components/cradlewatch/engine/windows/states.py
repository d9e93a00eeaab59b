"""In which state a window is. It ends in exactly one of four."""

from dataclasses import dataclass
from enum import StrEnum

from .bounds import Window

PARTIAL_BELOW = 0.6
"""A window of less coverage is partial, whatever was found in it."""
ATTEMPTS_MAX = 3


class WindowState(StrEnum):
    """`recording`, `pending` and `sending` pass; the rest are ends. `failed` may be tried again on request."""

    RECORDING = "recording"
    PENDING = "pending"
    SENDING = "sending"
    COMPLETED = "completed"
    PARTIAL = "partial"
    SKIPPED = "skipped"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        """Is it one of the four ends."""
        return self not in (WindowState.RECORDING, WindowState.PENDING, WindowState.SENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWindow:
    """A window as the store knows it."""

    crib_id: str
    window: Window
    state: WindowState
    reason: str | None
    """Why it was skipped or failed: privacy, camera_lost, no_picture, storage, not_running, overload, or an
    AnalysisFailure value."""
    coverage: float | None
    cut: bool
    frames: int
    attempts: int
    score: int | None
    activity: float | None = None
    """Mean level of activity (0 to 100) while it was known."""


def end_state(coverage: float, *, cut: bool) -> WindowState:
    """How a window ends that was understood."""
    return WindowState.PARTIAL if cut or coverage < PARTIAL_BELOW else WindowState.COMPLETED
