"""What a browser makes of a page: its elements, their attributes, its text, and whether they nest."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "link", "img", "hr", "input"}


@dataclass
class Page:
    """Elements in order as (name, attributes, text of it alone), and those closed out of turn."""

    elements: list[tuple[str, dict[str, str], list[str]]] = field(default_factory=list)
    crossed: list[str] = field(default_factory=list)

    def of(self, name: str) -> list[dict[str, str]]:
        """The attributes of every element of a name."""
        return [attributes for tag, attributes, _ in self.elements if tag == name]

    def texts(self, name: str) -> list[str]:
        """The own text of every element of a name."""
        return [" ".join("".join(said).split()) for tag, _, said in self.elements if tag == name]


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.page, self.open = Page(), []

    def handle_starttag(self, tag, attrs):
        self.page.elements.append((tag, dict(attrs), []))
        if tag not in VOID:
            self.open.append(self.page.elements[-1])

    def handle_startendtag(self, tag, attrs):
        self.page.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag):
        if not self.open or self.open[-1][0] != tag:
            self.page.crossed.append(tag)
        else:
            self.open.pop()

    def handle_data(self, data):
        if self.open:
            self.open[-1][2].append(data)


def read(html: str) -> Page:
    """A page as its elements; what is never closed counts as crossed."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.page.crossed += [tag for tag, *_ in reader.open]
    return reader.page


def plain(html: str) -> str:
    """Its words, single spaces between them."""
    skipped = {"style", "script"}
    reader = read(html)
    return " ".join(" ".join("".join(text) for tag, _, text in reader.elements if tag not in skipped).split())
