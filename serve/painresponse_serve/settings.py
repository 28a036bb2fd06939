"""What the server allows; the keys are explained in serving.toml.

An environment variable ``PAINRESPONSE_SERVE_PORT`` stands above ``port`` of the file, and
``PAINRESPONSE_SERVE_LIMITS__EVENTS`` above ``events`` of its table ``[limits]``; what the call itself says
stands above both.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from painresponse.clinic.catalogue import packaged
from painresponse.errors import DefinitionError
from painresponse.settings import build, load
from painresponse_serve.access import Access
from painresponse_serve.audit import Audit
from painresponse_serve.hooks.site import Hooks
from painresponse_serve.renewal import Renewal
from painresponse_serve.tls import Tls

PREFIX = "PAINRESPONSE_SERVE_"


@dataclass(frozen=True, slots=True)
class Limits:
    """That no single client, slow, large or hostile, keeps the others waiting."""

    body_bytes: int
    events: int
    patients: int
    rows: int
    concurrent: int
    busy_seconds: float
    held_bytes: int
    retry_after_seconds: int
    request_seconds: float
    receive_seconds: float
    keep_alive_seconds: int
    shutdown_seconds: int

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) <= 0:
                raise ValueError(f"{field.name} must be more than 0")


@dataclass(frozen=True, slots=True)
class Safety:
    """When nothing may be scored, beside what the bundles themselves refuse."""

    trusted_key: str
    drift_alarm: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the server listens, its limits, and who may do what."""

    host: str
    port: int
    zone: str
    limits: Limits
    safety: Safety
    access: Access
    hooks: Hooks
    audit: Audit
    renewal: Renewal
    tls: Tls

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError("port must lie between 0 (any free one) and 65535")
        check_zone(self.zone)


def check_zone(name: str) -> None:
    """Raises ValueError for a time zone that this machine does not know; none at all is fine."""
    try:
        if name:
            ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("zone is no time zone of this machine: write it like Europe/Madrid") from None


def load_settings(
    path: Path | None = None,
    *,
    said: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """The packaged serving.toml, or another file of its kind, which need not repeat what it leaves as it is.

    ``said`` stands above all, by the name of a setting, as ``tls.key`` within a table; None says nothing.
    Raises DefinitionError on anything strange.
    """
    plain = load(packaged() / "serving.toml")
    layers = [load(path)] if path is not None else []
    for layer in (*layers, _environment(environment), _tables(said or {})):
        plain = _over(plain, layer)
    return build(Settings, plain, path.name if path else "serving.toml")


def _over(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """One table above another, tables within them as well."""
    both = {name for name in above if isinstance(below.get(name), dict) and isinstance(above[name], dict)}
    return {**below, **above, **{name: _over(below[name], above[name]) for name in both}}


def _tables(said: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by their dotted names, as nested tables."""
    plain: dict[str, Any] = {}
    for dotted, value in said.items():
        *tables, name = dotted.split(".")
        place = plain
        for table in tables:
            place = place.setdefault(table, {})
        if value is not None:
            place[name] = str(value) if isinstance(value, Path) else value
    return plain


def _environment(variables: Mapping[str, str]) -> dict[str, Any]:
    """The settings among the environment variables, as nested tables."""
    found = {
        variable.removeprefix(PREFIX).lower().replace("__", "."): _value(text)
        for variable, text in variables.items()
        if variable.startswith(PREFIX)
    }
    for dotted in found:
        if any(other.startswith(f"{dotted}.") for other in found):
            variable = PREFIX + dotted.upper().replace(".", "__")
            raise DefinitionError(f"{variable} gives a value to what another variable makes a table.")
    return _tables(found)


def _value(text: str) -> Any:
    """As TOML reads it, or else as the text it is."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
