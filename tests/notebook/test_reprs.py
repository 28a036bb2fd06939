"""What a notebook shows: a line of text, a small table of HTML; escaped, whole, marked where synthetic."""

import re
from html.parser import HTMLParser

import pandas as pd
import pytest

import painresponse as pr
from painresponse.pipeline import Trained
from painresponse.readers import asks_of, events_of
from tests.notebook.conftest import QUICK, TARGET

SYNTHETIC = "SYNTHETIC — NOT FOR CLINICAL USE"
EVIL = "PR//<script>alert(1)</script>"


class Balanced(HTMLParser):
    """Reads HTML and complains about a tag that is not closed where it should be."""

    def __init__(self):
        super().__init__()
        self.open, self.words = [], []

    def handle_starttag(self, tag, attributes):
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def text_of(html: str) -> str:
    """The words of balanced HTML."""
    reader = Balanced()
    reader.feed(html)
    assert not reader.open
    return " ".join(reader.words)


@pytest.fixture(scope="module")
def shown(clinic, known, scorer):
    """Everything that shows itself without scikit-learn."""
    records, _ = scorer.read(events_of(clinic))
    (why,) = pr.explain(scorer, clinic, known.head(1), targets=("cbt",))
    return {
        "histories": clinic,
        "history": clinic.of(known["subject_id"].iloc[0]),
        "feature set": clinic.catalogue.features,
        "scorer": scorer,
        "bundle": scorer.bundle,
        "scores": scorer.score(records, asks_of(known.head(30))),
        "explanation": why,
    }


NAMES = ("histories", "history", "feature set", "scorer", "bundle", "scores", "explanation")


@pytest.mark.parametrize("name", NAMES)
def test_html_is_whole_and_takes_the_colours_of_the_page(shown, name):
    html = shown[name]._repr_html_()
    assert len(text_of(html)) > 40
    assert not re.search(r"color|background|http|src=|<script|<link", html)


@pytest.mark.parametrize("name", [one for one in NAMES if one != "explanation"])
def test_text_is_one_short_line(shown, name):
    said = repr(shown[name])
    assert said.startswith("<") and said.endswith(">")
    assert "\n" not in said and len(said) < 120


@pytest.mark.parametrize("name", ["scorer", "bundle", "scores"])
def test_what_was_made_of_simulated_patients_is_marked_in_both(shown, name):
    assert SYNTHETIC in repr(shown[name])
    assert SYNTHETIC in text_of(shown[name]._repr_html_())


def test_histories_say_how_many_when_and_what_of(shown, clinic):
    assert repr(clinic).startswith(f"<Histories: {len(clinic):,} patients, {len(clinic.events):,} events, ")
    words = text_of(clinic._repr_html_())
    assert "average pain, numeric rating scale 0-10" in words
    assert f"{len(clinic):,}" in words


def test_one_history_shows_its_last_events_in_words_with_units(shown):
    words = text_of(shown["history"]._repr_html_())
    last = shown["history"].frame["time"].max()
    assert f"{last:%Y-%m-%d %H:%M}" in words
    assert "Last 20 events" in words


def test_codes_are_escaped_and_shown_as_they_are_where_nobody_knows_them():
    columns = {"subject_id": 1, "time": pd.to_datetime(["2024-01-01"]), "code": EVIL, "numeric_value": 1.0}
    html = pr.histories(pd.DataFrame(columns))._repr_html_()
    assert "<script>" not in html
    assert EVIL in text_of(html)


def test_a_late_result_says_since_when_it_is_known():
    events = {
        "subject_id": [1],
        "time": pd.to_datetime(["2024-01-01 08:00"]),
        "available_time": pd.to_datetime(["2024-01-03 16:00"]),
        "code": ["PR//cortisol_serum"],
        "numeric_value": [400.0],
    }
    words = text_of(pr.histories(pd.DataFrame(events))._repr_html_())
    assert "2024-01-03 16:00" in words
    assert "400 nmol/L" in re.sub(r"\s+", " ", words)


def test_a_feature_set_shows_its_sentences_and_how_many_more_there_are(catalogue):
    words = text_of(catalogue.features._repr_html_())
    assert "mean of pain in 30 d" in words
    assert f"and {len(catalogue.features) - 20} more" in words


def test_a_bundle_says_what_it_predicts_and_how_well(shown):
    words = text_of(shown["bundle"]._repr_html_())
    assert "0.50 (0.45 to 0.55)" in words
    assert all(card.label in words for card in shown["bundle"].targets)


def test_scores_show_probabilities_or_why_there_is_none(shown):
    words = text_of(shown["scores"]._repr_html_())
    assert re.search(r"\d+ % \(\d+ to \d+ %\)", words)
    assert re.search(r"R\d\d_", words)


def test_an_estimator_shows_itself_as_scikit_learn_does_and_what_it_became(columns, outcome):
    model = pr.ResponseClassifier(TARGET, settings=QUICK, boosted=False)
    assert "What it became" not in model._repr_mimebundle_()["text/html"]
    shown = model.fit(columns, outcome)._repr_mimebundle_()["text/html"]
    assert "sk-estimator" in shown
    assert f"<li>logistic. {model.verdict_.sentence[:20]}" in shown


def test_a_training_says_what_it_made_and_what_it_left_out(tmp_path):
    made = Trained(
        bundle=tmp_path / "clinic.onnx",
        digest="",
        synthetic=True,
        fitted=(),
        accounts={},
        skipped={"cbt": "cbt cannot be trained: 3 responses."},
        cohort=None,
        run="",
        store="",
        registered="painresponse version 3",
    )
    assert repr(made) == f"<Trained clinic.onnx: 0 models, 1 left out, painresponse version 3, {SYNTHETIC}>"
    assert "cbt cannot be trained" in text_of(made._repr_html_())
