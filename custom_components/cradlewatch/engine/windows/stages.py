"""Progress of a report, as a parent sees it."""

from enum import StrEnum


class Stage(StrEnum):
    """In the order in which they come. `closed` and `failed` beside them: a window is over; no report came."""

    CLOSING = "closing"
    """The window is over, its clip is being finished."""
    CLOSED = "closed"
    SENDING = "sending"
    """Its turn has come: the request is being made."""
    MODEL = "model"
    """The request is on its way: the model has the word."""
    CHECKING = "checking"
    """The answer came and is being read and checked."""
    DONE = "done"
    FAILED = "failed"
