"""The [import] section is strict: whatever has no meaning is refused, with what is possible."""

from pathlib import Path

import pytest

from painresponse.clinic import load_catalogue
from painresponse.errors import DefinitionError
from painresponse.readers.layout import read_layout
from tests.readers.clinic import HEAD, PAIN, VISITS, bring_in

EXAMPLES = Path(__file__).parents[2] / "configs" / "examples"
TEXT = "patient;when;NRS\nanna;01/05/2024;5\n"


@pytest.mark.parametrize(
    ("site", "complaint"),
    [
        ("", r"has no \[import\] section"),
        (HEAD + "seperator = ';'\n" + VISITS + PAIN, "Unknown setting 'seperator'"),
        (HEAD, "import needs 'tables'"),
        (HEAD + VISITS.replace("subject", "subjects") + PAIN, "Did you mean 'subject'"),
        (HEAD + VISITS + PAIN.replace("concept", "concepts"), "Did you mean 'concept'"),
        (HEAD + VISITS + PAIN.replace('"pain"', '"pian"'), "Unknown concept 'pian'. Did you mean 'pain'"),
        (HEAD + VISITS + PAIN + 'unit = "mg/L"\n', r"event 'NRS': Unknown unit 'mg/L'.*\{score\}"),
        (HEAD + VISITS + PAIN + 'code = "X"\n', "exactly one of concept, code and codes"),
        (HEAD + VISITS + PAIN.replace('column = "NRS"', "values = { a = 1 }"), "need the column"),
        (HEAD + VISITS + PAIN + "value = 1\n", "a constant value or a column"),
        (HEAD + VISITS + PAIN + 'static = true\nshift = "1 h"\n', "a static fact has no time"),
        (HEAD + VISITS + PAIN + 'available = "a"\navailable_after = "1 d"\n', "not both"),
        (HEAD + VISITS + PAIN + 'shift = "1 hour"\n', "'1 hour' is no duration; say for example '1 h'"),
        (HEAD + VISITS + PAIN + 'available_after = "1.5 h"\n', "'1.5 h' is no duration"),
        (HEAD + VISITS + PAIN + 'conflict = "ask"\n', "conflict must be reject or warn"),
        (HEAD + VISITS + PAIN + "when = { NRS = 5 }\n", "when must give each column a word"),
        (HEAD + VISITS + PAIN + "when = { NRS = [] }\n", "when must give each column a word"),
        (HEAD + VISITS.replace('time = "when"', "") + PAIN, "without a time column every event needs"),
        (HEAD.replace("%d/%m/%Y %H:%M", "%H:%M") + VISITS + PAIN, "'%H:%M' must say day, month and year"),
        (HEAD.replace("%d/%m/%Y %H:%M", "%d/%Q/%Y") + VISITS + PAIN, "'%d/%Q/%Y' must say day"),
        (HEAD.replace("%H:%M", "%H:%M%z") + VISITS + PAIN, "and no time zone"),
        (HEAD.replace('";"', '"; "') + VISITS + PAIN, "must be one character"),
        (HEAD + 'thousands = ","\n' + VISITS + PAIN, "decimal and thousands must differ"),
        (HEAD + 'encoding = "klingon"\n' + VISITS + PAIN, "no encoding 'klingon'"),
        (HEAD + 'first_day = "2024"\n' + VISITS + PAIN, "first_day must be .*date"),
    ],
)
def test_what_has_no_meaning_is_refused(tmp_path, site, complaint):
    with pytest.raises(DefinitionError, match=complaint):
        bring_in(tmp_path, site, TEXT)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("site", sorted(EXAMPLES.glob("*.toml")), ids=lambda site: site.stem)
def test_every_example_says_what_the_columns_mean(site):
    layout = read_layout(load_catalogue(site))
    assert layout.tables and all(table.events for table in layout.tables)
