"""A card: what it says of an answer, and what it never does."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from painresponse.records.rows import history
from painresponse.scoring.refusals import LATER, RED_FLAG
from painresponse.scoring.scorer import MEANING, NOTICE, SYNTHETIC_NOTICE
from painresponse_serve.answers import (
    Account,
    Answer,
    Because,
    Coded,
    Explained,
    Model,
    Named,
    Rejection,
    Score,
)
from painresponse_serve.charts import Chart
from painresponse_serve.hooks.cards import Card, cards
from painresponse_serve.hooks.prefetched import Fetched

URGENT = Coded(RED_FLAG, "Signs of cauda equina: needs urgent medical assessment.")
TOO_EARLY = Coded(*LATER)
EXPLAINED = Explained(
    base=0.5,
    own=0.43,
    reasons=[
        Because(f"f{number}", f"fact {number}", "1", -1.0, f"fact {number} lowers it") for number in range(9)
    ],
    rest=0.0,
    lift=0.0,
    missing=[Named("odi", "disability index")],
    notes=["Reasons are not causes."],
)


def score(name: str = "rfa", **other: Any) -> Score:
    said = {"probability": 0.43, "interval": (0.31, 0.56), "support": 0.2, "flags": []} | other
    stage, label = "therapeutic", f"{name} (therapeutic): at least 50 % less pain, 6 months"
    return Score(name, name, stage, "pain_50", "6 mo", label, "logistic", **said)


def silent(name: str, why: Coded) -> Score:
    return score(name, probability=UNSET, interval=UNSET, support=UNSET, refused=why)


def answer(*scores: Score, synthetic: bool = True) -> Answer:
    model = Model("pain", "ab" * 32, synthetic, "clinic", "0" * 64, "1.0")
    notices = [*([SYNTHETIC_NOTICE] if synthetic else []), NOTICE, MEANING]
    account = Account(7, 6, [Rejection("limits", "the value is impossible", 1)], 2)
    return Answer(model, "2026-03-01T09:00:00", list(scores), account, notices)


def told(
    *scores: Score, address: str = "", found: Fetched | None = None, synthetic: bool = True
) -> list[Card]:
    return cards(answer(*scores, synthetic=synthetic), found or sent(), address=address).cards


def sent(
    *, left_out: Any = (), pages: bool = False, not_sent: tuple[str, ...] = (), undated: int = 0
) -> Fetched:
    return Fetched(Chart(history([], [], []), "Patient/1", left_out, (), pages), not_sent, undated)


# ---- the summary ----


def test_the_summary_says_the_number_and_its_interval():
    (card,) = told(score(), synthetic=False)
    assert card.summary == (
        "Predicted response, rfa (therapeutic): at least 50 % less pain, 6 months: 43 % (31 to 56 %)"
    )


@pytest.mark.parametrize(
    ("probability", "interval", "words"),
    [
        (0.999, (0.98, 1.0), ": over 99 % (98 to over 99 %)"),
        (0.001, (0.0, 0.02), ": under 1 % (under 1 to 2 %)"),
        (0.5049, (0.4951, 0.5051), ": 50 % (50 to 51 %)"),
    ],
)
def test_nothing_is_certain_and_nothing_impossible(probability: float, interval: Any, words: str):
    (card,) = told(score(probability=probability, interval=interval))
    assert card.summary.endswith(words)


@given(st.text(max_size=400), st.booleans())
def test_a_summary_is_one_line_shorter_than_140_characters_and_keeps_its_number(label: str, synthetic: bool):
    (card,) = told(_named(label), synthetic=synthetic)
    assert len(card.summary) < 140
    assert "\n" not in card.summary
    assert card.summary.endswith("43 % (31 to 56 %)")


def _named(label: str) -> Score:
    return Score(
        "rfa", "rfa", "t", "pain_50", "6 mo", label, "logistic", [], probability=0.43, interval=(0.31, 0.56)
    )


# ---- what is marked ----


def test_only_a_red_flag_is_a_warning_and_it_comes_first():
    found = told(score("scs"), silent("rfa", URGENT), silent("cbt", TOO_EARLY))
    assert [(one.indicator, one.summary.partition(":")[0]) for one in found] == [
        ("warning", "SYNTHETIC — No predicted response"),
        ("info", "SYNTHETIC — Predicted response, scs (therapeutic)"),
        ("info", "SYNTHETIC — No predicted response"),
    ]


@pytest.mark.parametrize("synthetic", [True, False])
def test_what_was_trained_on_simulated_patients_says_so_in_summary_and_detail(synthetic: bool):
    for card in told(score(), silent("cbt", URGENT), synthetic=synthetic):
        assert card.summary.startswith("SYNTHETIC — ") is synthetic
        assert card.detail.startswith(f"**{SYNTHETIC_NOTICE}**") is synthetic
        assert card.detail.count("SYNTHETIC") == synthetic


def test_what_is_refused_for_one_reason_is_one_card_that_names_all_it_is_about():
    first, second = told(silent("scs", TOO_EARLY), silent("rfa", URGENT), silent("cbt", TOO_EARLY))
    assert ("rfa (therapeutic)" in first.detail, "scs (therapeutic)" in first.detail) == (True, False)
    assert "- scs (therapeutic)" in second.detail
    assert "- cbt (therapeutic)" in second.detail
    assert "(`R10_LEAKAGE_TIME`)" in second.detail


def test_predictions_stand_in_the_order_of_the_catalogue_whatever_their_numbers():
    names = ["scs", "idd", "rfa", "cbt"]
    found = told(*(score(name, probability=p) for name, p in zip(names, (0.1, 0.9, 0.5, 0.7), strict=True)))
    assert [one.summary.partition(", ")[2][:3] for one in found] == names


# ---- the detail ----


def test_the_detail_says_from_what_and_what_to_keep_in_mind():
    flags = [Coded("F_MME_HIGH", "Opioids of 90 or more."), Coded("C_REL", "Smoking.")]
    (card,) = told(score(flags=flags, explanation=EXPLAINED))
    for words in (
        "**predicted response 43 % (31 to 56 %)**",
        "In 9 of 10 clinics that the model has not seen",
        "Support: such a patient was given this intervention with a probability of 20 %",
        "- Opioids of 90 or more. (`F_MME_HIGH`)\n- Smoking. (`C_REL`)",
        "- fact 0 lowers it\n- fact 1 lowers it",
        "- disability index",
        "Reasons are not causes.",
        "- 6 of 7 events, 2 of them with codes the model does not know\n",
        "- left out: the value is impossible (1)",
        NOTICE,
        f"Model `pain`, SHA-256 `{'ab' * 32}`. As of 2026-03-01 09:00:00.",
    ):
        assert words in card.detail
    assert "fact 5" not in card.detail


def test_the_detail_says_what_was_not_read():
    found = sent(
        left_out=(("no_code", "there is no code", 3),),
        pages=True,
        not_sent=("diagnoses", "devices"),
        undated=2,
    )
    (card,) = told(score(), found=found)
    for words in (
        "- there is no code (3)",
        "only one page",
        "not sent by the record system: diagnoses, devices",
    ):
        assert words in card.detail
    assert "that is not over (2)" in card.detail


def test_no_word_of_a_bundle_becomes_markdown():
    (card,) = told(_named("<b>*rfa*</b> [x](y) `z`"))
    assert r"\<b>\*rfa\*\</b> \[x\](y) \`z\`" in card.detail


# ---- what a card never does ----


def test_a_card_suggests_nothing():
    for card in told(score(explanation=EXPLAINED), silent("cbt", URGENT), address="https://cds.example.org"):
        assert set(card.__struct_fields__) == {"uuid", "summary", "indicator", "detail", "source", "links"}
        assert not re.search(
            r"recommend|should|best|suggest|go ahead", card.summary + card.detail, re.IGNORECASE
        )


def test_it_links_to_the_page_only_where_the_server_has_an_address():
    (card,) = told(score())
    assert (card.links, card.source.url) == (UNSET, UNSET)
    (card,) = told(score(), address="https://cds.example.org")
    assert card.links is not UNSET
    assert [(one.url, one.type) for one in card.links] == [("https://cds.example.org/", "absolute")]
    assert card.source.url == "https://cds.example.org/docs"
