"""How windows are made, kept and understood."""

from dataclasses import dataclass

from .bounds import WINDOW_S


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSettings:
    """Seconds unless the name says otherwise. `length_s` divides an hour; other than ten minutes is for tests."""

    length_s: int = WINDOW_S
    due_after_s: float = 25.0
    """Late packets and the last events of a window come in until then."""
    timeout_s: float = 150.0
    """Limit on the whole call of a report."""
    keep_days: float = 2.0
    keep_bytes: int = 500_000_000
    """For the clips of one crib."""

    def __post_init__(self) -> None:
        if self.length_s < 1 or 3600 % self.length_s:
            raise ValueError("length_s must divide an hour")
