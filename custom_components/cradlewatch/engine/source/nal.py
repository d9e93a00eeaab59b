"""NAL units of H.264 and HEVC: where pictures can be entered, and when the parameter sets change."""

from collections.abc import Iterator
from enum import StrEnum

_H264_SPS, _H264_PPS, _H264_IDR, _H264_DELIMITER = 7, 8, 5, 9
_HEVC_VPS, _HEVC_SPS, _HEVC_PPS = 32, 33, 34
_HEVC_IRAP = range(16, 22)
_H264_SLICES = (1, 2, 5)
_HEVC_SLICES = range(32)
# How HEVC's VPS and access unit delimiter begin. H.264 has no unit of type 0, and no SEI that is referred to.
_HEVC_HEADERS = (b"\x40\x01", b"\x46\x01")
_HEVC_VPS_HEADER = _HEVC_HEADERS[0]
# A camera whose picture parameters differ every GOP is odd but well; one that kept them this long was changed.
_SETTLED_KEYFRAMES = 3


class NalCodec(StrEnum):
    """Codecs that are passed through."""

    H264 = "h264"
    HEVC = "hevc"


def length_size(extradata: bytes | None) -> int:
    """Bytes of the length before each NAL unit (avcC, hvcC), 0 for start codes (Annex B)."""
    if not extradata or extradata[0] != 1:
        return 0
    if len(extradata) > 22 and extradata[:3] != b"\x00\x00\x01" and _is_hvcc(extradata):
        return (extradata[21] & 3) + 1
    return (extradata[4] & 3) + 1 if len(extradata) > 4 else 0


def _is_hvcc(extradata: bytes) -> bool:
    # avcC: byte 5 holds 111 and the count of SPS, byte 8 the first SPS (type 7). hvcC has neither.
    return not (len(extradata) > 8 and extradata[4] & 0xFC == 0xFC and extradata[8] & 0x1F == _H264_SPS)


def split(data: bytes, length_bytes: int) -> Iterator[bytes]:
    """NAL units of `data`; `length_bytes` 0 means Annex B. A broken length ends the walk."""
    if length_bytes:
        yield from _split_lengths(data, length_bytes)
    else:
        yield from _split_start_codes(data)


def _split_lengths(data: bytes, length_bytes: int) -> Iterator[bytes]:
    at = 0
    while at + length_bytes < len(data):
        size = int.from_bytes(data[at : at + length_bytes])
        at += length_bytes
        if size == 0 or at + size > len(data):
            return
        yield data[at : at + size]
        at += size


def _split_start_codes(data: bytes) -> Iterator[bytes]:
    at = data.find(b"\x00\x00\x01")
    while at >= 0:
        start = at + 3
        at = data.find(b"\x00\x00\x01", start)
        unit = data[start : at if at >= 0 else None].rstrip(b"\x00")
        if unit:
            yield unit


class ParameterWatch:
    """Follows one H.264 or HEVC stream: is this packet a clean start, and did the parameter sets change?"""

    def __init__(self, codec: NalCodec, extradata: bytes | None) -> None:
        self._codec = codec
        self.length_bytes = length_size(extradata)
        """Of the length before each NAL unit; 0 where they begin with start codes."""
        self.other_codec = False
        """What comes is of the other codec."""
        self._stream_sets: tuple[bytes, ...] = ()
        self._picture_sets: tuple[bytes, ...] = ()
        self._unchanged = 0
        self._is_odd = False
        self.changed = False
        """True from the packet on that brought other parameter sets than the ones before it."""

    def is_entry(self, data: bytes, flagged_key: bool) -> bool:
        """Whether a decoder can start at this access unit; notes its parameter sets.

        A recovery point without parameter sets (intra refresh) is flagged as key by FFmpeg but is no clean start.
        """
        if not flagged_key and not self._may_hold_sets(data):
            return False
        streams, pictures, has_entry = self._sort(data)
        self._note(streams, pictures)
        # Out-of-band parameter sets (files): the index of the container is to be believed.
        return has_entry or (flagged_key and bool(streams or self.length_bytes))

    def accept(self) -> None:
        """The change is known: what comes from here on is compared with the new parameter sets."""
        self.changed = False

    def _may_hold_sets(self, data: bytes) -> bool:
        units = split(data[:64], self.length_bytes) if self.length_bytes else _split_start_codes(data[:64])
        first = next(units, b"")
        self._look_for_other_codec(first)
        return bool(first) and (self._is_foreign(first) or self._type(first) not in self._slice_types())

    def _slice_types(self) -> tuple[int, ...] | range:
        return _H264_SLICES if self._codec is NalCodec.H264 else _HEVC_SLICES

    def _type(self, unit: bytes) -> int:
        return unit[0] & 0x1F if self._codec is NalCodec.H264 else (unit[0] >> 1) & 0x3F

    def _sort(self, data: bytes) -> tuple[tuple[bytes, ...], tuple[bytes, ...], bool]:
        h264 = self._codec is NalCodec.H264
        stream_types = (_H264_SPS,) if h264 else (_HEVC_VPS, _HEVC_SPS)
        picture_type = _H264_PPS if h264 else _HEVC_PPS
        entry_types = (_H264_IDR,) if h264 else _HEVC_IRAP
        streams: set[bytes] = set()
        pictures: set[bytes] = set()
        for unit in split(data, self.length_bytes):
            kind = self._type(unit)
            self._look_for_other_codec(unit)
            if self._is_foreign(unit):
                continue
            if kind in stream_types:
                streams.add(unit)
            elif kind == picture_type:
                pictures.add(unit)
            elif kind in self._slice_types():
                # Parameter sets come before the slices: the bulk of the packet need not be searched.
                return tuple(sorted(streams)), tuple(sorted(pictures)), kind in entry_types
        return tuple(sorted(streams)), tuple(sorted(pictures)), False

    def _look_for_other_codec(self, unit: bytes) -> None:
        """A camera that has broken the rules of its codec from the start is odd but well, unless it has another one's.

        Who joins just before the change sees nothing of the first codec but its name.
        """
        if self._is_foreign(unit):
            self._is_odd |= not self._stream_sets
            self.other_codec |= not self._is_odd or self._is_foreign_set(unit)
            self.changed |= self.other_codec

    def _is_foreign_set(self, unit: bytes) -> bool:
        """Parameters that no decoder of the first codec could do anything with."""
        if self._codec is NalCodec.H264:
            return unit[:2] == _HEVC_VPS_HEADER
        return unit[0] & 0x1F == _H264_SPS

    def _is_foreign(self, unit: bytes) -> bool:
        """Whether this is of the other codec: FFmpeg goes on under the name of the first."""
        if self._codec is NalCodec.H264:
            return unit[:2] in _HEVC_HEADERS
        # The lowest bit belongs to a layer number that no camera has.
        return bool(unit) and bool(unit[0] & 1) and unit[0] & 0x1F in (_H264_SPS, _H264_DELIMITER)

    def _note(self, streams: tuple[bytes, ...], pictures: tuple[bytes, ...]) -> None:
        if streams:
            self.changed |= bool(self._stream_sets) and streams != self._stream_sets
            self._stream_sets = streams
        if not pictures:
            return
        if pictures == self._picture_sets:
            self._unchanged += 1
            return
        self.changed |= bool(self._picture_sets) and self._unchanged >= _SETTLED_KEYFRAMES
        self._picture_sets, self._unchanged = pictures, 0
