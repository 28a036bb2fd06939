"""One patient explained by the command a person types: in words, as JSON, as a picture."""

import json
import shutil
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from painresponse.commands import explaining
from painresponse.errors import PainResponseError, RecordError
from painresponse.readers import histories, last_known
from painresponse.scoring.scorer import Scorer
from painresponse.simulate import simulate
from tests.lib.bundles import TARGETS

SUBJECT = 12
PNG = b"\x89PNG"

app = typer.Typer()
app.command()(explaining.explain)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sixty simulated patients."""
    made = tmp_path_factory.mktemp("clinic") / "clinic"
    simulate(made, subjects=60, seed=4)
    return made


@pytest.fixture(scope="module")
def explain(folder, tiny_bundle):
    """The command in this process; what it refuses is raised."""

    def asked(*words, subject=SUBJECT, data=folder):
        given = (tiny_bundle, data, "--subject", subject, "--allow-synthetic", *words)
        done = CliRunner().invoke(app, [str(word) for word in given])
        if done.exception:
            raise done.exception
        return done.output

    return asked


def test_a_patient_is_explained_target_by_target_and_the_notices_said_once(run, folder, tiny_bundle):
    done = run("explain", tiny_bundle, folder, "--subject", SUBJECT, "--allow-synthetic")
    assert done.code == 0, done.err
    assert done.out.count(f"Subject {SUBJECT}, ") == 3
    assert done.out.count("SYNTHETIC — NOT FOR CLINICAL USE") == 1
    words = " ".join(done.out.split())
    assert "- Predicted response" in words
    assert "s the predicted response by" in words
    assert "- No prediction: " in words


def test_a_refusal_is_a_sentence_and_a_synthetic_bundle_needs_the_explicit_word(run, folder, tiny_bundle):
    done = run("explain", tiny_bundle, folder, "--subject", SUBJECT)
    assert done.code == 2
    assert done.err.startswith("painresponse: R08_MODEL_SYNTHETIC")
    assert "Traceback" not in done.err


def test_for_machines_it_is_what_the_library_says(explain, folder, tiny_bundle):
    scorer = Scorer.load(tiny_bundle, allow_synthetic=True)
    ((records, _),) = histories(folder, scorer.measures)
    mine = records.of(SUBJECT)
    told = scorer.explain(mine, last_known(mine))
    said = json.loads(explain("--json"))
    assert said == json.loads(json.dumps([one.to_plain() for one in told]))
    assert [one["target"] for one in said] == list(TARGETS)


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_picture_is_a_file_of_the_kind_its_name_says(explain, tmp_path, kind):
    explain("--out", tmp_path / f"waterfall.{kind}")
    data = (tmp_path / f"waterfall.{kind}").read_bytes()
    if kind == "png":
        assert data.startswith(PNG)
    else:
        assert ElementTree.fromstring(data).tag.endswith("svg")
    assert [one.name for one in tmp_path.iterdir()] == [f"waterfall.{kind}"]


def test_it_can_be_asked_as_of_any_day(explain):
    (one,) = json.loads(explain("--json", "--target", "cbt", "--at", "1905-01-01"))
    assert one["index"] == "1905-01-01 00:00"
    assert one["refusal"][0] == "R01_AGE"
    assert one["reasons"] == []
    assert one["probability"] is None


@pytest.mark.parametrize("subject", [999_999, 10**30])
def test_a_subject_that_is_not_there_is_named_as_typed(explain, subject):
    with pytest.raises(RecordError, match=f"has no events of subject {subject} that the bundle can read"):
        explain(subject=subject)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--at", "yesterday"), "--at is not a date or time. Write it like 2026-03-01"),
        (("--target", "cbd"), "Unknown target 'cbd'. Did you mean 'cbt'?"),
        (("--out", "waterfall.jpg"), "Unknown kind of picture '.jpg'. Did you mean '.png'?"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_can(explain, words, complaint):
    with pytest.raises(PainResponseError) as caught:
        explain(*words)
    assert complaint in str(caught.value)


def write_one_event(folder, subject):
    """A folder of one event without a time."""
    (folder / "data").mkdir()
    events = {
        "subject_id": subject,
        "time": pa.array([None], pa.timestamp("us")),
        "code": ["GENDER//F"],
        "numeric_value": pa.array([None], pa.float32()),
    }
    pq.write_table(pa.table(events), folder / "data" / "one.parquet")


def test_a_subject_without_any_date_must_be_given_one(explain, tmp_path):
    write_one_event(tmp_path, [7])
    with pytest.raises(RecordError, match="Say with --at as of when to predict"):
        explain(subject=7, data=tmp_path)


def test_subjects_that_are_no_numbers_are_refused_as_by_every_command(explain, tmp_path):
    write_one_event(tmp_path, ["a"])
    with pytest.raises(RecordError, match=r"one\.parquet.*subject_id"):
        explain(data=tmp_path)


def test_a_damaged_shard_is_named(explain, folder, tmp_path):
    room = tmp_path / "clinic"
    shutil.copytree(folder, room)
    shard = sorted((room / "data").glob("**/*.parquet"))[0]
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(RecordError) as caught:
        explain(data=room)
    assert str(shard) in str(caught.value)
