"""What the site draws from the code when it is built, so that no page can fall behind it.

Each is a MyST directive without arguments, and a function that returns Markdown.
"""

import re
from collections.abc import Callable
from typing import Any

from docs.drawn.endpoints import endpoints
from docs.drawn.names import names
from docs.drawn.settings import settings
from docs.drawn.walls import walls
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

DRAWN: dict[str, Callable[[], str]] = {
    "endpoints": endpoints,
    "names": names,
    "settings": settings,
    "walls": walls,
}


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directives."""
    for name, draw in DRAWN.items():
        app.add_directive(name, _directive(draw))
    app.connect("autodoc-skip-member", _is_of_others)
    app.connect("builder-inited", _beside_the_pages)
    return {"parallel_read_safe": True}


def _beside_the_pages(app: Sphinx) -> None:
    """Sphinx sees only what lies below its folder: notebooks come there, their links seen from there."""
    beside = app.srcdir / "notebooks"
    beside.mkdir(exist_ok=True)
    for book in (app.srcdir.parent / "notebooks").glob("*.ipynb"):
        text = re.sub(r"\]\(\.\./(docs/)?", _from_there, book.read_text(encoding="utf-8"))
        (beside / book.name).write_text(text, encoding="utf-8")


def _from_there(found: re.Match[str]) -> str:
    return "](../" if found[1] else "](../../"


def _is_of_others(app: Sphinx, kind: str, name: str, member: Any, *_: Any) -> bool | None:
    """Members that a library adds to a class of ours: they are described where they come from."""
    home = getattr(member, "__module__", None) or "painresponse"
    return None if home.startswith("painresponse") else True


def _directive(draw: Callable[[], str]) -> type[SphinxDirective]:
    class Drawn(SphinxDirective):
        def run(self) -> list[nodes.Node]:
            self.env.note_reread()  # what it is drawn from is no file that Sphinx watches
            return self.parse_text_to_nodes(draw(), allow_section_headings=True)

    return Drawn
