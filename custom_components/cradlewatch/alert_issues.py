"""Phones that alerts do not reach, as Home Assistant's repairs. Event loop only; every call may be repeated."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN, ISSUE_ALERT_FAILED, ISSUE_ALERT_PHONE_GONE


@callback
def phone_fails(hass: HomeAssistant, phone: str, name: str, *, gone: bool) -> bool:
    """An alert did not reach this phone. True where that is news."""
    issue = ISSUE_ALERT_PHONE_GONE if gone else ISSUE_ALERT_FAILED
    known = ir.async_get(hass).async_get_issue(DOMAIN, f"{issue}_{phone}") is not None
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{issue}_{phone}",
        data={"phone": phone, "name": name},
        is_fixable=gone,
        severity=ir.IssueSeverity.ERROR,
        translation_key=issue,
        translation_placeholders={"name": name},
    )
    return not known


@callback
def phone_answers(hass: HomeAssistant, phone: str) -> None:
    """It is reached, or nothing is sent to it any more."""
    for issue in (ISSUE_ALERT_PHONE_GONE, ISSUE_ALERT_FAILED):
        ir.async_delete_issue(hass, DOMAIN, f"{issue}_{phone}")
