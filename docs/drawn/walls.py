"""The import walls as a picture: who imports whom, read from the source.

Layers stand in an order in which every import points down, so each mark lies right of the diagonal; one that
did not would lie left of it, and `tests/house` would fail.
"""

from collections.abc import Iterator
from functools import cache

from tests.house.test_walls import LIGHT, layers_imported_by
from tests.lib.source import layer_of, modules

_STEP, _LEFT, _TOP, _RIGHT = 20, 150, 140, 60
_DOORS = {"painresponse", "__main__"}
"""The package itself names its public words as text; what runs it imports the commands."""

SERVER = "painresponse_serve"
ABOVE_LIGHT = {*LIGHT, "publishing", SERVER}
"""What the server may rest on, and the server."""


@cache
def layers() -> dict[str, set[str]]:
    """Every layer and those it imports, each above all that it imports, the light side at the bottom."""
    found = {one: layers_imported_by(one) for one in {layer_of(name) for name in modules()} - _DOORS}
    placed: dict[str, set[str]] = {}
    while left := [one for one in found if one not in placed and found[one] <= set(placed)]:
        one = min(left, key=lambda name: (name not in ABOVE_LIGHT, name == SERVER, name))
        placed[one] = found[one]
    return dict(reversed(placed.items()))


def walls() -> str:
    """The picture, as an SVG that takes its colours from the page."""
    drawn = "".join((*_rows(), *_line()))
    side = _STEP * len(layers())
    box = f"0 0 {_LEFT + side + _RIGHT} {_TOP + side + 4}"
    return (
        f'```{{raw}} html\n<svg class="walls" viewBox="{box}" role="img" '
        f'aria-label="Which layer imports which: every import points down.">{drawn}</svg>\n```\n'
    )


def _rows() -> Iterator[str]:
    found = list(layers().items())
    for place, (name, imported) in enumerate(found):
        y = _TOP + _STEP * place
        yield f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{name}</text>'
        x = _LEFT + _STEP * place
        yield f'<text transform="translate({x + 14} {_TOP - 8}) rotate(-60)">{name}</text>'
        yield f'<rect class="self" x="{x}" y="{y}" width="{_STEP}" height="{_STEP}"/>'
        for other, (below, _) in enumerate(found):
            if below in imported:
                across, down = _LEFT + _STEP * other + _STEP // 2, y + _STEP // 2
                said = f"<title>{name} imports {below}</title>"
                yield f'<circle cx="{across}" cy="{down}" r="5">{said}</circle>'


def _line() -> Iterator[str]:
    """The light line: what is below it runs wherever a bundle is served."""
    names = list(layers())
    place = next(place for place, one in enumerate(names) if one in ABOVE_LIGHT)
    y, end = _TOP + _STEP * place, _LEFT + _STEP * len(names)
    yield f'<line class="light" x1="0" x2="{end}" y1="{y}" y2="{y}"/>'
    yield f'<text class="light" x="{_LEFT + 4}" y="{y + 15}">the light line</text>'
