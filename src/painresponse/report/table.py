"""A table of a page: finished text, laid out by the template."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Lines of text under a head; the first cell names its line, the others are numbers unless ``prose``."""

    head: Sequence[str]
    lines: Sequence[Sequence[str]]
    caption: str = ""
    prose: bool = False
