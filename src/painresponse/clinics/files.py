"""A site summary as a JSON file: written whole, and read back as strictly as settings are."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from painresponse.clinics.summary import SCHEMA, SiteSummary
from painresponse.errors import DefinitionError
from painresponse.publishing import publish_bytes
from painresponse.settings import build


def write_summary(path: Path, summary: SiteSummary) -> None:
    """Publish it under this name, whole or not at all. Raises WorkError if it cannot be written."""
    text = json.dumps(asdict(summary), ensure_ascii=False, indent=1, allow_nan=False)
    publish_bytes(Path(path), f"{text}\n".encode())


def read_summary(path: Path) -> SiteSummary:
    """Read what another clinic sent. Raises DefinitionError for whatever no clinic's summary can say."""
    try:
        raw = json.loads(
            Path(path).read_text(encoding="utf-8"), parse_constant=_no_number, object_pairs_hook=_once
        )
    except OSError as error:
        raise DefinitionError(f"Cannot read {path}: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise DefinitionError(f"{path} is not the JSON of a site summary: {error}.") from None
    return summary_from_plain(raw, str(path))


def summary_from_plain(raw: Any, where: str) -> SiteSummary:
    """A summary from plain JSON values. Raises DefinitionError naming the place within ``where``."""
    said = raw.get("schema") if isinstance(raw, dict) else None
    if said != SCHEMA:
        named = f"schema version {said}" if isinstance(said, int) else "no schema version"
        raise DefinitionError(
            f"{where} has {named}; this painresponse pools site summaries of version {SCHEMA}. "
            "Make it with painresponse evaluate of the same release."
        )
    return build(SiteSummary, raw, where)


def _no_number(word: str) -> None:
    raise ValueError(f"it says {word}, which is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a member given twice JSON readers keep the last in silence."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object names the same member twice")
    return found
