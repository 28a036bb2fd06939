"""Figures: every one that can be drawn, in a form that any page may hold."""

import io
from xml.etree import ElementTree

import pytest

from painresponse.report.drawing import drawing, sheet
from painresponse.report.figures import figures_of

DRAWN = {
    "calibration",
    "roc",
    "decisions",
    "subgroups",
    "sites",
    "durability",
    "blocks",
    "importance",
    "dependence",
}


def lines() -> str:
    figure, axes = sheet(3)
    axes.plot([0, 1], [0, 1], label="a < b & c")
    axes.fill_between([0, 1], [0, 0], [1, 1], clip_on=True)
    axes.legend()
    return drawing(figure, name="it", alt='says "this" & that')


def test_an_account_with_everything_has_every_figure(record):
    assert set(figures_of(record["targets"][0])) == DRAWN


def test_an_empty_account_has_none():
    assert figures_of({"target": "x"}) == {}


@pytest.mark.parametrize("section", ["calibration", "sites", "durability", "importance", "subgroups"])
def test_a_section_with_nothing_in_it_is_not_drawn(section):
    assert figures_of({"target": "x", section: {}}) == {}


def test_figures_can_be_kept_as_pictures_too(record):
    buffer = io.BytesIO()
    figures_of(record["targets"][0])["blocks"].savefig(buffer, format="png")
    assert buffer.getvalue()[:4] == b"\x89PNG"


def test_a_drawing_is_well_formed_and_says_what_it_shows():
    root = ElementTree.fromstring(lines())
    assert root.tag == "svg" and root.attrib["aria-label"] == 'says "this" & that'
    assert "a < b & c" in [text.text for text in root.iter("text")]


def test_a_drawing_has_no_style_of_its_own():
    assert "style" not in lines()


def test_black_is_the_ink_of_the_page():
    drawn = lines()
    assert "#000000" not in drawn and "currentColor" in drawn


def test_names_in_a_drawing_are_its_own():
    root = ElementTree.fromstring(lines())
    names = [one.attrib["id"] for one in root.iter() if "id" in one.attrib]
    assert names and all(name.startswith("it-") for name in names)


def test_the_same_figure_is_drawn_the_same():
    assert lines() == lines()
