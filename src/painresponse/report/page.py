"""The report as one HTML page, and the card beside the bundle: written from a training record alone."""

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from matplotlib.figure import Figure

from painresponse.publishing import publish_bytes
from painresponse.report import record as records
from painresponse.report import statements, verdicts, wording
from painresponse.report.drawing import drawing
from painresponse.report.figures import figures_of
from painresponse.report.probast import probast
from painresponse.report.tables import tables_of
from painresponse.report.tripod import AUTHORS, NOT_APPLICABLE, PART, REPORTED, Answer, tripod

Record = Mapping[str, Any]
View = dict[str, Any]

_TEMPLATES = Path(__file__).parent / "templates"


def report_html(record: Record) -> str:
    """One page with everything in it: no script, no request, printable, readable on a telephone."""
    answers = tripod(record)
    return page_html(
        "page.html",
        **_shared(record),
        views=[_view(one, synthetic=records.synthetic(record)) for one in records.accounts(record)],
        limits=statements.limits(record),
        tripod=answers,
        tripod_counts=_counted(answers),
        probast=[
            (domain, list(checks)) for domain, checks in groupby(probast(record), lambda one: one.domain)
        ],
        provenance=statements.provenance(record),
        settings=sorted((records.at(record, "provenance", "settings") or {}).items()),
    )


def page_html(template: str, **view: Any) -> str:
    """A template with the style that all pages share, inside it and named in its content policy."""
    style = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
    return (
        _environment().get_template(template).render(**view, style=Markup(style), style_digest=_digest(style))  # noqa: S704 - our own file
    )


def card(record: Record) -> str:
    """The model card in Markdown: what it is for, what not, the data, how good, for whom, its limits."""
    lines = [
        {**verdicts.line(account, synthetic=records.synthetic(record)), "account": account}
        for account in records.accounts(record)
    ]
    return (
        _environment()
        .get_template("card.md")
        .render(
            **_shared(record),
            lines=lines,
            limits=statements.limits(record),
            provenance=statements.provenance(record),
        )
    )


def write_report(path: Path, record: Record) -> None:
    """Publish the page under this name, whole or not at all. Raises WorkError if it cannot be written."""
    publish_bytes(Path(path), report_html(record).encode())


def write_card(path: Path, record: Record) -> None:
    """Publish the card under this name, whole or not at all. Raises WorkError if it cannot be written."""
    publish_bytes(Path(path), card(record).encode())


def _shared(record: Record) -> View:
    return {
        "record": record,
        "synthetic": records.synthetic(record),
        "external": records.validated(record),
        "purpose": statements.PURPOSE,
        "misuse": statements.MISUSE,
    }


def _view(account: Record, *, synthetic: bool, slug: str = "") -> View:
    """What the page shows of one target, or of its validation on other data."""
    label = str(account.get("label") or account.get("target"))
    slug = slug or _slug(str(account.get("target")))
    shown = {
        name: drawn(figure, f"{slug}-{name}", statements.alt(name, account))
        for name, figure in figures_of(account).items()
    }
    other = account.get("external")
    return {
        "account": account,
        "slug": slug,
        "label": label[:1].upper() + label[1:],
        "short": _short(label[:1].upper() + label[1:]),
        "line": verdicts.line(account, synthetic=synthetic),
        "said": verdicts.sentences(account),
        "blocking": records.blocking(account),
        "figures": shown,
        "tables": tables_of(account),
        "external": other
        and _view({"label": account.get("label"), **other}, synthetic=synthetic, slug=f"{slug}-external"),
    }


def drawn(figure: Figure, name: str, alt: str) -> Markup:
    """A figure for a template: a drawing is markup already, its words were escaped when it was written."""
    return Markup(drawing(figure, name=name, alt=alt))  # noqa: S704


def _plain_facts(section: Record) -> list[tuple[str, str]]:
    """The single values of a section, by their names in words; its sentence is told apart."""
    return [
        (wording.FACTS.get(name, wording.words(name)), wording.fact(value))
        for name, value in section.items()
        if name != "sentence" and wording.is_plain(value)
    ]


def _short(label: str) -> tuple[str, str]:
    """``intervention (stage): outcome, horizon`` in two parts."""
    who, _, what = label.partition(": ")
    return who, what


def _slug(target: str) -> str:
    """A name that may stand in an address and in a drawing."""
    return "target-" + "".join(one if one.isascii() and one.isalnum() else "-" for one in target)


def _digest(style: str) -> str:
    """What the content policy knows the page's only style by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _counted(answers: list[Answer]) -> str:
    states = Counter(one.state for one in answers)
    said = [f"{states[one]} {one}" for one in (REPORTED, PART, AUTHORS, NOT_APPLICABLE) if states[one]]
    return f"Of {len(answers)} items: {wording.listed(said)}"


@cache
def _environment() -> jinja2.Environment:
    """Everything is escaped in the page; an unknown value is nothing, never an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=jinja2.select_autoescape(("html",)),
        undefined=jinja2.ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        name: getattr(wording, name)
        for name in ("number", "count", "percent", "estimate", "words", "listed", "quartiles")
    }
    environment.filters["middle"] = lambda estimate: wording.ends(estimate)[0]
    environment.filters["cell"] = lambda text: str(text).replace("|", "\\|").replace("\n", " ")
    environment.globals |= {
        "verdicts": verdicts,
        "plain_facts": _plain_facts,
        "groups": records.groups,
        "blocking": records.blocking,
    }
    return environment
