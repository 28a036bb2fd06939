"""Reading from an address that the settings name, and from nowhere else."""

from collections.abc import Mapping
from typing import Any
from urllib.request import HTTPRedirectHandler, Request, build_opener

SECONDS_TO_FETCH = 5.0
"""To connect, and between any two parts of an answer."""


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **named: Any) -> None:
        """Go nowhere the settings do not name."""


_OPENER = build_opener(_NoRedirect)


def fetched(url: str, *, most_bytes: int, headers: Mapping[str, str] | None = None) -> bytes:
    """What an http or https address answers.

    Raises OSError, ValueError (above all for more than ``most_bytes``) or http.client.HTTPException.
    """
    request = Request(url, headers=dict(headers or {}))  # noqa: S310 (the scheme is checked with the settings)
    with _OPENER.open(request, timeout=SECONDS_TO_FETCH) as response:
        content: bytes = response.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ValueError(f"more than {most_bytes} bytes")
    return content
