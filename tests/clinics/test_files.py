"""What other clinics send is read as strictly as settings are."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from painresponse.clinics.files import read_summary, write_summary
from painresponse.errors import DefinitionError
from tests.clinics.patients import patients, summaries

Plain = dict[str, Any]


@pytest.fixture(scope="module")
def summary(card, catalogue):
    return summaries(*patients(300, sites=1), card, catalogue)[0]


@pytest.fixture
def sent(summary, tmp_path) -> Callable[[Callable[[Plain], object]], Any]:
    """A summary as it arrives after somebody changed it on the way."""

    def changed(change: Callable[[Plain], object]) -> Any:
        path = tmp_path / "site.json"
        write_summary(path, summary)
        plain = json.loads(path.read_text())
        change(plain)
        path.write_text(json.dumps(plain))
        return read_summary(path)

    return changed


def test_what_is_written_is_read_again(sent, summary):
    assert sent(lambda plain: None) == summary


def target(plain: Plain) -> Plain:
    return plain["targets"][0]


def auc(plain: Plain) -> Plain:
    return target(plain)["figures"]["auc"]


TAMPERED = {
    "an unknown key": (lambda p: p.update(sight="north"), "Unknown setting 'sight'. Did you mean 'site'"),
    "a key that is missing": (lambda p: p.pop("site"), "needs 'site'"),
    "an unknown measure": (
        lambda p: target(p)["figures"].update(auk=auc(p)),
        "Unknown measure 'auk'. Did you mean 'auc'",
    ),
    "a row of a patient": (lambda p: target(p).update(rows=[[1, 0.3]]), "Unknown setting 'rows'"),
    "another version": (lambda p: p.update(schema=2), "schema version 2; .* version 1"),
    "no version": (lambda p: p.pop("schema"), "has no schema version"),
    "a text for a number": (lambda p: auc(p).update(value="0.7"), "auc.value must be a number, not text"),
    "a truth for a count": (lambda p: target(p)["counts"].update(lost=True), "lost must be a whole number"),
    "a list for a table": (lambda p: target(p).update(counts=[]), "counts must be a table, not a list"),
    "an AUC above 1": (lambda p: auc(p).update(value=1.3, high=1.4), "AUC must lie between 0 and 1"),
    "a Brier score below 0": (
        lambda p: target(p)["figures"]["brier"].update(value=-0.1, low=-0.2),
        "Brier score must lie between 0 and 1",
    ),
    "a negative error": (lambda p: auc(p).update(error=-0.1), "standard error must be above 0"),
    "an error of 0": (lambda p: auc(p).update(error=0.0), "standard error must be above 0"),
    "an error made small": (lambda p: auc(p).update(error=1e-3), "not the one that the value"),
    "a value made better": (lambda p: auc(p).update(value=auc(p)["high"]), "not the one that the value"),
    "a value outside": (lambda p: auc(p).update(value=0.999), "must lie within its interval"),
    "more responders than episodes": (
        lambda p: target(p)["counts"].update(responded=target(p)["counts"]["episodes"] + 10),
        "responded must leave at least 10 of the episodes",
    ),
    "more subjects than episodes": (
        lambda p: target(p)["counts"].update(subjects=target(p)["counts"]["episodes"] + 10),
        "cannot be more subjects than episodes",
    ),
    "a small count": (lambda p: target(p)["counts"].update(lost=3), "lost must be a multiple of 10"),
    "a negative count": (lambda p: target(p)["counts"].update(lost=-10), "lost must be a multiple of 10"),
    "an exact count": (lambda p: target(p)["counts"].update(lost=31), "lost must be a multiple of 10"),
    "a count both told and withheld": (
        lambda p: target(p).update(withheld=["lost"]),
        "must be either counted or withheld",
    ),
    "figures of withheld responders": (
        lambda p: (target(p)["counts"].pop("responded"), target(p).update(withheld=["responded"])),
        "cannot be figures where the responders are too few",
    ),
    "a least count of 1": (lambda p: p.update(least=1), "a count of 1 is a patient"),
    "a target twice": (lambda p: p["targets"].append(target(p)), "a target is told twice"),
    "a digest that is none": (lambda p: p["bundle"].update(digest="abc"), "digest must be a SHA-256"),
    "a name of two lines": (lambda p: p.update(site="north\nsouth"), "1 to 60 printable characters"),
    "an escape for a terminal": (
        lambda p: target(p)["question"].update(stage="\x1b[31m"),
        "1 to 60 printable characters",
    ),
}


@pytest.mark.parametrize("change", TAMPERED)
def test_what_no_clinic_can_have_said_is_refused(sent, change):
    tamper, words = TAMPERED[change]
    with pytest.raises(DefinitionError, match=words):
        sent(tamper)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not the JSON of a site summary"),
        ("[1, 2]", "has no schema version"),
        ('{"schema": 1, "schema": 1}', "names the same member twice"),
        ('{"schema": NaN}', "NaN, which is no number"),
        ("[" * 100_000, "is not the JSON of a site summary"),
        ("\x00\x01", "is not the JSON of a site summary"),
    ],
)
def test_what_is_no_summary_at_all_is_refused(tmp_path, text, words):
    path = tmp_path / "site.json"
    path.write_text(text)
    with pytest.raises(DefinitionError, match=words):
        read_summary(path)


@pytest.mark.parametrize("number", ["1e999", "-1e999"])
def test_a_number_beyond_all_numbers_is_refused(sent, summary, tmp_path, number):
    sent(lambda plain: None)
    path = tmp_path / "site.json"
    error = str(summary.targets[0].figures["auc"].error)
    path.write_text(path.read_text().replace(error, number))
    with pytest.raises(DefinitionError, match="must be finite"):
        read_summary(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DefinitionError, match=r"Cannot read .*site.json: No such file"):
        read_summary(tmp_path / "site.json")


def test_a_bundle_is_no_summary(tiny_bundle):
    with pytest.raises(DefinitionError, match="is not the JSON of a site summary"):
        read_summary(tiny_bundle)
