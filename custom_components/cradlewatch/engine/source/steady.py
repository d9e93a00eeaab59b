"""A camera's clock as an encoder needs it: encoders take no steps back in time, and cameras set their clocks."""

from fractions import Fraction

_STEP_BACK_S = Fraction(1, 2)
"""What lies so far before the last is a clock that was set; less is jitter, which encoders are given as it is."""


class SteadyClock:
    """Shifts the times of one stream so that they go on where the clock steps back. One thread.

    What comes out of the encoder is shifted back by `shift_s`: that the clock was set is for the timeline to know,
    which keeps picture and sound together.
    """

    def __init__(self) -> None:
        self.shift_s = Fraction(0)
        self._next_s: Fraction | None = None

    def steady(self, at_s: Fraction, lasts_s: Fraction) -> Fraction:
        """The time for what begins at `at_s` by the camera's clock and lasts for `lasts_s`."""
        steady_s = at_s + self.shift_s
        if self._next_s is not None and steady_s < self._next_s - _STEP_BACK_S:
            self.shift_s += self._next_s - steady_s
            steady_s = self._next_s
        self._next_s = steady_s + lasts_s
        return steady_s
