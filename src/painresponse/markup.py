"""What a notebook shows of a value: headings, lists and small tables as HTML.

Everything is escaped, nothing is fetched, and no colour is set, so that it reads on a dark page too.
"""

from collections.abc import Iterable, Sequence
from html import escape

SYNTHETIC = "SYNTHETIC — NOT FOR CLINICAL USE"
"""The mark of everything made of simulated patients."""

MOST = 20
"""Lines of a table in a notebook."""

_LEFT = ' style="text-align:left"'


def panel(heading: str, *bodies: str, notes: Iterable[str] = ()) -> str:
    """A heading (its lines kept), what is made of it, and what must be known to read it."""
    head = f"<p><strong>{escape(heading)}</strong></p>".replace("\n", "<br>")
    return "".join((head, *bodies, *(f"<p><small>{escape(one)}</small></p>" for one in notes)))


def items(sentences: Iterable[str]) -> str:
    """A list, a point for each sentence."""
    return f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in sentences)}</ul>"


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """The first lines of text under a head, and how many more there are; nothing without a line."""
    if not lines:
        return ""
    body = "".join(f"<tr>{_cells('td', line)}</tr>" for line in lines[:MOST])
    more = f"<p>and {len(lines) - MOST:,} more</p>" if len(lines) > MOST else ""
    return f"<table><thead><tr>{_cells('th', head)}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cells(tag: str, texts: Iterable[str]) -> str:
    return "".join(f"<{tag}{_LEFT}>{escape(one)}</{tag}>" for one in texts)
