"""The reference of the language says what its specification tests say."""

from painresponse.language.combinations import COMPARISONS, SEVERAL
from painresponse.language.words import SUMMARIES
from tests.lib.pages import PAGE, SPEC, page


def test_the_page_is_written_from_the_tests_as_they_stand():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_every_word_of_the_language_is_specified():
    tested = "".join(path.read_text(encoding="utf-8") for path in SPEC.glob("test_*.py"))
    words = [*(one.replace("_", " ") for one in SUMMARIES), *SEVERAL.values()]
    words = [f"{one} of" for one in (*words, "ratio", "difference")] + [f"{one} " for one in COMPARISONS]
    words += ["age", "undisturbed", "between", "before the last", "after the last", "since the last", ".z"]
    assert [word for word in words if word not in tested] == []
