"""Sensors of what is written afterwards: reports of windows, digests of hours and days."""

from typing import Any

from homeassistant.components.sensor import SensorDeviceClass

from .const import KEY_DAILY_DIGEST, KEY_HOURLY_DIGEST, KEY_REPORT
from .coordinator import CribState
from .sensor_description import CribSensorDescription


def report_attributes(state: CribState) -> dict[str, Any]:
    """The newest report and how far the next one is."""
    report, progress = state.report, state.report_progress
    shown: dict[str, Any] = {}
    if progress is not None:
        shown = {
            "stage": progress.stage,
            "window": progress.window_start.isoformat(),
            "window_state": progress.state,
            "window_reason": progress.reason,
        }
    if report is None:
        return shown
    return {
        **shown,
        **report.details,
        "text": report.text,
        "start": report.start.isoformat(),
        "end": report.end.isoformat(),
        "score": report.score,
        "provider": report.provider,
    }


REPORTS = (
    CribSensorDescription(
        key=KEY_REPORT,
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda state: state.report.at if state.report else None,
        attributes=report_attributes,
    ),
    CribSensorDescription(
        key=KEY_HOURLY_DIGEST,
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda state: state.digest_hour.at if state.digest_hour else None,
        attributes=lambda state: dict(state.digest_hour.details) if state.digest_hour else {},
    ),
    CribSensorDescription(
        key=KEY_DAILY_DIGEST,
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda state: state.digest_day.at if state.digest_day else None,
        attributes=lambda state: dict(state.digest_day.details) if state.digest_day else {},
    ),
)
