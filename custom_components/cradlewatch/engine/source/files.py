"""Files and folders as a camera: played in order, in real time, for ever, on one continuous time line."""

from collections.abc import Iterator
from fractions import Fraction
import logging
from pathlib import Path
import threading
import time

import av
from av.container import InputContainer

from ..errors import SourceChangedError, SourceEndedError, SourceError, SourceProblem
from ..settings import SourceSettings
from .boundary import Address, guarded
from .pace import Pace
from .reader import ContainerReader, MediaPacket, fraction_of
from .types import AbortToken

_LOGGER = logging.getLogger(__name__)
_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".ts", ".m2ts", ".mts", ".avi", ".flv", ".mpg", ".mpeg", ".mjpeg"}
    | {".mjpg", ".h264", ".264", ".h265", ".265", ".hevc", ".3gp"}
)
# No playlists (hls, concat): they could name files outside the allowed folders.
_FORMATS = "mov,matroska,mpegts,avi,mpjpeg,mjpeg,h264,hevc,mpeg,mpegvideo,m4v,flv,aac,mp3,wav,ogg"
_MAX_FILES = 10_000
_DEFAULT_FRAME_S = Fraction(1, 25)
_MAX_AUDIO_TAIL_S = Fraction(1, 2)
_MAX_RESUMES = 16
_resume_lock = threading.Lock()
_resume_at: dict[str, int] = {}


def open_files(settings: SourceSettings, abort: AbortToken) -> LoopingReader:
    """Open the file or folder of `settings.spec`. Raises SourceError: path_not_allowed, cannot_connect..."""
    path = allowed_path(settings.spec, settings.allowed_folders)
    files = _files_of(path, settings.allowed_folders)
    return LoopingReader(files, abort, start=_take_resume(settings.spec) % len(files), name=settings.spec)


def allowed_path(spec: str, allowed_folders: tuple[str, ...]) -> Path:
    """The real path (links followed) of `spec`, inside one of `allowed_folders`; raises SourceError."""
    if "\x00" in spec:
        raise SourceError(SourceProblem.PATH_NOT_ALLOWED, "not a path")
    try:
        path = Path(spec).resolve()
        folders = [Path(folder).resolve() for folder in allowed_folders]
    except OSError, RuntimeError:
        path, folders = Path("/"), []
    if not any(path == folder or folder in path.parents for folder in folders):
        raise SourceError(SourceProblem.PATH_NOT_ALLOWED, "outside the allowed folders")
    return path


def _files_of(path: Path, allowed_folders: tuple[str, ...]) -> tuple[Path, ...]:
    try:
        if path.is_file():
            return (path,)
        names = sorted(entry.name for entry in path.iterdir() if entry.suffix.lower() in _SUFFIXES)[:_MAX_FILES]
    except OSError:
        names = []
    # A link inside the folder may lead out of it: such files are left out.
    files = tuple(file for name in names if (file := _allowed_file(path / name, allowed_folders)))
    if not files:
        raise SourceError(SourceProblem.CANNOT_CONNECT, "no such file, or no video file in this folder")
    return files


def _allowed_file(path: Path, allowed_folders: tuple[str, ...]) -> Path | None:
    try:
        real = allowed_path(str(path), allowed_folders)
    except SourceError:
        return None
    return real if real.is_file() else None


def _take_resume(spec: str) -> int:
    with _resume_lock:
        return _resume_at.pop(spec, 0)


def _leave_resume(spec: str, index: int) -> None:
    """The next open of `spec` begins with this file: else a folder of unlike files never got past the first."""
    with _resume_lock:
        while len(_resume_at) >= _MAX_RESUMES:
            del _resume_at[next(iter(_resume_at))]
        _resume_at[spec] = index


class LoopingReader:
    """Reads files in turn for ever. Packets belong to the first file's streams, times go on and on.

    In a folder a film that cannot be read is left out, and told once. Raises SourceError where none can be.
    """

    live_clock = False

    def __init__(self, files: tuple[Path, ...], abort: AbortToken, *, start: int, name: str) -> None:
        self._files = files
        self._abort = abort
        self._name = name
        self._index = start - 1
        self._failed = 0
        """Films in a row of which nothing could be read."""
        self._told: set[Path] = set()
        self._first = self._opened_next()
        self._current = self._first
        self.video = self._first.video
        self.audio = self._first.audio
        self._pace = Pace(abort)
        self._line = _TimeLine(_frame_s(self._first))

    def packets(self) -> Iterator[tuple[MediaPacket, float]]:
        """Packets when their time has come. Ends with SourceEndedError on abort only."""
        while True:
            yield from self._packets_of_file()
            self._next_file()

    def _packets_of_file(self) -> Iterator[tuple[MediaPacket, float]]:
        self._line.begin_file()
        count = 0
        error = SourceError(SourceProblem.UNSUPPORTED_SOURCE, "a file without readable pictures")
        try:
            for packet, _ in self._current.packets():
                at_s = self._line.place(packet)
                if at_s is None:
                    continue
                count += 1
                packet.stream = self.video if packet.stream.type == "video" else self.audio or packet.stream
                self._pace.wait(at_s)
                yield packet, time.monotonic()
        except SourceEndedError:
            self._pace.raise_if_aborted()
        except SourceError as broken:
            error = broken
        if not count:
            self._leave_out(error)
        else:
            self._failed = 0

    def _next_file(self) -> None:
        if self._current is not self._first:
            self._current.close()
        self._current = self._opened_next()
        if not _alike(self._first, self._current):
            _leave_resume(self._name, self._index)
            raise SourceChangedError(SourceProblem.CANNOT_CONNECT, "the next file has another format")

    def _opened_next(self) -> ContainerReader:
        while True:
            self._index = (self._index + 1) % len(self._files)
            try:
                return _open_file(self._files[self._index], self._abort)
            except SourceEndedError:
                raise
            except SourceError as error:
                self._leave_out(error)

    def _leave_out(self, error: SourceError) -> None:
        """The film of now; raises its error where it was the last hope."""
        self._failed += 1
        if self._failed >= len(self._files):
            raise error
        path = self._files[self._index]
        if path not in self._told:
            self._told.add(path)
            _LOGGER.warning("A film is left out, the next one follows (%s): %s", path.name, error)

    def close(self) -> None:
        """Close the files; safe to call twice."""
        self._current.close()
        self._first.close()


def _open_file(path: Path, abort: AbortToken) -> ContainerReader:
    address = Address(str(path))
    options = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}

    def open_it() -> InputContainer:
        return av.open(f"file:{path}", "r", options=options)

    return ContainerReader(guarded(open_it, address), address, abort)


def _alike(one: ContainerReader, other: ContainerReader) -> bool:
    return _signature(one) == _signature(other)


def _signature(reader: ContainerReader) -> tuple[object, ...]:
    video, audio = reader.video.codec_context, reader.audio.codec_context if reader.audio else None
    return (
        (video.name, video.width, video.height, video.extradata),
        (audio.name, audio.sample_rate, audio.channels, audio.extradata) if audio else None,
    )


def _frame_s(reader: ContainerReader) -> Fraction:
    rate = reader.video.average_rate or reader.video.guessed_rate
    return 1 / fraction_of(rate) if rate else _DEFAULT_FRAME_S


class _TimeLine:
    """Lays files one behind the other; times in s since the start of the first."""

    def __init__(self, frame_s: Fraction) -> None:
        self._frame_s = frame_s
        self._shift_s: Fraction | None = None
        self._ends_s = {"video": Fraction(0), "audio": Fraction(0)}
        self._begins_s = Fraction(0)

    def begin_file(self) -> None:
        video_s, audio_s = self._ends_s["video"], self._ends_s["audio"]
        # A sound track that is much longer than the picture must not leave a hole in the picture.
        self._begins_s = max(video_s, min(audio_s, video_s + _MAX_AUDIO_TAIL_S))
        self._shift_s = None

    def place(self, packet: MediaPacket) -> float | None:
        """Move `packet` onto the line; its decoding time in s, or None if it must be left out."""
        base = fraction_of(packet.time_base)
        kind = packet.stream.type
        if packet.dts is None:
            packet.dts = packet.pts if packet.pts is not None else self._expected(kind, base)
        if self._shift_s is None:
            self._shift_s = self._begins_s - packet.dts * base
        shift = round(self._shift_s / base)
        dts_s = (packet.dts + shift) * base
        if kind == "audio" and dts_s < self._ends_s["audio"] - Fraction(1, 1000):
            return None
        packet.dts += shift
        packet.pts = packet.dts if packet.pts is None else packet.pts + shift
        default_s = self._frame_s if kind == "video" else Fraction(0)
        self._ends_s[kind] = dts_s + ((packet.duration or 0) * base or default_s)
        return float(dts_s)

    def _expected(self, kind: str, base: Fraction) -> int:
        return round((self._ends_s[kind] - (self._shift_s or 0)) / base)
