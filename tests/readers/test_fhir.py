"""FHIR files into a MEDS folder: bundles, bulk exports, damage, and what the report says of it all."""

import gzip
import json
import tracemalloc
from collections import Counter
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from painresponse.clinic import load_catalogue
from painresponse.commands import app
from painresponse.errors import DefinitionError, RecordError
from painresponse.readers import read_shard, shards
from painresponse.readers.account import REPORT_FILE
from painresponse.readers.fhir import import_fhir

CATALOGUE = load_catalogue()
SHARED = Path(__file__).parents[3] / "shared" / "data" / "fhir_bundles"


def observation(patient: str = "ann", value: object = 7, when: str = "2024-05-01T08:30:00+02:00") -> dict:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "72514-3"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": when,
        "valueQuantity": {"value": value, "code": "{score}"},
    }


def patient(name: str = "ann", birth: str = "1960-01-02") -> dict:
    return {"resourceType": "Patient", "id": name, "birthDate": birth}


def bundle(*resources: dict) -> str:
    entry = [{"resource": one} for one in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entry})


def lines(*resources: dict) -> str:
    return "".join(json.dumps(one) + "\n" for one in resources)


def folder_of(tmp_path: Path, **files: str) -> Path:
    """A folder with these files; a double underscore stands for a dot."""
    folder = tmp_path / "given"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        path = folder / name.replace("__", ".")
        packed = path.suffix == ".gz"
        path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    return folder


def brought_in(tmp_path: Path, **files: str):
    """The report of an import and the rows it wrote."""
    out = tmp_path / "out"
    report = import_fhir(folder_of(tmp_path, **files), out, catalogue=CATALOGUE)
    rows = [row for path in shards(out) for row in pq.read_table(path).to_pylist()]
    return report, rows


def test_a_patients_resources_may_lie_in_many_files(tmp_path):
    report, rows = brought_in(
        tmp_path,
        Patient__ndjson=lines(patient("ann"), patient("bob")),
        Observation__000__ndjson=lines(observation("bob", 3), observation("ann", 7)),
        Observation__001__ndjson__gz=lines(observation("ann", 6, "2024-06-01T08:30:00+02:00")),
        extra__json=bundle(observation("ann", 5, "2024-07-01T08:30:00+02:00")),
    )
    assert (report.rows, report.events, report.subjects) == (6, 6, 2)
    mine = [row["numeric_value"] for row in rows if row["subject_id"] == 1]
    assert mine == [None, 7, 6, 5]


def test_what_is_referred_to_is_found_though_its_file_comes_later_by_name(tmp_path):
    request = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/ann"},
        "authoredOn": "2024-05-01",
        "medicationReference": {"reference": "Medication/m"},
    }
    medicine = {"resourceType": "Medication", "id": "m", "code": {"text": "tramadol 50 MG Oral Tablet"}}
    report, rows = brought_in(
        tmp_path, AMedicationRequest__ndjson=lines(request), Medication__ndjson=lines(medicine)
    )
    assert [row["code"] for row in rows] == ["RxNorm//10689"]
    assert report.warnings == {}


def test_numbers_follow_the_file_of_patients_and_only_the_key_file_says_who_is_who(tmp_path):
    folder = folder_of(
        tmp_path,
        Condition__ndjson=lines(observation("bob")),
        Patient__ndjson=lines(patient("ann"), patient("bob")),
    )
    keys = tmp_path / "keys.csv"
    import_fhir(folder, tmp_path / "out", catalogue=CATALOGUE, keys=keys)
    assert keys.read_text().split() == ["subject_id,identifier", "1,Patient/ann", "2,Patient/bob"]
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert b"Patient/" not in written


def test_a_key_file_inside_the_folder_is_refused(tmp_path):
    folder, out = folder_of(tmp_path, one__json=bundle(observation())), tmp_path / "out"
    with pytest.raises(DefinitionError, match="must not lie inside"):
        import_fhir(folder, out, catalogue=CATALOGUE, keys=out / "keys.csv")
    assert not out.exists()


def test_the_report_counts_what_came_and_what_became_of_it(tmp_path):
    wrong = observation() | {"code": "pain"}
    weight = observation() | {"code": {"coding": [{"system": "http://loinc.org", "code": "1988-5"}]}}
    strange = observation() | {"code": {"coding": [{"system": "http://x.example/own", "code": "k"}]}}
    report, _ = brought_in(
        tmp_path,
        ann_smith__json=bundle(
            patient(), observation(), observation(), wrong, weight, strange, {"resourceType": "Claim"}
        ),
    )
    assert report.rows == 7
    assert report.events == 4
    assert report.rejected == {
        "malformed": {"Observation": 1},
        "other_type": {"Claim": 1},
        "repeated": {"LOINC//72514-3": 1},
    }
    assert report.unmapped == {"own//k": 1}
    assert report.units["LOINC//1988-5"] == {"{score}": 1}
    assert report.warnings == {"unit": {"LOINC//1988-5": 1}}
    assert report.tables == {"Claim": 1, "Observation": 5, "Patient": 1}
    assert json.loads((tmp_path / "out" / REPORT_FILE).read_text()) == report.to_plain()


def test_the_report_does_not_repeat_the_name_of_a_file_named_after_a_patient(tmp_path):
    report, _ = brought_in(tmp_path, ann_smith__json=bundle(observation()), Patient__ndjson=lines(patient()))
    assert sorted(report.sources) == ["Patient.ndjson", "file 2"]


def test_two_dates_of_birth_are_both_kept_and_noted(tmp_path):
    report, _ = brought_in(
        tmp_path, one__json=bundle(patient(birth="1960")), two__json=bundle(patient(birth="1961"))
    )
    assert report.events == 2
    assert report.warnings == {"conflict": {"Patient": 1}}


def test_an_event_given_twice_is_kept_as_first_known(tmp_path):
    late = observation() | {"issued": "2024-05-09T08:00:00+02:00"}
    soon = observation() | {"issued": "2024-05-02T08:00:00+02:00"}
    report, rows = brought_in(tmp_path, one__json=bundle(late, soon))
    assert report.events == 1
    assert rows[0]["available_time"] == datetime(2024, 5, 2, 8)


def test_a_zone_moves_universal_time_to_the_clinics_clock(tmp_path):
    folder = folder_of(tmp_path, one__json=bundle(observation(when="2024-07-01T06:30:00Z")))
    import_fhir(folder, tmp_path / "out", catalogue=CATALOGUE, zone="Europe/Madrid")
    (path,) = shards(tmp_path / "out")
    assert read_shard(path).time.astype("datetime64[us]").tolist() == [datetime(2024, 7, 1, 8, 30)]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("one.json", b'{"resourceType": "Bun', "is not JSON, or is cut off"),
        ("one.json", b"[" * 100_000, "is not JSON, or is cut off"),
        ("one.json", b'{"a": ' + b"9" * 5000 + b"}", "is not JSON, or is cut off"),
        ("one.json", b'{"resourceType": "\xff"}', "cannot be read"),
        ("one.ndjson", lines(observation()).encode() + b'{"resourceType": "Obs', "line 2 is not JSON"),
        ("one.json.gz", gzip.compress(bundle(observation()).encode())[:-20], "cannot be read"),
        ("one.json.gz", b"no gzip at all", "cannot be read"),
        ("one.json", b"{}", "No resource of .* gave an event"),
        ("one.json", b'{"resourceType": "Bundle", "type": "history"}', "Unknown type of bundle 'history'"),
        ("one.txt", b"", "holds no FHIR"),
    ],
)
def test_damage_is_named_and_nothing_is_written(tmp_path, name, content, said):
    folder, out = tmp_path / "given", tmp_path / "out"
    folder.mkdir()
    (folder / name).write_bytes(content)
    with pytest.raises(RecordError, match=said):
        import_fhir(folder, out, catalogue=CATALOGUE)
    assert [path.name for path in tmp_path.iterdir()] == ["given"]


def test_a_source_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RecordError, match=r"There is no .*nowhere"):
        import_fhir(tmp_path / "nowhere", tmp_path / "out", catalogue=CATALOGUE)


def test_a_folder_that_is_there_already_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(DefinitionError, match="already there"):
        import_fhir(tmp_path / "nowhere", tmp_path / "out", catalogue=CATALOGUE)


def test_a_byte_order_mark_is_no_trouble(tmp_path):
    report, _ = brought_in(tmp_path, one__json="\ufeff" + bundle(observation()))
    assert report.events == 1


def test_resources_of_a_bulk_export_are_not_all_in_memory(tmp_path):
    """Twice the lines take less than 150 bytes more for each, where a resource as a dict takes thousands."""

    def peak(count: int) -> int:
        text = lines(
            *(observation(f"p{n % 50}", n % 11) | {"note": [{"text": "x" * 500}]} for n in range(count))
        )
        folder = folder_of(tmp_path, Observation__ndjson=text)
        tracemalloc.start()
        import_fhir(folder, tmp_path / f"out{count}", catalogue=CATALOGUE)
        reached = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return reached

    peak(10)  # whatever is loaded once
    assert peak(6000) - peak(3000) < 150 * 3000 + 200_000


def test_the_command_says_what_came_out(tmp_path):
    folder = folder_of(tmp_path, one__json=bundle(patient(), observation(), {"resourceType": "Claim"}))
    told = CliRunner().invoke(app, ["import", "fhir", str(folder), "--out", str(tmp_path / "out")])
    assert told.exit_code == 0
    assert "3 resources in, 2 events out, 1 subjects" in told.output
    assert "resources of this type are not read" in told.output
    again = CliRunner().invoke(
        app, ["import", "fhir", str(folder), "--out", str(tmp_path / "out"), "--overwrite", "--json"]
    )
    assert json.loads(again.output)["events"] == 2


@pytest.mark.skipif(not SHARED.is_dir(), reason="the synthetic bundles of smart-on-fhir are not here")
def test_twelve_synthetic_patients_come_in_whole(tmp_path):
    """Figures counted in the bundles themselves, by another way."""
    report = import_fhir(SHARED, tmp_path / "out", catalogue=CATALOGUE)
    given = Counter(
        entry["resource"]["resourceType"]
        for path in SHARED.glob("*.gz")
        for entry in json.loads(gzip.decompress(path.read_bytes()))["entry"]
    )
    assert report.tables == dict(given)
    assert (report.rows, report.subjects) == (given.total(), 12)
    assert set(report.rejected) == {"other_type"}
    raw = [read_shard(path) for path in shards(tmp_path / "out")]
    codes = Counter(piece.codes[code] for piece in raw for code in piece.code)
    assert codes["LOINC//72514-3"] == 142
    assert codes["LOINC//8480-6"] == codes["LOINC//8462-4"] == 87
    assert (codes["RxNorm//7804"], codes["RxNorm//5489"]) == (26, 11)
    (meperidine,) = [
        float(value)
        for piece in raw
        for code, value in zip(piece.code, piece.value, strict=True)
        if piece.codes[code] == "RxNorm//6754"
    ]
    assert meperidine == 300  # a tablet of 50 mg every four hours
    assert all(np.isfinite(piece.time).all() for piece in raw)
