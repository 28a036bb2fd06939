"""The configuration: every packaged file, by what it says of itself."""

from pathlib import Path

from painresponse.clinic.catalogue import packaged

SHOWN_WHOLE = 150
"""Lines; of a longer file only what stands at its head is shown."""


def settings() -> str:
    """A section a file."""
    return "\n".join(_section(path) for path in sorted(packaged().glob("*.toml")))


def _section(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    shown = lines if len(lines) <= SHOWN_WHOLE else _head(lines)
    rest = len(lines) - len(shown)
    more = f"\n… and {rest:,} lines of entries, in `configs/{path.name}`.\n" if rest else ""
    return f"## {path.name}\n\n```toml\n" + "\n".join(shown) + f"\n```\n{more}"


def _head(lines: list[str]) -> list[str]:
    """The comment a file begins with, and its first entry."""
    begun = next(place for place, line in enumerate(lines) if not line.startswith("#") and line)
    ends = next((place for place in range(begun, len(lines)) if not lines[place]), len(lines))
    return lines[:ends]
