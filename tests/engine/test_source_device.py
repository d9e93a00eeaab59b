"""USB cameras without one: what is told of a device that is missing, forbidden, or none that gives pictures."""

from collections.abc import Iterator
import os
from pathlib import Path
import stat

import pytest

from custom_components.cradlewatch.engine.errors import SourceError, SourceProblem
from custom_components.cradlewatch.engine.settings import SourceSettings
from custom_components.cradlewatch.engine.source.device import open_device
from custom_components.cradlewatch.engine.source.open import open_source
from custom_components.cradlewatch.engine.source.types import AbortToken
from tests.disks import small_disk
from tests.servers.usb_camera import plugged_in, run_with_camera


def failure_of(path: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        open_device(SourceSettings(spec=path), AbortToken())
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


@pytest.fixture
def forbidden(tmp_path: Path) -> Iterator[str]:
    """A character device that this user may not open: for root one on a file system without devices."""
    if os.getuid():
        shut = (path for path in Path("/dev").iterdir() if path.is_char_device() and not os.access(path, os.R_OK))
        if (found := next(shut, None)) is None:
            pytest.skip("every device may be opened")
        yield str(found)
        return
    with small_disk(tmp_path / "disk", megabytes=1, options="nodev") as disk:
        try:
            os.mknod(disk / "video0", 0o600 | stat.S_IFCHR, Path("/dev/null").stat().st_rdev)
        except PermissionError:
            pytest.skip("no device may be made")
        yield str(disk / "video0")


def test_a_device_that_is_not_there() -> None:
    failure = failure_of("/dev/video999")
    assert failure.problem is SourceProblem.CANNOT_CONNECT
    assert "no such device" in failure.detail


def test_a_device_without_permission(forbidden: str) -> None:
    failure = failure_of(forbidden)
    assert failure.problem is SourceProblem.NO_PERMISSION
    assert "no permission" in failure.detail


@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero", "/dev/urandom", "/dev/tty", "terminal"])
def test_a_device_that_is_no_camera(path: str) -> None:
    master, terminal = os.openpty()
    try:
        failure = failure_of(os.ttyname(terminal) if path == "terminal" else path)
    finally:
        os.close(master)
        os.close(terminal)
    # Without a terminal of its own /dev/tty of a process cannot be opened at all.
    told = {SourceProblem.NO_VIDEO: "is no camera", SourceProblem.CANNOT_CONNECT: "cannot be opened"}
    assert told[failure.problem] in failure.detail
    assert path == "/dev/tty" or failure.problem is SourceProblem.NO_VIDEO


def test_a_file_in_the_place_of_a_device(tmp_path: Path) -> None:
    (tmp_path / "video0").write_bytes(b"no device")
    assert failure_of(str(tmp_path / "video0")).problem is SourceProblem.CANNOT_CONNECT


@pytest.mark.parametrize("spec", ["/dev/null", "/dev/zero", "/dev/video", "/dev/video0/../null"])
def test_another_device_by_a_wrong_address_is_never_read(spec: str) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(SourceSettings(spec=spec, allowed_folders=("/media",)), AbortToken())
    assert caught.value.problem is SourceProblem.PATH_NOT_ALLOWED


def test_a_camera_that_is_plugged_in_later_and_pulled_out(tmp_path: Path) -> None:
    """MJPEG of the size that the camera has, not of the one that it was asked for; encoded once for viewers."""
    told = run_with_camera(
        tmp_path, "from tests.servers.usb_camera import watch_it_come_and_go; watch_it_come_and_go()"
    )
    seen = "libx264 640 360 180 320 fast"
    assert told.splitlines() == ["cannot_connect", seen, "cannot_connect", seen]


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ("metadata", "no_video: this node of the device gives no pictures, another may"),
        ("forbidden", "no_permission: no permission to open this device"),
        ("busy", "device_busy: Device or resource busy"),
    ],
)
def test_why_a_camera_gives_no_pictures(tmp_path: Path, node: str, told: str) -> None:
    code = """
        from tests.engine.test_source_device import failure_of
        from tests.servers.usb_camera import DEVICE
        print(failure_of(DEVICE))
    """
    with plugged_in():
        assert run_with_camera(tmp_path, code, node=node).startswith(told)
