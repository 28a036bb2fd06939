"""OMOP tables as files: every form gives the same events, a damaged one a complaint and no folder."""

import gzip
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from painresponse.errors import DefinitionError, PainResponseError, RecordError, WorkError
from tests.lib import disks
from tests.readers.omop import (
    BACK_PAIN,
    CRP,
    MG_L,
    OXYCODONE,
    PATCH,
    PERCOCET,
    STRANGE,
    brought_in,
    cdm,
    imported,
    measured,
    person,
    prescribed,
    rows_of,
    told,
    write_csv,
    write_parquet,
)

WHOLE = cdm(
    person=[person(number, birth_datetime="") for number in (1, 2, 3)],
    measurement=[
        measured(value=number % 11, who=number % 3 + 1, at=f"2020-03-{number + 1:02} 08:30:00")
        for number in range(20)
    ]
    + [
        measured(CRP, 2.5, unit_concept_id=MG_L),
        measured(STRANGE, "", measurement_source_value='half "quoted'),
    ],
    condition_occurrence=[
        {"person_id": 2, "condition_concept_id": BACK_PAIN, "condition_start_date": "2019-01-01"},
        {
            "person_id": 2,
            "condition_concept_id": 0,
            "condition_source_value": "Rücken, unten",
            "condition_start_date": "2019-01-02",
        },
    ],
    drug_exposure=[
        prescribed(OXYCODONE, quantity=60, days_supply=30, until="2020-04-03", stop_reason="ineffective"),
        prescribed(PERCOCET, who=3, until="2020-03-09", sig="prn"),
        prescribed(PATCH, who=3, days_supply=-1),
    ],
    death=[{"person_id": 3, "death_date": "2021-01-01"}],
)


def as_csv(folder: Path) -> None:
    write_csv(folder, WHOLE)


def as_tabs_without_quotes(folder: Path) -> None:
    folder.mkdir()
    for name, rows in WHOLE.items():
        names = list(dict.fromkeys(column for row in rows for column in row))
        lines = [names, *([str(row.get(column, "")) for column in names] for row in rows)]
        (folder / f"{name}.csv").write_text(
            "".join("\t".join(line) + "\n" for line in lines), encoding="utf-8"
        )


def as_gzip(folder: Path) -> None:
    write_csv(folder, WHOLE)
    for path in list(folder.iterdir()):
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()


def as_capitals(folder: Path) -> None:
    upper = {
        name.upper(): [{column.upper(): cell for column, cell in row.items()} for row in rows]
        for name, rows in WHOLE.items()
    }
    write_csv(folder, upper, suffix=".CSV")


def as_semicolons_after_a_byte_order_mark(folder: Path) -> None:
    write_csv(folder, WHOLE, delimiter=";", encoding="utf-8-sig")


def as_text_with_words_for_nothing(folder: Path) -> None:
    filled = {
        name: [{column: "NA" if cell == "" else cell for column, cell in row.items()} for row in rows]
        for name, rows in WHOLE.items()
    }
    write_csv(folder, filled, suffix=".txt")


def as_parquet(folder: Path) -> None:
    write_parquet(folder, WHOLE)


def as_folders_of_parquet(folder: Path) -> None:
    for name, rows in WHOLE.items():
        for part in range(2):
            half = rows[part::2]
            if half:
                write_parquet(folder / f"{name}.parquet", {f"part-{part}": half})


FORMS = [
    as_tabs_without_quotes,
    as_gzip,
    as_capitals,
    as_semicolons_after_a_byte_order_mark,
    as_text_with_words_for_nothing,
    as_parquet,
    as_folders_of_parquet,
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_form_of_the_same_tables_gives_the_same_events(tmp_path, form):
    as_csv(tmp_path / "plain")
    form(tmp_path / "other")
    plain = imported(tmp_path / "plain", tmp_path / "a")
    other = imported(tmp_path / "other", tmp_path / "b")
    assert rows_of(tmp_path / "a") == rows_of(tmp_path / "b")
    assert len(rows_of(tmp_path / "a")) == 39
    for name in ("rows", "events", "subjects", "rejected", "warnings", "unmapped", "units", "tables", "gaps"):
        assert getattr(plain, name) == getattr(other, name)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_another_encoding_is_read_where_the_site_says_so(tmp_path, encoding):
    as_csv(tmp_path / "plain")
    write_csv(tmp_path / "other", WHOLE, encoding=encoding)
    imported(tmp_path / "plain", tmp_path / "a")
    imported(tmp_path / "other", tmp_path / "b", site=f'[import.omop]\nencoding = "{encoding}"')
    assert rows_of(tmp_path / "a") == rows_of(tmp_path / "b")


def nothing_left(room: Path) -> bool:
    return [path.name for path in room.iterdir() if path.name.startswith((".out", "out"))] == []


def complaint(room: Path, kind: type[PainResponseError] = RecordError, **more) -> str:
    with pytest.raises(kind) as caught:
        imported(room / "cdm", room / "out", **more)
    assert nothing_left(room)
    return str(caught.value)


def test_a_wrong_encoding_is_said_with_its_cure(tmp_path):
    write_csv(tmp_path / "cdm", WHOLE, encoding="cp1252")
    assert "condition_occurrence.csv is not written in utf-8. Say its encoding" in complaint(tmp_path)


def test_an_encoding_wrongly_said_is_refused(tmp_path):
    write_csv(tmp_path / "cdm", WHOLE, encoding="cp1252")
    words = complaint(tmp_path, site='[import.omop]\nencoding = "utf-16"')
    assert "is not written in utf-16" in words


def test_rows_cut_short_are_counted(tmp_path):
    write_csv(tmp_path / "cdm", WHOLE)
    path = tmp_path / "cdm" / "measurement.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:10], "1,2,3,4,5,6,7,8,9,10,11,12", lines[10][:8]]))
    report = imported(tmp_path / "cdm", tmp_path / "out")
    assert report.rejected == {"wrong_width": {"measurement": 2}}
    assert report.tables["measurement"] == 11


@pytest.mark.parametrize("end", ["half", "empty"])
def test_a_gzip_cut_short_is_refused(tmp_path, end):
    as_gzip(tmp_path / "cdm")
    path = tmp_path / "cdm" / "measurement.csv.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if end == "half" else b"")
    words = complaint(tmp_path)
    assert "measurement.csv.gz" in words and ("damaged, cut short" in words or "is empty" in words)


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_a_parquet_file_cut_short_is_refused(tmp_path, keep):
    as_parquet(tmp_path / "cdm")
    path = tmp_path / "cdm" / "measurement.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    assert "measurement.parquet cannot be read: it is damaged, cut short" in complaint(tmp_path)


def test_a_parquet_file_damaged_in_the_middle_is_refused(tmp_path):
    as_parquet(tmp_path / "cdm")
    path = tmp_path / "cdm" / "measurement.parquet"
    whole = bytearray(path.read_bytes())
    whole[4:60] = bytes(255 - byte for byte in whole[4:60])
    path.write_bytes(whole)
    assert "measurement.parquet cannot be read" in complaint(tmp_path)


def test_a_quote_never_closed_is_refused(tmp_path):
    write_csv(tmp_path / "cdm", WHOLE)
    with (tmp_path / "cdm" / "condition_occurrence.csv").open("a") as file:
        file.write('2,"never,closed\n2,3,4\n')
    assert "a quote is opened and never closed" in complaint(tmp_path)


def test_what_is_no_text_at_all_is_refused(tmp_path):
    write_csv(tmp_path / "cdm", WHOLE)
    (tmp_path / "cdm" / "person.csv").write_bytes(bytes(range(256)) * 20)
    assert "person.csv" in complaint(tmp_path)


def test_an_empty_file_is_refused(tmp_path):
    write_csv(tmp_path / "cdm", WHOLE)
    (tmp_path / "cdm" / "person.csv").write_bytes(b"")
    assert "person.csv is empty: not even the headings are there" in complaint(tmp_path)


def test_a_file_without_headings_is_refused_without_a_word_of_its_first_patient(tmp_path):
    write_csv(tmp_path / "cdm", WHOLE)
    (tmp_path / "cdm" / "person.csv").write_text("4711,8507,1933,5,6\n4712,8507,1934,5,6\n")
    words = complaint(tmp_path)
    assert (
        "the table person lacks the column person_id" in words and "4711" not in words and "1933" not in words
    )


def test_a_folder_without_persons_or_without_events_is_refused(tmp_path):
    write_csv(tmp_path / "cdm", {"measurement": [measured()]})
    assert "holds no table person" in complaint(tmp_path)
    (tmp_path / "cdm" / "measurement.csv").unlink()
    write_csv(tmp_path / "cdm", {"person": [person()]})
    assert "holds no table of events" in complaint(tmp_path)
    write_csv(tmp_path / "cdm", {"person": [], "measurement": [measured()]})
    assert "The table PERSON holds nobody" in complaint(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    assert "There is no folder" in complaint(tmp_path)


def test_a_table_there_twice_is_refused(tmp_path):
    write_csv(tmp_path / "cdm", WHOLE)
    write_csv(tmp_path / "cdm", {"PERSON": [person()]}, suffix=".txt")
    assert "holds the table person twice" in complaint(tmp_path, DefinitionError)


def test_two_columns_of_one_name_are_refused(tmp_path):
    write_csv(tmp_path / "cdm", WHOLE)
    (tmp_path / "cdm" / "person.csv").write_text("person_id,PERSON_ID\n1,2\n")
    assert "two columns of one name" in complaint(tmp_path)


def test_instants_of_a_time_zone_in_parquet_give_way_to_their_date(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    write_parquet(tmp_path / "cdm", cdm(measurement=[measured()]))
    path = tmp_path / "cdm" / "measurement.parquet"
    table = pq.read_table(path)
    place = table.column_names.index("measurement_datetime")
    zoned = table["measurement_datetime"].cast(pa.timestamp("us", "UTC"))
    pq.write_table(table.set_column(place, "measurement_datetime", zoned), path)
    report = imported(tmp_path / "cdm", tmp_path / "out")
    assert report.warnings == {"zoned_time": {"measurement": 1}}
    assert told(tmp_path) == [("LOINC//72514-3", "2020-03-04 00:00:00", 7.0)]


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 2 MB."""
    with disks.small_disk(tmp_path, "2m") as where:
        yield where


def many(count: int) -> dict:
    return cdm(
        measurement=[
            measured(value=n % 11, at=f"20{n % 20:02}-03-04 08:{n % 60:02}:00") for n in range(count)
        ]
    )


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, small_disk):
    write_csv(tmp_path / "cdm", many(20_000))
    with pytest.raises(WorkError, match="ran out of room on the disk"):
        imported(tmp_path / "cdm", small_disk / "out")
    assert list(small_disk.iterdir()) == []


def test_a_file_that_may_not_grow_ends_the_command_with_1_and_leaves_nothing(tmp_path):
    """The same as on a full disk, from a limit every system has."""
    write_csv(tmp_path / "cdm", many(20_000))
    command = "from painresponse.commands import main; main()"
    process = subprocess.run(
        [
            sys.executable,
            "-c",
            command,
            "import",
            "omop",
            str(tmp_path / "cdm"),
            "--out",
            str(tmp_path / "out"),
        ],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1 and "room" in process.stderr and "Traceback" not in process.stderr
    assert nothing_left(tmp_path)


def test_the_command_tells_what_came_in(tmp_path):
    write_csv(tmp_path / "cdm", WHOLE)
    command = "from painresponse.commands import main; main()"
    words = [
        sys.executable,
        "-c",
        command,
        "import",
        "omop",
        str(tmp_path / "cdm"),
        "--out",
        str(tmp_path / "out"),
    ]
    process = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "31 rows in, 39 events out, 3 subjects" in process.stdout
    said = " ".join(process.stdout.split())
    assert "Tables that are not there: cdm_source, concept_ancestor, device_exposure" in said
    again = subprocess.run(words, capture_output=True, text=True, check=False)
    assert again.returncode == 2 and "already there" in again.stderr


def test_nothing_of_the_workshop_stays(tmp_path):
    brought_in(tmp_path, WHOLE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cdm", "out"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["data", "metadata"]
