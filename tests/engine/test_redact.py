"""Credentials never survive redaction."""

import pytest

from custom_components.cradlewatch.engine.redact import redact, secrets_of_url


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://bob:S3cret!pw@cam/x failed",
        "Error opening 'rtsps://bob:S3cret!pw@10.0.0.2:554/a?b=1': refused",
        "http://cam/snap?user=bob&password=S3cret!pw",
        "GET /cgi?pwd=S3cret!pw HTTP/1.1",
        "rtsp://S3cret!pw@cam/",
    ],
)
def test_password_is_masked(text: str) -> None:
    assert "S3cret" not in redact(text)


def test_secrets_are_masked_in_every_spelling() -> None:
    secrets = secrets_of_url("rtsp://bob:p%40ss%2Fword@cam/live")
    for spelling in ("p%40ss%2Fword", "p@ss/word"):
        assert spelling not in redact(f"401 for {spelling}", secrets)


def test_google_keys_are_masked_and_plain_text_stays() -> None:
    assert redact("key AIzaSyA1234567890abcdef went") == "key **** went"
    assert redact("no secret in here: 1280x720@30") == "no secret in here: 1280x720@30"


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: sk-proj-Ab0123456789xyz.",
        "header Authorization: Bearer Ab0123456789xyz== was refused",
        "gsk_Ab0123456789xyz is not valid",
    ],
)
def test_keys_of_other_providers_are_masked(text: str) -> None:
    assert "Ab0123456789xyz" not in redact(text)


def test_ordinary_words_stay() -> None:
    text = "key-value store, a risk-averse bearer of news, sk-1"
    assert redact(text) == text
