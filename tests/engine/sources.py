"""Helpers of the source tests."""

from collections.abc import Iterator
import contextlib
from itertools import islice
import threading

from custom_components.cradlewatch.engine.errors import SourceError
from custom_components.cradlewatch.engine.settings import SourceSettings
from custom_components.cradlewatch.engine.source.open import open_source
from custom_components.cradlewatch.engine.source.types import AbortToken, MediaItem, Source


@contextlib.contextmanager
def opened(spec: str, abort: AbortToken | None = None, **settings: object) -> Iterator[Source]:
    """An open source, closed at the end."""
    source = open_source(SourceSettings(spec=spec, **settings), abort or AbortToken())
    try:
        yield source
    finally:
        source.close()


def video_items(source: Source, count: int) -> list[MediaItem]:
    """The next `count` pictures."""
    return list(islice((item for item in source.items() if item.stream.type == "video"), count))


def items_until_error(source: Source) -> tuple[list[MediaItem], SourceError]:
    """Everything up to the error that ends the source."""
    items: list[MediaItem] = []
    try:
        items.extend(source.items())
    except SourceError as error:
        return items, error
    raise AssertionError("a source ends with an error only")


@contextlib.contextmanager
def aborted_after(abort: AbortToken, delay_s: float) -> Iterator[None]:
    """Abort from another thread after `delay_s`."""
    timer = threading.Timer(delay_s, abort.abort)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
