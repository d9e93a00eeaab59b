"""Takes credentials out of texts before anything can log, show or store them."""

import re
from urllib.parse import quote, quote_plus, unquote, urlsplit

_USERINFO = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)[^/\s'\"<>]*@")
_QUERY_SECRET = re.compile(
    r"(?P<name>(?:^|[?&;\s'\"])(?:api_?key|key|auth|token|access_token|password|passwd|pwd|pass|user(?:name)?|usr|secret|sig(?:nature)?)=)[^&\s'\"#<>]+",
    re.IGNORECASE,
)
_GOOGLE_KEY = re.compile(r"AIza[0-9A-Za-z_-]{10,}")
_OTHER_KEY = re.compile(r"\b(?:sk|gsk|xai|hf|pplx|key)[-_][0-9A-Za-z_-]{12,}")
_BEARER = re.compile(r"\b(?P<name>Bearer\s+)[0-9A-Za-z._~+/=-]{8,}", re.IGNORECASE)
_MASK = "****"


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Mask user info in addresses, secret-looking query values, API keys and each of `secrets` in `text`."""
    for secret in sorted(_variants(secrets), key=len, reverse=True):
        text = text.replace(secret, _MASK)
    text = _USERINFO.sub(rf"\g<scheme>{_MASK}@", text)
    text = _QUERY_SECRET.sub(rf"\g<name>{_MASK}", text)
    text = _BEARER.sub(rf"\g<name>{_MASK}", text)
    return _OTHER_KEY.sub(_MASK, _GOOGLE_KEY.sub(_MASK, text))


def secrets_of_url(url: str) -> tuple[str, ...]:
    """The user name, password and whole user info and query values that `url` holds; () for plain paths."""
    try:
        parts = urlsplit(url)
        found = [parts.password or "", parts.netloc.rpartition("@")[0]]
    except ValueError:
        return ()
    values = [pair.partition("=")[2] for pair in parts.query.split("&")]
    found += [value for value in values if len(value) >= 4]
    return tuple(part for part in found if part)


def _variants(secrets: tuple[str, ...]) -> set[str]:
    variants: set[str] = set()
    for secret in secrets:
        # One or two characters would mask half of every text.
        if len(secret) >= 3:
            variants |= {secret, unquote(secret), quote(secret, safe=""), quote_plus(secret)}
    return variants
