"""Frozen settings, ranges checked once. Seconds unless the name says otherwise."""

from dataclasses import dataclass, field

from .models import BoxXyxy
from .picture_feed import PictureFeed


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must be between {low} and {high}, not {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """How to reach the camera. `spec` may hold a password: never log it, `repr` leaves it out."""

    spec: str = field(repr=False)
    rtsp_transport: str = "auto"
    """auto (TCP, then UDP), tcp or udp."""
    verify_tls: bool = True
    open_timeout_s: float = 10.0
    read_timeout_s: float = 5.0
    allowed_folders: tuple[str, ...] = ()
    """Where files may be read from; the glue fills in what Home Assistant allows."""
    rotation_deg: int = 0
    feed: PictureFeed | None = None
    """Where `pictures:` takes its pictures from; only the glue sets it."""
    pictures_only: bool = False
    """For detection alone: nothing is encoded for viewers, and sound is left out."""

    def __post_init__(self) -> None:
        _check("open_timeout_s", self.open_timeout_s, 0.5, 60)
        _check("read_timeout_s", self.read_timeout_s, 0.5, 60)
        if self.rtsp_transport not in ("auto", "tcp", "udp"):
            raise ValueError("rtsp_transport must be auto, tcp or udp")
        if self.rotation_deg not in (0, 90, 180, 270):
            raise ValueError("rotation_deg must be 0, 90, 180 or 270")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSettings:
    """The frame loop."""

    detect_fps: float = 5.0
    detect_width_px: int = 320
    ring_s: float = 24.0
    """Packets kept for viewers that join and for pre-roll; at least two GOPs are kept within the byte limit."""
    ring_bytes: int = 32 * 1024 * 1024
    stall_after_s: float = 5.0
    lost_after_s: float = 10.0
    reconnect_delays_s: tuple[float, ...] = (1, 2, 4, 8, 15)
    auth_retry_s: float = 300.0
    idle_economy: bool = True
    """Decode keyframes only while nothing moves."""

    def __post_init__(self) -> None:
        _check("detect_fps", self.detect_fps, 1, 15)
        _check("detect_width_px", self.detect_width_px, 160, 640)
        _check("ring_s", self.ring_s, 12, 120)
        _check("ring_bytes", self.ring_bytes, 1 << 20, 1 << 30)
        _check("lost_after_s", self.lost_after_s, self.stall_after_s, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSettings:
    """Clips of incidents, and how long they are kept."""

    enabled: bool = True
    pre_s: float = 10.0
    post_s: float = 20.0
    keep_days: float = 7.0
    keep_bytes: int = 2_000_000_000
    reserve_bytes: int = 256 * 1024 * 1024
    """Free space that is left to others: with less, nothing is recorded; recording resumes at twice as much."""

    def __post_init__(self) -> None:
        _check("pre_s", self.pre_s, 0, 20)
        _check("post_s", self.post_s, 0, 120)
        _check("keep_days", self.keep_days, 0, 3650)
        _check("keep_bytes", self.keep_bytes, 0, 1 << 50)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A named polygon in normalised coordinates (x, y), at least three points. kind: crib, danger or ignore."""

    name: str
    kind: str
    points_xy: tuple[tuple[float, float], ...]
    stages: tuple[int, ...] = ()
    """Indices of the age stages for which it is armed; empty = always."""

    def __post_init__(self) -> None:
        if self.kind not in ("crib", "danger", "ignore"):
            raise ValueError("a zone is of the kind crib, danger or ignore")
        if len(self.points_xy) < 3:
            raise ValueError("a zone needs three points at the least")
        for x, y in self.points_xy:
            _check("zone point", x, 0, 1)
            _check("zone point", y, 0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SenseSettings:
    """What the detectors of one crib are told."""

    motion_sensitivity: float = 0.5
    """0 (coarse) to 1 (fine)."""
    zones: tuple[Zone, ...] = ()
    ignore_boxes_xyxy: tuple[BoxXyxy, ...] = ()
    age_stage: int | None = None
    """Index into the age stages, None where no birthdate is known."""
    vision_backend: str = "auto"
    """auto (OpenCV where it is installed), opencv or numpy."""

    def __post_init__(self) -> None:
        _check("motion_sensitivity", self.motion_sensitivity, 0, 1)
        if self.vision_backend not in ("auto", "opencv", "numpy"):
            raise ValueError("vision_backend must be auto, opencv or numpy")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerSettings:
    """Identity of incidents."""

    merge_s: float = 300.0
    """The same kind again within this time is the same incident."""
    unattended_end_s: float = 600.0
    """An incident that a model raised and nothing renews ends after this time."""

    def __post_init__(self) -> None:
        _check("merge_s", self.merge_s, 0, 3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetySettings:
    """How long a verdict may be believed."""

    valid_awake_s: float = 300.0
    valid_asleep_s: float = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """Frame checks."""

    interval_s: float = 45.0
    timeout_s: float = 20.0
    long_edge_px: int = 768
    jpeg_quality: int = 80
    picture_max_age_s: float = 3.0
    """An older picture is never sent."""

    def __post_init__(self) -> None:
        _check("interval_s", self.interval_s, 10, 3600)
        _check("timeout_s", self.timeout_s, 2, 60)
        _check("long_edge_px", self.long_edge_px, 320, 1920)
