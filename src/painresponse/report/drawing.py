"""What all figures share: the colours of Okabe and Ito, bare axes, and a drawing that goes into a page.

The drawing needs nothing from outside and carries no style of its own, so that it passes the strictest
content policy and takes its ink from the page, dark or light.
"""

import io
import re
from collections.abc import Iterator
from xml.etree import ElementTree

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PINK, RED, SKY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9"
GREY = "#767676"
LINES = ((BLUE, "-"), (ORANGE, "--"), (PINK, ":"), (GREEN, "-."))

WIDTH = 5.0
"""Inches. Read on a telephone too, where anything wider becomes too small."""

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_INK = ("#000000", "black")
_REFERRED_TO = ("path", "clipPath")
_DROPPED = {f"{_SVG}metadata", f"{_SVG}style"}
_ROOT = {"class": "drawing", "role": "img", "stroke-linejoin": "round"}
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")


def sheet(height: float, *, width: float = WIDTH) -> tuple[Figure, Axes]:
    """An empty figure with one pair of axes; inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, bare(figure.subplots())


def bare(axes: Axes) -> Axes:
    """Axes without the frame that says nothing."""
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def legend(axes: Axes, *, where: str = "best") -> None:
    """The names of the lines, small and without a frame; nothing where no line has one."""
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc=where, frameon=False, fontsize="small")


def drawing(figure: Figure, *, name: str, alt: str) -> str:
    """A figure as an SVG element; ``name`` is its own on the page, ``alt`` says what it shows."""
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    root = ElementTree.fromstring(buffer.getvalue())  # noqa: S314 - written by matplotlib a moment ago
    _strip(root)
    for element in root.iter():
        _plain(element, name)
    root.attrib = {"viewBox": root.attrib["viewBox"], **_ROOT, "aria-label": alt}
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)


def _strip(root: ElementTree.Element) -> None:
    for parent in list(root.iter()):
        for child in [one for one in parent if one.tag in _DROPPED]:
            parent.remove(child)


def _plain(element: ElementTree.Element, name: str) -> None:
    """Its names made its own, its style turned into attributes, its numbers cut to what can be seen."""
    element.tag = element.tag.removeprefix(_SVG)
    given = {**element.attrib, **dict(_declarations(element.attrib.get("style", "")))}
    link = given.pop(_LINK, None)
    if link:
        given["href"] = f"#{name}-{link[1:]}"
    given.pop("style", None)
    own = given.pop("id", None)
    if own and element.tag in _REFERRED_TO:
        given["id"] = f"{name}-{own}"
    element.attrib = {key: _attribute(value, name) for key, value in given.items()}


def _declarations(style: str) -> Iterator[tuple[str, str]]:
    """``fill: none; font: 10px 'Sans'`` as attributes that mean the same; the page chooses the letters."""
    for declaration in filter(None, style.split(";")):
        key, _, value = (part.strip() for part in declaration.partition(":"))
        if key == "font":
            yield "font-size", next(iter(re.findall(r"[\d.]+px", value)), "10px")
        elif key != "font-family":
            yield key, value


def _attribute(value: str, name: str) -> str:
    if value in _INK:
        return "currentColor"
    return _LONG_NUMBER.sub(_short, value.replace("url(#", f"url(#{name}-"))


def _short(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
