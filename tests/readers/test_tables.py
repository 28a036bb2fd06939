"""Clinic tables by configuration: what a row says, what is rejected and counted, what is never written."""

from datetime import datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from painresponse.clinic import load_catalogue
from painresponse.errors import DefinitionError, RecordError
from painresponse.readers import histories
from painresponse.readers.cells import numbers
from painresponse.readers.layout import Layout
from painresponse.readers.tables import import_csv
from tests.readers.clinic import HEAD, PAIN, SEX, VISITS, born, bring_in, float32, known, reported, told

SITE = HEAD + VISITS + PAIN
MORNING = datetime(2024, 5, 1, 9, 30)


def test_a_row_with_a_number_is_an_event(tmp_path):
    report = bring_in(tmp_path, SITE, "patient;when;NRS\nanna;01/05/2024 09:30;6,5\n")
    assert told(tmp_path) == [(1, MORNING, "PR//pain", 6.5)]
    assert (report.rows, report.events, report.subjects, report.rejected) == (1, 1, 1, {})


def test_subjects_are_numbered_as_they_appear_and_their_names_are_nowhere(tmp_path):
    text = "patient;when;NRS\nzoe;01/05/2024;1\nanna;01/05/2024;2\nzoe;02/05/2024;3\n"
    bring_in(tmp_path, SITE, text)
    assert [event[0] for event in told(tmp_path)] == [1, 1, 2]
    for path in (tmp_path / "out").rglob("*.*"):
        assert b"anna" not in path.read_bytes() and b"zoe" not in path.read_bytes()


def test_rows_added_later_change_no_number(tmp_path):
    text = "patient;when;NRS\nzoe;01/05/2024;1\nanna;01/05/2024;2\n"
    bring_in(tmp_path, SITE, text)
    before = told(tmp_path)
    bring_in(tmp_path, SITE, text + "bert;01/05/2024;3\n", overwrite=True)
    assert told(tmp_path)[:2] == before


def test_who_is_who_is_written_where_asked_and_never_into_the_folder(tmp_path):
    text = "patient;when;NRS\nzoe;01/05/2024;1\nanna;01/05/2024;2\n"
    bring_in(tmp_path, SITE, text, keys=tmp_path / "keys.csv")
    assert (tmp_path / "keys.csv").read_text().splitlines() == ["subject_id,identifier", "1,zoe", "2,anna"]
    with pytest.raises(DefinitionError, match="must not lie inside"):
        bring_in(tmp_path, SITE, text, keys=tmp_path / "out" / "metadata" / "keys.csv", overwrite=True)


def test_the_folder_keeps_the_site_file_and_the_report(tmp_path):
    report = bring_in(tmp_path, SITE, "patient;when;NRS\nanna;01/05/2024;6\n")
    assert load_catalogue(data=tmp_path / "out").imports == load_catalogue(tmp_path / "site.toml").imports
    assert reported(tmp_path) == report.to_plain()
    assert list(report.sources) == ["visits.csv"] and len(report.sources["visits.csv"]) == 64


def test_what_is_brought_in_is_kept_whole_when_it_is_read(tmp_path):
    report = bring_in(tmp_path, SITE, "patient;when;NRS\nanna;01/05/2024;6\nanna;02/05/2024;11\n")
    ((_, intake),) = histories(tmp_path / "out", load_catalogue().concepts)
    assert intake.kept == intake.given == report.events == 1


# ---- cells ----


@pytest.mark.parametrize(
    ("cell", "value"),
    [("6", 6.0), ("6,5", 6.5), ("+6,5", 6.5), (" 7 ", 7.0), ('"8"', 8.0), ("0,1", float32("0.1"))],
)
def test_a_number_is_read_in_the_form_declared(tmp_path, cell, value):
    bring_in(tmp_path, SITE, f"patient;when;NRS\nanna;01/05/2024;{cell}\n")
    assert told(tmp_path)[0][3] == value


@pytest.mark.parametrize(
    "cell", ["6.5", "<5", "~6", "6-7", "1.234", "1,2,3", "sechs", "1e1", ",", "6 ,5", "inf", "nan"]
)
def test_what_is_no_such_number_is_rejected_and_counted(tmp_path, cell):
    text = f"patient;when;NRS\nanna;01/05/2024;{cell}\nanna;02/05/2024;6\n"
    report = bring_in(tmp_path, SITE, text)
    assert report.rejected == {"unreadable_number": {"NRS": 1}} and report.events == 1


@pytest.mark.parametrize(
    ("cell", "value"), [("1.234,5", 1234.5), ("1234,5", 1234.5), ("1.234.567", 1234567.0)]
)
def test_thousands_are_read_where_declared(tmp_path, cell, value):
    site = (HEAD + 'thousands = "."\n' + VISITS + PAIN).replace('concept = "pain"', 'code = "MY//steps"')
    report = bring_in(tmp_path, site, f"patient;when;NRS\nanna;01/05/2024;{cell}\nanna;02/05/2024;12.34\n")
    assert told(tmp_path)[0][3] == value
    assert report.rejected == {"unreadable_number": {"NRS": 1}}


@given(st.decimals(-1000, 1000, allow_nan=False, places=3))
def test_every_number_comes_back_whatever_the_decimal_sign(number):
    for sign in (".", ",", "·"):
        cells = pd.Series([f"{number:f}".replace(".", sign)], dtype="str")
        assert numbers(cells, Layout((), decimal=sign)).tolist() == [float(number)]


def test_empty_cells_are_counted_apart(tmp_path):
    text = "patient;when;NRS\nanna;01/05/2024;\nanna;02/05/2024;n/a\nanna;03/05/2024;6\n"
    report = bring_in(tmp_path, SITE, text)
    assert report.empty == {"NRS": 2} and report.rejected == {} and report.events == 1


def test_an_impossible_value_is_rejected_also_after_conversion_of_its_unit(tmp_path):
    site = HEAD + VISITS + '[[import.tables.events]]\ncolumn = "CRP"\nconcept = "crp"\nunit = "mg/dL"\n'
    report = bring_in(tmp_path, site, "patient;when;CRP\nanna;01/05/2024;69\nanna;02/05/2024;71\n")
    assert report.rejected == {"impossible_value": {"CRP": 1}}
    ((records, _),) = histories(tmp_path / "out", load_catalogue().concepts)
    assert records.value.tolist() == [690.0]


def test_words_become_codes_or_values_and_other_words_are_rejected(tmp_path):
    site = (
        SITE
        + SEX
        + '[[import.tables.events]]\ncolumn = "smokes"\nconcept = "smoker"\nvalues = { yes = 1, no = 0 }\n'
    )
    text = "patient;when;NRS;sex;smokes\nanna;01/05/2024;6;f;no\nbert;01/05/2024;6;F;perhaps\n"
    report = bring_in(tmp_path, site, text)
    assert (1, None, "GENDER//F", None) in told(tmp_path)
    assert (1, datetime(2024, 5, 1), "PR//smoker", 0.0) in told(tmp_path)
    assert report.rejected == {"unknown_word": {"sex": 1, "smokes": 1}}


# ---- times ----


@pytest.mark.parametrize(
    "cell", ["2024-05-01", "1/5/24", "31/04/2024", "01/05/2024 25:00", "May", "01/05/2024 09:30:00"]
)
def test_a_time_in_no_form_declared_rejects_its_row(tmp_path, cell):
    report = bring_in(tmp_path, SITE, f"patient;when;NRS\nanna;{cell};5\nanna;01/05/2024;6\n")
    assert report.rejected == {"unreadable_time": {"*.csv": 1}} and report.events == 1


def test_rows_without_subject_or_time_or_outside_the_days_declared_are_rejected(tmp_path):
    site = HEAD + "first_day = 2024-01-01\nlast_day = 2024-12-31\n" + VISITS + PAIN
    text = (
        "patient;when;NRS\n;01/05/2024;1\nn/a;01/05/2024;1\nanna;;2\nanna;31/12/2023 23:59;3\n"
        "anna;01/01/2024 00:00;4\nanna;31/12/2024 23:59;5\nanna;01/01/2025 00:00;6\n"
    )
    report = bring_in(tmp_path, site, text)
    assert [event[3] for event in told(tmp_path)] == [4.0, 5.0]
    assert report.rejected == {
        "impossible_time": {"*.csv": 2},
        "no_subject": {"*.csv": 2},
        "no_time": {"*.csv": 1},
    }


def test_a_time_that_fits_two_forms_differently_is_read_by_the_first_and_counted(tmp_path):
    site = SITE.replace('["%d/%m/%Y %H:%M", "%d/%m/%Y"]', '["%d/%m/%Y", "%m/%d/%Y"]')
    text = "patient;when;NRS\nanna;02/05/2024;1\nanna;05/05/2024;2\nanna;05/31/2024;3\n"
    report = bring_in(tmp_path, site, text)
    assert [event[1].month for event in told(tmp_path)] == [5, 5, 5]
    assert report.warnings == {"ambiguous_time": {"when": 1}}


def test_a_day_without_a_clock_time_is_known_when_it_is_over(tmp_path):
    bring_in(tmp_path, SITE, "patient;when;NRS\nanna;01/05/2024;1\nanna;01/05/2024 09:30;2\n")
    assert known(tmp_path) == [datetime(2024, 5, 2), MORNING]


def test_an_event_may_happen_a_while_before_or_after_its_row(tmp_path):
    site = SITE + (
        '[[import.tables.events]]\ncode = "MY//begin"\nshift = "1 h"\n'
        '[[import.tables.events]]\ncode = "MY//fasting"\nshift = "-30 min"\n'
    )
    bring_in(tmp_path, site, "patient;when;NRS\nanna;01/05/2024 09:30;1\n")
    assert [(event[2], event[1] - MORNING) for event in told(tmp_path)] == [
        ("MY//fasting", timedelta(minutes=-30)),
        ("PR//pain", timedelta(0)),
        ("MY//begin", timedelta(hours=1)),
    ]


def test_an_event_may_have_a_time_of_its_own_and_be_known_later(tmp_path):
    site = (
        HEAD
        + VISITS
        + (
            '[[import.tables.events]]\ncolumn = "CRP"\nconcept = "crp"\ntime = "drawn"\navailable = "told"\n'
            '[[import.tables.events]]\ncolumn = "ESR"\nconcept = "esr"\navailable_after = "2 d"\n'
        )
    )
    text = (
        "patient;when;drawn;CRP;told;ESR\n"
        "anna;01/05/2024 09:30;30/04/2024 08:00;3;02/05/2024 12:00;9\n"
        "bert;01/05/2024 09:30;;3;;\ncara;01/05/2024 09:30;30/04/2024 08:00;3;soon;\n"
        "dora;01/05/2024 09:30;30/04/2024 08:00;3;;\n"
    )
    report = bring_in(tmp_path, site, text)
    drawn = datetime(2024, 4, 30, 8)
    assert [(event[0], event[1]) for event in told(tmp_path)] == [(1, drawn), (1, MORNING), (4, drawn)]
    assert known(tmp_path) == [datetime(2024, 5, 2, 12), MORNING + timedelta(days=2), drawn]
    assert report.rejected == {"no_time": {"CRP": 1}, "unreadable_time": {"CRP": 1}}


# ---- rows, subjects and tables ----


def test_only_rows_under_the_condition_are_meant(tmp_path):
    site = SITE + (
        '[[import.tables.events]]\ncode = "MY//first"\nwhen = { visit = "first" }\n'
        '[[import.tables.events]]\ncode = "MY//later"\nwhen = { visit = ["second", "third"], NRS = "3" }\n'
    )
    text = "patient;when;NRS;visit\n" + "".join(
        f"anna;0{day}/05/2024;{day};{visit}\n" for day, visit in enumerate(("first", "second", "third"), 1)
    )
    bring_in(tmp_path, site, text)
    assert [(event[2], event[1].day) for event in told(tmp_path) if event[2] != "PR//pain"] == [
        ("MY//first", 1),
        ("MY//later", 3),
    ]


def test_a_condition_no_row_meets_is_worth_a_warning(tmp_path):
    site = SITE + '[[import.tables.events]]\ncode = "MY//first"\nwhen = { visit = ["first", "frist"] }\n'
    report = bring_in(tmp_path, site, "patient;when;NRS;visit\nanna;01/05/2024;1;first\n")
    assert report.warnings == {"no_such_row": {"visit": 1}} and report.events == 2


def test_rows_and_events_given_twice_count_once(tmp_path):
    text = "patient;when;NRS;note\n" + "anna;01/05/2024;6;a\n" * 3 + "anna;01/05/2024;6;b\n"
    report = bring_in(tmp_path, SITE, text)
    assert report.events == 1 and report.rows == 4
    assert report.rejected == {"duplicate_row": {"*.csv": 2}, "repeated": {"NRS": 1}}


def test_of_an_event_given_twice_the_earliest_knowledge_stays(tmp_path):
    site = HEAD + VISITS + '[[import.tables.events]]\ncolumn = "CRP"\nconcept = "crp"\navailable = "told"\n'
    text = "patient;when;CRP;told\n" + "".join(
        f"anna;01/05/2024 09:30;3;0{day}/05/2024 10:00\n" for day in (4, 2, 3)
    )
    bring_in(tmp_path, site, text)
    assert known(tmp_path) == [datetime(2024, 5, 2, 10)]


def test_rows_of_the_wrong_width_are_counted_and_the_rest_is_read(tmp_path):
    report = bring_in(
        tmp_path, SITE, "patient;when;NRS\nanna;01/05/2024\nanna;01/05/2024;6;7\nanna;02/05/2024;6\n"
    )
    assert report.rows == 3 and report.events == 1
    assert report.rejected == {"wrong_width": {"*.csv": 2}}


def test_facts_that_contradict_one_another_are_all_rejected(tmp_path):
    site = SITE + SEX + 'conflict = "reject"\n'
    text = "patient;when;NRS;sex\n" + "".join(
        f"{who};0{day}/05/2024;5;{sex}\n"
        for day, (who, sex) in enumerate([("anna", "f"), ("anna", "f"), ("bert", "m"), ("bert", "f")], 1)
    )
    report = bring_in(tmp_path, site, text)
    assert [event for event in told(tmp_path) if event[2].startswith("GENDER")] == [
        (1, None, "GENDER//F", None)
    ]
    assert report.rejected == {"conflict": {"sex": 2}, "repeated": {"sex": 1}}


def test_subjects_seen_in_two_centres_are_kept_and_counted(tmp_path):
    centre = 'column = "centre"\nconcept = "site"\nvalues = { A = 1, B = 2 }\nconflict = "warn"\n'
    site = SITE + "[[import.tables.events]]\n" + centre
    text = "patient;when;NRS;centre\nanna;01/05/2024;5;A\nanna;02/05/2024;5;B\nbert;01/05/2024;5;A\n"
    report = bring_in(tmp_path, site, text)
    assert [event[3] for event in told(tmp_path) if event[2] == "PR//site"] == [1.0, 2.0, 1.0]
    assert report.warnings == {"conflict": {"centre": 1}} and report.rejected == {}


def test_birth_is_worked_out_from_the_age_at_the_first_row(tmp_path):
    site = SITE.replace('time = "when"', 'time = "when"\nbirth = { age = "age" }')
    text = (
        "patient;when;NRS;age\nanna;01/05/2025 09:30;5;42\nanna;01/05/2024 09:30;5;41\n"
        "bert;01/05/2024 09:30;5;41\nbert;02/05/2024 09:30;5;14\ncara;01/05/2024 09:30;5;640\n"
        "dora;01/05/2024 09:30;5;\nemil;01/05/2024 09:30;5;old\n"
    )
    report = bring_in(tmp_path, site, text)
    births = [event for event in told(tmp_path) if event[2] == "MEDS_BIRTH"]
    assert births == [(1, born(MORNING, 41), "MEDS_BIRTH", None)]
    assert report.empty == {"age": 1}
    assert report.rejected == {
        "conflict": {"age": 2},
        "impossible_value": {"age": 1},
        "repeated": {"age": 1},
        "unreadable_number": {"age": 1},
    }


def test_several_tables_of_several_files_share_their_subjects(tmp_path):
    site = (
        HEAD
        + VISITS.replace("subject", 'files = "visits-*.csv"\nsubject')
        + PAIN
        + '[[import.tables]]\nfiles = "people.csv"\nsubject = "id"\n'
        + SEX
        + '[[import.tables.events]]\ncode = "MEDS_BIRTH"\ntime = "born"\n'
    )
    tables = {
        "visits-2023.csv": "patient;when;NRS\nanna;01/05/2023;5\nbert;01/05/2023;4\n",
        "visits-2024.csv": "NRS;when;patient;new\n3;01/05/2024;anna;\n5;01/05/2023;anna;\n",
        "people.csv": "id;sex;born\nbert;;\nanna;f;07/03/1970\n",
        "notes.txt": "not a table",
    }
    report = bring_in(tmp_path, site, tables)
    assert [event for event in told(tmp_path) if event[0] == 1] == [
        (1, None, "GENDER//F", None),
        (1, datetime(1970, 3, 7), "MEDS_BIRTH", None),
        (1, datetime(2023, 5, 1), "PR//pain", 5.0),
        (1, datetime(2024, 5, 1), "PR//pain", 3.0),
    ]
    assert report.rejected == {"no_time": {"MEDS_BIRTH": 1}, "repeated": {"NRS": 1}}
    assert report.empty == {"sex": 1} and report.subjects == 2
    assert sorted(report.sources) == ["people.csv", "visits-2023.csv", "visits-2024.csv"]


def test_codes_that_no_concept_knows_are_kept_and_counted(tmp_path):
    report = bring_in(
        tmp_path, SITE.replace('concept = "pain"', 'code = "MY//x"'), "patient;when;NRS\na;01/05/2024;5\n"
    )
    assert report.unmapped == {"MY//x": 1} and len(told(tmp_path)) == 1


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", ""]),
            st.sampled_from(["01/05/2024", "02/05/2024 10:00", "", "yesterday", "01/05/1850"]),
            st.sampled_from(["5", "7,5", "", "n/a", "11", "much"]),
            st.sampled_from(["f", "m", "", "?"]),
        ),
        min_size=1,
        max_size=12,
    )
)
@pytest.mark.slow
def test_every_row_and_every_cell_is_an_event_or_has_one_reason(tmp_path_factory, rows):
    """Rows: used or rejected. Cells of the rows used: event, empty or rejected. Nothing twice."""
    site = SITE + SEX + 'conflict = "reject"\n'
    rows = [("z", "01/05/2024", "5", "f"), *rows]
    text = "patient;when;NRS;sex\n" + "".join(";".join(row) + "\n" for row in rows)
    report = bring_in(tmp_path_factory.mktemp("clinic"), site, text)
    lost_rows = sum(columns.get("*.csv", 0) for columns in report.rejected.values())
    lost_cells = sum(columns.get(name, 0) for columns in report.rejected.values() for name in ("NRS", "sex"))
    assert report.rows == len(rows)
    assert report.events + lost_cells + sum(report.empty.values()) == 2 * (len(rows) - lost_rows)


# ---- files ----


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16", "latin-1"])
def test_headings_and_words_are_read_in_the_encoding_declared(tmp_path, encoding):
    site = HEAD + f'encoding = "{encoding}"\n' + VISITS + PAIN.replace('"NRS"', '"Dolor (señal)"')
    bring_in(tmp_path, site, "patient;when; Dolor (señal) \nIñés;01/05/2024;5\n", encoding=encoding)
    assert told(tmp_path)[0][3] == 5.0


def test_a_byte_order_mark_is_no_part_of_the_first_heading(tmp_path):
    bring_in(tmp_path, SITE, "patient;when;NRS\nanna;01/05/2024;5\n", encoding="utf-8-sig")
    assert len(told(tmp_path)) == 1


def test_quotes_may_hold_delimiters_and_line_breaks_also_in_the_headings(tmp_path):
    text = (
        'patient;when;NRS;"note;\nfree"\r\n'
        'anna;01/05/2024;5;"two\nlines; and ""more"""\r\nbert;01/05/2024;6;\r\n'
    )
    report = bring_in(tmp_path, SITE, text)
    assert report.events == 2 and report.rejected == {}
    assert report.warnings == {"line_break": {"*.csv": 1}}


@pytest.mark.parametrize(
    "text",
    [
        'patient;when;NRS;note\nanna;01/05/2024;5;"open\nbert;01/05/2024;6;x\n',
        'patient;when;NRS;note\nanna;01/05/2024;5;"x\nbert;01/05/2024;6;y"z"\ncara;01/05/2024;6;q\n',
        'patient;when;NRS;note\nanna;01/05/2024;"5;x\nbert;01/05/2024;6;y\n',
    ],
)
def test_a_quote_never_closed_is_refused_for_it_swallows_rows(tmp_path, text):
    with pytest.raises(RecordError, match="a quote is opened and never closed"):
        bring_in(tmp_path, SITE, text)


def test_a_lone_quote_within_a_cell_swallows_nothing(tmp_path):
    report = bring_in(
        tmp_path, SITE, 'patient;when;NRS;note\nanna;01/05/2024;5;a 5" scar\nbert;01/05/2024;6;x\n'
    )
    assert report.events == 2 and report.warnings == {}


def test_a_file_in_another_encoding_is_refused_without_its_content(tmp_path):
    with pytest.raises(RecordError, match="encoding") as refused:
        bring_in(tmp_path, SITE, "patient;when;NRS\nIñés;01/05/2024;5\n", encoding="cp1252")
    assert "I" + "ñ" not in str(refused.value)


def test_a_column_that_is_not_there_is_refused_with_the_nearest_one(tmp_path):
    with pytest.raises(DefinitionError, match=r"Unknown column 'NRS'\. Did you mean 'NRS10'\?"):
        bring_in(tmp_path, SITE, "patient;when;NRS10\nanna;01/05/2024;5\n")


def test_a_file_without_headings_is_refused_without_its_first_patient(tmp_path):
    with pytest.raises(DefinitionError, match="the first line must hold the headings") as refused:
        bring_in(tmp_path, SITE, "anna;01/05/2024;5\nbert;01/05/2024;5\n")
    assert "anna" not in str(refused.value)


def test_a_column_that_is_there_twice_is_refused(tmp_path):
    with pytest.raises(DefinitionError, match="'NRS' more than once"):
        bring_in(tmp_path, SITE, "patient;when;NRS;NRS\nanna;01/05/2024;5;6\n")


def test_an_import_that_gives_no_event_is_refused_with_the_reasons_and_leaves_nothing(tmp_path):
    with pytest.raises(RecordError, match=r"No row of .* gave an event: .*fits none of the date forms"):
        bring_in(tmp_path, SITE, "patient;when;NRS\nanna;2024-05-01;5\n")
    with pytest.raises(RecordError, match="there are no rows"):
        bring_in(tmp_path, SITE, "patient;when;NRS\n")
    assert not (tmp_path / "out").exists()


def test_a_source_that_is_not_there_or_has_no_such_file_is_refused(tmp_path):
    with pytest.raises(DefinitionError, match=r"No file of .* fits the pattern"):
        bring_in(tmp_path, SITE, {"visits.txt": "patient;when;NRS\n"})
    (tmp_path / "site.toml").write_text(SITE)
    catalogue = load_catalogue(tmp_path / "site.toml")
    with pytest.raises(RecordError, match=r"There is no .*absent\.csv"):
        import_csv(
            tmp_path / "absent.csv", tmp_path / "out", catalogue=catalogue, site=tmp_path / "site.toml"
        )
