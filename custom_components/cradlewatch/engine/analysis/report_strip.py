"""A window's clip as one picture, for models that take no video. Blocking: executor threads."""

from collections.abc import Iterator, Sequence
import io

from av.error import FFmpegError

from ..errors import AnalysisError, AnalysisFailure
from ..pictures import rgb_image
from ..source.own_decoder import pictures_of
from ..windows.clip import WindowClip
from .strip import StripFrame, contact_strip, spread

_QUALITY = 90


def window_strip(clip: WindowClip) -> tuple[bytes, tuple[int, ...]]:
    """The strip of at most twelve frames of the clip, evenly apart, and the second of the clip that each one shows.

    Raises:
        AnalysisError: NO_PICTURE: the clip is gone from the disk, or cannot be read.
    """
    seconds = spread(len(clip.time_map.offsets_s))
    try:
        jpegs = tuple(_frames(clip, seconds))
        if len(jpegs) != len(seconds):
            raise AnalysisError(AnalysisFailure.NO_PICTURE, "the clip is shorter than its map")
        labels = (f"{number}/{len(seconds)}   {second} s" for number, second in enumerate(seconds, 1))
        frames = [StripFrame(jpeg=jpeg, label=label) for jpeg, label in zip(jpegs, labels, strict=True)]
        return contact_strip(frames), seconds
    except (OSError, FFmpegError) as error:
        raise AnalysisError(AnalysisFailure.NO_PICTURE, f"the clip cannot be read ({error.strerror})") from None


def how_to_read(seconds: Sequence[int]) -> str:
    """What a model must know that is shown a strip where its instructions speak of a video."""
    return (
        f"Instead of the video you are shown one picture that holds {len(seconds)} of its frames in time order, left "
        "to right and then down, each with its number and its second of the video above it. Use these seconds as "
        "times. What happened between two frames was not seen: say nothing about it, and give no skill, no incident "
        "and no change of position that no frame shows."
    )


def _frames(clip: WindowClip, wanted: Sequence[int]) -> Iterator[bytes]:
    """The wanted frames as JPEG, in order."""
    if not clip.mp4:
        files = sorted(clip.path.glob("*.jpg"))
        yield from (files[index].read_bytes() for index in wanted if index < len(files))
        return
    for index, frame in enumerate(pictures_of(clip.path)):
        if index in wanted:
            out = io.BytesIO()
            rgb_image(frame).save(out, "JPEG", quality=_QUALITY)
            yield out.getvalue()
        if index >= wanted[-1]:
            return
