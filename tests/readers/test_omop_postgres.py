"""OMOP tables of a live PostgreSQL: the same events as from files, and plain words for what goes wrong."""

import subprocess
import sys
import time

import pytest

from painresponse.errors import PainResponseError, RecordError, WorkError
from tests.readers.omop import cdm, imported, measured, person, rows_of, told, write_csv
from tests.readers.postgres import PASSWORD, Server, server
from tests.readers.test_omop_files import WHOLE

COMMAND = [sys.executable, "-c", "from painresponse.commands import main; main()", "import", "omop"]


@pytest.fixture(scope="module")
def database():
    """A server for all of these tests."""
    with server() as running:
        yield running


@pytest.mark.parametrize("loud", [False, True], ids=["small letters", "capitals"])
def test_a_database_gives_the_same_events_as_its_files(tmp_path, database, loud):
    write_csv(tmp_path / "cdm", WHOLE)
    database.load(WHOLE, "omop", loud=loud)
    files = imported(tmp_path / "cdm", tmp_path / "a")
    live = imported(database.uri(), tmp_path / "b", schema="omop")
    assert rows_of(tmp_path / "a") == rows_of(tmp_path / "b") and len(rows_of(tmp_path / "a")) == 39
    for name in (
        "rows",
        "events",
        "subjects",
        "rejected",
        "warnings",
        "unmapped",
        "units",
        "tables",
        "missing",
    ):
        assert getattr(files, name) == getattr(live, name)
    assert live.sources == {}


def test_the_password_may_stay_out_of_the_address(tmp_path, database, monkeypatch):
    database.load(WHOLE)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    imported(f"postgresql://clinic@127.0.0.1:{database.port}/cdm", tmp_path / "out")
    assert len(rows_of(tmp_path / "out")) == 39


def test_the_vocabulary_may_have_a_schema_of_its_own(tmp_path, database):
    database.load({name: rows for name, rows in WHOLE.items() if name != "concept"}, "clinical")
    database.load({"concept": WHOLE["concept"]}, "vocab")
    site = '[import.omop]\nvocabulary_schema = "vocab"'
    imported(database.uri(), tmp_path / "out", schema="clinical", site=site)
    assert len(rows_of(tmp_path / "out")) == 39


def test_views_are_tables_too(tmp_path, database):
    database.load(cdm(hidden=[measured()]))
    database.execute("CREATE VIEW measurement AS SELECT * FROM hidden")
    imported(database.uri(), tmp_path / "out")
    assert told(tmp_path) == [("LOINC//72514-3", "2020-03-04 08:30:00", 7.0)]


def test_instants_of_a_time_zone_give_way_to_their_date(tmp_path, database):
    database.load(cdm(measurement=[measured()]))
    database.execute("ALTER TABLE measurement ALTER measurement_datetime TYPE TIMESTAMPTZ")
    report = imported(database.uri(), tmp_path / "out")
    assert told(tmp_path) == [("LOINC//72514-3", "2020-03-04 00:00:00", 7.0)]
    assert report.warnings == {"zoned_time": {"measurement": 1}}


def test_an_empty_table_is_reported_and_a_missing_one_too(tmp_path, database):
    database.load(cdm(measurement=[measured()], death=[{"person_id": 1, "death_date": "2020-01-01"}]))
    database.execute("DELETE FROM death")
    report = imported(database.uri(), tmp_path / "out")
    assert report.tables["death"] == 0 and "drug_exposure" in report.missing


def complaint(room, kind: type[PainResponseError], uri: str, **more) -> str:
    with pytest.raises(kind) as caught:
        imported(uri, room / "out", **more)
    assert list(room.iterdir()) == []
    assert PASSWORD not in str(caught.value) and "wrong-word" not in str(caught.value)
    return str(caught.value)


def test_a_wrong_password_is_said_and_not_repeated(tmp_path, database):
    words = complaint(tmp_path, RecordError, database.uri(password="wrong-word"))
    assert words.startswith("postgresql://127.0.0.1/cdm did not accept user and password")


def test_a_user_nobody_knows_is_refused_like_a_wrong_password(tmp_path, database):
    assert "did not accept user and password" in complaint(tmp_path, RecordError, database.uri(user="nobody"))


def test_a_database_that_is_not_there_is_named(tmp_path, database):
    words = complaint(tmp_path, RecordError, database.uri(database="cmd"))
    assert words.startswith("postgresql://127.0.0.1/cmd does not exist on that server")


def test_a_server_that_does_not_answer_is_named(tmp_path, database):
    assert "cannot be reached" in complaint(tmp_path, WorkError, database.uri(port=1))


def test_an_address_that_is_none_is_refused_without_being_repeated(tmp_path):
    words = complaint(tmp_path, WorkError, f"postgresql://clinic:{PASSWORD}@[half/cdm")
    assert words.startswith("The database cannot be reached")


def test_a_schema_that_is_not_there_is_named_with_the_nearest(tmp_path, database):
    database.load(WHOLE, "omop")
    words = complaint(tmp_path, RecordError, database.uri(), schema="omob")
    assert "Unknown schema 'omob'. Did you mean 'omop'?" in words


def test_a_schema_without_persons_is_refused(tmp_path, database):
    database.load({"measurement": [measured()]})
    assert "holds no table person" in complaint(tmp_path, RecordError, database.uri())


def test_a_table_that_is_none_of_omop_is_refused(tmp_path, database):
    database.load(cdm(measurement=[{"person_id": 1, "value": "7"}]))
    assert "measurement lacks the column measurement_concept_id" in complaint(
        tmp_path, RecordError, database.uri()
    )


def test_a_table_the_user_may_not_read_is_named(tmp_path, database):
    database.load(WHOLE)
    database.execute(
        "DROP ROLE IF EXISTS guest",
        f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'",
        "GRANT USAGE ON SCHEMA public TO guest",
        "GRANT SELECT ON person, concept TO guest",
    )
    words = complaint(tmp_path, RecordError, database.uri(user="guest"))
    assert "may not read the table public." in words and "Grant SELECT" in words
    database.execute("DROP OWNED BY guest", "DROP ROLE guest")


def test_a_view_that_breaks_while_it_is_read_is_said_without_a_value(tmp_path, database):
    database.load(cdm(hidden=[measured(measurement_source_value="Mrs Smith")]))
    database.execute(
        "CREATE VIEW measurement AS SELECT person_id, measurement_concept_id, measurement_date, "
        "CAST(measurement_source_value AS NUMERIC) AS value_as_number FROM hidden"
    )
    words = complaint(tmp_path, PainResponseError, database.uri())
    assert "the table measurement" in words and "Smith" not in words


def test_the_database_is_only_read_and_as_it_stood_at_the_beginning(database):
    from painresponse.readers.omop.postgres import connected

    database.load(WHOLE)
    with connected(database.uri(), ("public", "public")) as cdm_:
        database.execute("DELETE FROM person")
        assert [count for (count,) in cdm_._asked("SELECT count(*) FROM person")] == [3]
        with pytest.raises(Exception, match="read-only transaction"):
            cdm_._asked("DELETE FROM measurement RETURNING person_id")


def slow(database: Server) -> None:
    """A database whose measurements come one by one, for a long time."""
    database.load(cdm(hidden=[measured()], person=[person()]))
    database.execute(
        "CREATE VIEW measurement AS SELECT hidden.* FROM hidden, generate_series(1, 100000) AS n "
        "WHERE pg_sleep(0.001 + 0 * n) IS NOT NULL"
    )


def test_a_server_that_dies_while_it_is_read_ends_the_command_with_1_and_leaves_nothing(tmp_path):
    with server() as database:
        slow(database)
        process = subprocess.Popen(
            [*COMMAND, database.uri(), "--out", str(tmp_path / "out")], stderr=subprocess.PIPE, text=True
        )
        reading = (
            "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%\"measurement\"%' "
            "AND pid <> pg_backend_pid()"
        )
        while not database.asked(reading):
            assert process.poll() is None
            time.sleep(0.1)
        assert any(path.name.startswith(".out") for path in tmp_path.iterdir())
        database.stop()
        _, words = process.communicate(timeout=60)
    assert process.returncode == 1
    assert words.startswith(
        "painresponse: postgresql://127.0.0.1/cdm went away while the table measurement was read"
    )
    assert PASSWORD not in words and "Traceback" not in words
    assert list(tmp_path.iterdir()) == []
