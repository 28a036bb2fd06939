"""The report: one page that needs nothing else, and hides nothing."""

import base64
import hashlib
import re

import pytest

from painresponse.errors import WorkError
from painresponse.report.page import report_html, write_report
from painresponse.report.tripod import NAMES
from tests.report import example
from tests.report.reader import plain, read

UNEXAMINED = (
    "calibration",
    "use for decisions",
    "performance in subgroups",
    "differences between centres",
    "what losses to follow-up could hide",
    "how long a response lasts",
    "the flow of participants",
)


def first_page(page: str) -> str:
    """Everything above the contents."""
    return page.split("<nav", 1)[0]


def test_elements_nest_and_every_name_is_given_once(page):
    read_page = read(page)
    names = [one["id"] for _, one, _ in read_page.elements if "id" in one]
    assert read_page.crossed == []
    assert len(names) == len(set(names))
    assert page.startswith("<!DOCTYPE html>")


def test_nothing_is_fetched_and_nothing_runs(page):
    read_page = read(page)
    links = [one[key] for _, one, _ in read_page.elements for key in ("src", "href", "action") if key in one]
    assert read_page.of("script") == read_page.of("link") == read_page.of("img") == []
    assert [link for link in links if not link.startswith("#")] == []
    assert not re.search(r"@import|url\((?!#)", page)
    assert [key for _, one, _ in read_page.elements for key in one if key.startswith("on")] == []


def test_every_link_leads_somewhere(page):
    read_page = read(page)
    names = {one["id"] for _, one, _ in read_page.elements if "id" in one}
    leads = [one["href"] for _, one, _ in read_page.elements if "href" in one]
    clipped = re.findall(r"url\(#([^)]+)\)", page)
    assert {lead[1:] for lead in leads} | set(clipped) <= names


def test_its_own_content_policy_lets_its_one_style_through_and_no_other(page):
    read_page = read(page)
    (style,) = (text for tag, _, text in read_page.elements if tag == "style")
    digest = base64.b64encode(hashlib.sha256("".join(style).encode()).digest()).decode()
    (policy,) = (one["content"] for one in read_page.of("meta") if "http-equiv" in one)
    assert policy.startswith("default-src 'none'") and f"'sha256-{digest}'" in policy
    assert [one for _, one, _ in read_page.elements if "style" in one] == []


def test_the_first_page_says_what_it_is_for_and_what_not(page):
    said = plain(first_page(page))
    for words in ("What it is for", "What it must not be used for", "not a ranking", "not a recommendation",
                  "not the effect of an intervention"):  # fmt: skip
        assert words in said


def test_those_lost_to_follow_up_are_on_the_first_page_of_every_target(page):
    cells = [
        " ".join("".join(text).split())
        for tag, one, text in read(first_page(page)).elements
        if tag == "td" and one.get("data-label") == "Lost to follow-up"
    ]
    assert cells == ["310 (13 %)", "310 (13 %)", "not recorded"]


def test_simulated_patients_are_announced_and_a_clinic_is_not_called_synthetic(page):
    assert "SYNTHETIC — NOT FOR CLINICAL USE" in plain(first_page(page))
    assert "SYNTHETIC" not in plain(report_html({**example.record(kind="clinic"), "targets": []}))


def test_a_record_that_does_not_say_where_it_comes_from_is_called_synthetic():
    assert "SYNTHETIC" in report_html({"name": "bare", "targets": []})


def test_every_item_of_the_statement_appears_once_in_order(page):
    table = page.split('id="tripod"', 1)[1].split("</table>", 1)[0]
    assert read(table).texts("th")[4:] == list(NAMES)
    assert len(NAMES) == 52


def test_every_figure_says_what_it_shows(page):
    drawings = read(page).of("svg")
    assert len(drawings) >= 9
    assert all(one["role"] == "img" and len(one["aria-label"]) > 30 for one in drawings)


def test_words_in_figures_stay_words(page):
    assert "predicted probability of response" in " ".join(read(page).texts("text"))


@pytest.mark.parametrize("section", sorted(example.full_account()))
def test_any_section_may_stand_alone(record, section):
    """So that none needs another."""
    alone = {"target": "x", section: record["targets"][0][section]}
    assert read(report_html({**record, "targets": [alone]})).crossed == []


@pytest.mark.parametrize("what", UNEXAMINED)
def test_what_was_not_examined_is_said(what):
    said = plain(report_html({"name": "bare", "targets": [{"target": "x", "label": "x"}]}))
    assert f"Not examined in this run: {what}." in said


def test_words_of_the_data_cannot_become_markup():
    nasty = '<script>alert("1")</script>'
    account = {"target": nasty, "label": nasty, "notes": [nasty], "flow": {nasty: 3}}
    importance = {"features": [{"name": nasty, "words": nasty, "share": 1.0, "stability": 1.0}]}
    page = report_html(
        {"name": nasty, "targets": [{**account, "importance": importance}], "skipped": {"a": nasty}}
    )
    assert read(page).of("script") == []
    assert "alert" in plain(page)


def test_a_target_too_small_for_a_model_is_said_to_be(page):
    said = plain(page)
    assert "too few for an individual model" in said
    assert "no individual model" in plain(first_page(page))


def test_a_group_that_blocks_release_is_named(page):
    assert "release blocked" in page and "Calibration leaves its bounds in age band 65+" in plain(page)


def test_a_block_that_adds_nothing_is_said_to_add_nothing(page):
    assert "add nothing beyond noise" in plain(page)


def test_an_auc_too_good_on_real_data_is_called_a_suspected_leak():
    account = {"target": "x", "label": "x", "performance": {"model": {"auc": [0.93, 0.9, 0.96]}}}
    real = {"name": "a", "provenance": {"kind": "clinic"}, "targets": [account]}
    assert "suspect a leak" in report_html(real)
    assert "suspect a leak" not in report_html({**real, "provenance": {"kind": "synthetic"}})


def test_another_clinic_s_figures_stand_beside_the_training_s(page):
    said = plain(page)
    assert "External validation" in said and "another clinic" in said
    assert "Not judged" not in said


def test_a_page_is_written_whole_and_the_same_every_time(tmp_path, record):
    small = {**record, "targets": record["targets"][2:]}
    for name in ("one.html", "two.html"):
        write_report(tmp_path / name, small)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.html", "two.html"]


def test_a_page_that_cannot_be_written_is_complained_about(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkError, match="Cannot write"):
        write_report(tmp_path / "file" / "report.html", {"name": "bare", "targets": []})
