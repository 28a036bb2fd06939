"""The fenced blocks of every page, with what the page's source says of them.

A comment on the line before a block says what the reader need not know::

    <!-- not run: it needs a cluster -->   the block is left out, and counted
    <!-- file: site.toml -->               the block is written to this file
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOOSE = ("README.md", "CONTRIBUTING.md", "GLOSSARY.md", "serve/README.md", "models/README.md")
WRITTEN = "docs/language.md"
"""Written from tests, which run what stands there."""

LANGUAGES = {"python", "console", "sh", "toml", "json", "diff", "text"}
_FENCE = re.compile(r"(?P<fence>`{3,}|:{3,})(?P<word>\S*)")
_SAID = re.compile(r"<!-- (?P<key>not run|file): (?P<value>.+) -->")


@dataclass(frozen=True)
class Block:
    """A fenced block; ``said``: what the comment before it says, by its first words."""

    page: str
    line: int
    language: str
    text: str
    said: dict[str, str]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@cache
def pages() -> dict[str, str]:
    """The text of every page by its place in the project."""
    found = [ROOT / name for name in LOOSE] + sorted((ROOT / "docs").rglob("*.md"))
    texts = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in found}
    return {name: text for name, text in texts.items() if name != WRITTEN}


@cache
def blocks(page: str) -> tuple[Block, ...]:
    """The blocks of a page in their order; directives of the site are none."""
    lines, found, place = pages()[page].splitlines(), [], 0
    while place < len(lines):
        begun = _FENCE.match(lines[place])
        place += 1
        if begun is None:
            continue
        ends = next(at for at in range(place, len(lines)) if lines[at].startswith(begun["fence"]))
        if not begun["word"].startswith("{"):
            text = "\n".join(lines[place:ends]) + "\n"
            found.append(Block(page, place, begun["word"], text, _comment(lines, place - 2)))
        place = ends + 1
    return tuple(found)


def every_block() -> list[Block]:
    """The blocks of all pages."""
    return [block for page in pages() for block in blocks(page)]


def _comment(lines: list[str], place: int) -> dict[str, str]:
    said = _SAID.fullmatch(lines[place].strip()) if place >= 0 else None
    return {said["key"]: said["value"]} if said else {}
