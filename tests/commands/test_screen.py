"""Tables fit and lose nothing, sentences break between words, JSON is JSON."""

import json
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from painresponse.commands import screen

WORDS = st.text("abcdefg", min_size=1, max_size=18)
CELLS = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)
TABLES = st.integers(1, 6).flatmap(
    lambda wide: st.lists(st.lists(CELLS, min_size=wide, max_size=wide), min_size=2, max_size=5)
)


def drawn(width, draw):
    """What is drawn on a screen of that width."""
    paper = StringIO()
    usual, screen.out = screen.out, Console(file=paper, width=width, highlight=False)
    try:
        draw()
    finally:
        screen.out = usual
    return paper.getvalue()


@given(TABLES, st.sampled_from([60, 80, 120]))
def test_a_table_fits_loses_no_word_and_breaks_none(rows, width):
    said = drawn(width, lambda: screen.table(rows[0], rows[1:]))
    assert max(map(len, said.splitlines())) <= width
    needed = sorted(word for row in rows[1:] for cell in row for word in cell.split())
    found = said.split()
    assert all(found.count(word) >= needed.count(word) for word in set(needed))


@given(st.lists(WORDS, min_size=1, max_size=60).map(" ".join), st.sampled_from([60, 80, 120]))
def test_a_sentence_breaks_between_words(text, width):
    said = drawn(width, lambda: screen.say(text))
    assert said.split() == text.split() and max(map(len, said.splitlines())) <= width


def test_what_goes_on_under_a_point_is_indented_like_it():
    said = drawn(60, lambda: screen.say("- " + "word " * 20))
    assert {line[:2] for line in said.splitlines()[1:]} == {"  "}


def test_a_path_longer_than_the_screen_stays_whole():
    path = "/".join(["a-folder"] * 20)
    assert path in drawn(60, lambda: screen.say(f"Written: {path}")).splitlines()


def test_a_table_too_wide_for_its_words_is_written_one_below_the_other():
    said = drawn(60, lambda: screen.table(("name", "much"), [("x" * 50, "y" * 40), ("z", 1.5)]))
    assert said.split() == ["name", "x" * 50, "much", "y" * 40, "name", "z", "much", "1.500"]


def test_numbers_stand_to_the_right_and_what_is_unknown_is_a_dash():
    said = drawn(60, lambda: screen.table(("n",), [(1234,), (float("nan"),), ("",)]))
    assert [line.rstrip() for line in said.splitlines()] == ["    n", "1,234", "    –", ""]


def test_json_has_no_number_that_json_does_not_know(capfd):
    screen.machine({"a": float("nan"), "b": [1.5, float("inf")], "c": (True, None)})
    assert json.loads(capfd.readouterr().out, parse_constant=pytest.fail) == {
        "a": None,
        "b": [1.5, None],
        "c": [True, None],
    }
