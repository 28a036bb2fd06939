"""What the server allows; the keys are explained in serving.toml."""

from dataclasses import dataclass, fields
from pathlib import Path

from painresponse.clinic.catalogue import packaged
from painresponse.settings import build, load


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the server listens, and its limits."""

    host: str
    port: int
    body_bytes: int
    events: int
    concurrent: int
    retry_after_seconds: int
    request_seconds: float
    receive_seconds: float
    keep_alive_seconds: int
    shutdown_seconds: int
    trusted_key: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name not in ("host", "port", "trusted_key") and getattr(self, field.name) <= 0:
                raise ValueError(f"{field.name} must be more than 0")
        if not 0 <= self.port <= 65535:
            raise ValueError("port must lie between 0 (any free one) and 65535")


def load_settings(path: Path | None = None) -> Settings:
    """The packaged serving.toml, or another file of its kind. Raises DefinitionError on anything strange."""
    path = path or packaged() / "serving.toml"
    return build(Settings, load(path), path.name)
