"""The page in a real browser: from a patient to an answer, and what is said where that is not possible."""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from painresponse_serve.pages import FOLDER
from tests.lib.browser import NEEDS_BROWSER, chromium
from tests.serve.conftest import Server, running
from tests.serve.visits import CONTRAST, Visit, locked, visiting

pytestmark = [pytest.mark.slow, NEEDS_BROWSER]

BUNDLE = Path(__file__).parents[2] / "models" / "synthetic.onnx"
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
AFTER, FACET, FEW, CANCER = "After two back operations", "Facet joint pain", "Hardly anything", "Cancer pain"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the packaged bundle: the examples are made for it."""
    with running(BUNDLE, tmp_path_factory.mktemp("clinic")) as server:
        yield server


@pytest.fixture
def visit(browser: Browser, clinic: Server) -> Iterator[Visit]:
    with visiting(browser, clinic.url) as visit:
        yield visit


def example(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / "examples" / f"{name}.json").read_text())


def asked_of(server: Server, history: dict[str, Any]) -> dict[str, Any]:
    return server.post({**history, "explain": True}).json()


def percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")


# ---- the main paths ----


def test_an_example_is_answered_with_the_numbers_of_the_server(visit: Visit, clinic: Server):
    answer = visit.asked(AFTER)
    told = asked_of(clinic, example("after-trial"))
    assert all("probability" in one for one in told["scores"])
    for score in told["scores"]:
        place = answer.locator(f'[data-target="{score["target"]}"]')
        expect(place.locator("strong")).to_have_text(percent(score["probability"]))
        low, high = map(percent, score["interval"])
        expect(place.locator(".probability")).to_contain_text(f"{low} to {high} of such patients respond")
        expect(place.get_by_role("img")).to_have_accessible_name(
            f"{percent(score['probability'])} on a line from 0 to 100 %, interval {low} to {high}"
        )
        expect(place).to_contain_text("Support: such a patient was given this intervention")


def test_interventions_stand_in_the_order_of_the_catalogue(visit: Visit, clinic: Server):
    answer = visit.asked(AFTER)
    order = [score["target"] for score in asked_of(clinic, example("after-trial"))["scores"]]
    assert answer.locator("article").evaluate_all("(all) => all.map((one) => one.dataset.target)") == order


def test_nothing_is_ticked_until_somebody_asks(visit: Visit):
    boxes = visit.page.get_by_role("group", name="Interventions asked about").get_by_role("checkbox")
    assert boxes.count() == 8
    assert not any(box.is_checked() for box in boxes.all())


def test_only_what_is_asked_is_answered(visit: Visit):
    visit.choose(AFTER)
    visit.page.get_by_role("checkbox", name="All").check()
    visit.page.get_by_role("checkbox", name="All").uncheck()
    visit.tick("Targeted nerve block")
    visit.ask()
    expect(visit.page.locator("#answer h3")).to_have_text(["Targeted nerve block"])


def test_a_pasted_history_is_answered(visit: Visit):
    history = example("facet-block")
    del history["interventions"]
    visit.paste(json.dumps(history))
    expect(visit.page.locator("#text-told")).to_contain_text("39 events, 3 Feb 1958 to 10 Feb 2026")
    visit.tick("Radiofrequency ablation")
    visit.ask()
    expect(visit.page.locator("#answer article strong")).to_be_visible()


def test_a_dropped_file_is_answered(visit: Visit):
    visit.drop(json.dumps(example("after-trial")))
    expect(visit.page.locator("#text-told")).to_contain_text("64 events")
    visit.ask()
    expect(visit.page.locator("#answer article")).to_have_count(6)


def test_a_chosen_file_is_answered(visit: Visit):
    visit.page.get_by_label("Choose a file").set_input_files(FOLDER / "examples" / "few-facts.json")
    expect(visit.page.locator("#text-told")).to_contain_text("7 events")
    visit.ask()
    expect(visit.page.locator("#answer article").first).to_be_visible()


def test_the_explanation_leads_from_the_base_to_the_answer(visit: Visit, clinic: Server):
    answer = visit.asked(AFTER)
    told = asked_of(clinic, example("after-trial"))["scores"][0]
    place = answer.locator(f'[data-target="{told["target"]}"]')
    place.get_by_text("What this rests on").click()
    rows = place.get_by_role("row").all_inner_texts()
    assert rows[1].endswith(f"{100 * told['explanation']['base']:.1f} %")
    assert rows[-1].endswith(f"{100 * told['probability']:.1f} %")
    for reason in told["explanation"]["reasons"]:
        row = place.get_by_role("row", name=reason["words"]).first
        expect(row).to_contain_text(f"{abs(reason['points']):.1f}")
    expect(place).to_contain_text("they are not causes")


def test_the_bars_of_the_explanation_begin_where_the_one_before_ends(visit: Visit):
    place = visit.asked(AFTER).locator("article").first
    place.get_by_text("What this rests on").click()
    bars = place.locator(".bar rect").evaluate_all(
        """(all) => all.map((one) =>
            [one.getAttribute("class"), one.x.baseVal.value, one.width.baseVal.value])"""
    )
    at = bars[0][1] + bars[0][2] / 2
    for kind, x, width in bars[1:-1]:
        start, end = (x, x + width) if kind == "raises" else (x + width, x)
        assert start == pytest.approx(at, abs=0.6)
        at = end
    assert bars[-1][1] + bars[-1][2] / 2 == pytest.approx(at, abs=2)


def test_a_model_that_refuses_says_why_beside_one_that_answers(visit: Visit):
    answer = visit.asked(FACET)
    refused = answer.locator('[data-target="scs_permanent"]')
    expect(refused).to_contain_text("No prediction")
    expect(refused).to_contain_text("this model only knows patients after it. R06_OUT_OF_DOMAIN")
    assert refused.locator("strong, svg").count() == 0
    expect(answer.locator('[data-target="rfa"] strong')).to_be_visible()


def test_where_all_refuse_for_one_reason_it_is_said_once(visit: Visit):
    answer = visit.asked(CANCER)
    expect(answer.locator("article")).to_have_count(1)
    expect(answer).to_contain_text("Nothing is predicted for this patient")
    expect(answer).to_contain_text("R02_CANCER_PAIN")
    assert answer.locator("strong, svg").count() == 0


def test_flags_stand_beside_every_answer_or_above_all_of_them(visit: Visit, clinic: Server):
    answer = visit.asked(FEW)
    for score in asked_of(clinic, example("few-facts"))["scores"]:
        here = answer.locator(f'[data-target="{score["target"]}"]').inner_text()
        above = answer.locator(":scope > .flags").inner_text()
        for flag in score["flags"]:
            assert f"{flag['words']} {flag['code']}" in here + above


# ---- the history ----


def test_the_timeline_tells_in_a_table_what_it_draws(visit: Visit):
    visit.choose(AFTER)
    picture = visit.page.get_by_role("img", name="Timeline of")
    expect(picture).to_have_accessible_name(
        re.compile(
            r"Timeline of \d\d events, the index at 2 Mar 2026, 09:00 marked\. The table below tells the same"
        )
    )
    visit.page.get_by_text("The history as a table").click()
    table = visit.page.get_by_role("region", name="History as a table")
    assert table.get_by_role("row").count() == 1 + 64
    expect(table.get_by_role("row", name="pain relief at the end of the stimulation trial")).to_contain_text(
        "70 %"
    )


def test_the_index_is_drawn_where_it_lies(visit: Visit):
    visit.choose(AFTER)
    line = visit.page.locator("line.index")
    last = float(line.get_attribute("x1") or "")
    visit.page.get_by_label("Instant of the prediction").fill("2023-06-01T10:00")
    assert float(visit.page.locator("line.index").get_attribute("x1") or "") < last
    assert visit.page.locator(".dot.later").count() > 0


def test_what_comes_after_the_index_is_left_out_only_when_told_to(visit: Visit):
    visit.choose(FACET)
    visit.page.get_by_label("Instant of the prediction").fill("2026-02-05T10:00")
    visit.ask()
    expect(visit.page.locator("#answer")).to_contain_text("R10_LEAKAGE_TIME")
    visit.page.get_by_label("Leave out the event after it").check()
    visit.ask()
    expect(visit.page.locator("#answer article strong").first).to_be_visible()
    expect(visit.page.locator("#answer")).to_contain_text("38 of 38 events were read")


def test_an_answer_does_not_stay_beside_another_question(visit: Visit):
    visit.asked(AFTER)
    visit.page.get_by_role("checkbox", name="Radiofrequency ablation").check()
    expect(visit.page.locator("#answer")).to_have_text("The patient or the question has changed. Ask anew.")


def test_the_index_of_one_patient_is_not_kept_for_the_next(visit: Visit):
    visit.choose(AFTER)
    history = example("few-facts")
    visit.page.get_by_role("button", name="Clear").click()
    visit.paste(json.dumps({"events": history["events"]}))
    expect(visit.page.locator("#text-told")).to_contain_text("7 events")
    expect(visit.page.get_by_label("Instant of the prediction")).to_have_value("")
    visit.page.get_by_role("button", name="After the last event").click()
    expect(visit.page.get_by_label("Instant of the prediction")).to_have_value("2026-02-24T09:16")


# ---- what goes wrong ----


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"index": "2026-03-01T09:00",\n "events": [}\n', "Line 2, column 13: a value is missing here."),
        (
            '{"events": [],\n "index": "a",\n "events": []}',
            'Line 3, column 2: "events" is given twice in one object.',
        ),
        ('{"events": [\n{"value": NaN}]}', "Line 2, column 11: NaN and Infinity are not JSON"),
        ('{"events": [', "Line 1, column 13: a value is missing here. The text ends too early."),
        ('{"events": []} x', "Line 1, column 16: this is not JSON."),
        ('{"a": "b\n"}', "Line 1, column 7: this text does not end on its line"),
        ("[" * 200, "it is nested too deeply"),
        ("[]", "This is a list. Give one patient"),
        ('{"resourceType": "Patient"}', "This is a FHIR resource, but not a Bundle."),
        ('{"patient": 1}', "it has no list named events"),
        (
            '{"events": [{"time": "yesterday", "code": "PR//pain"}]}',
            "events[0] needs a code, and a time such as",
        ),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(visit: Visit, text: str, words: str):
    visit.paste(text)
    expect(visit.page.get_by_role("alert").filter(has_text=words)).to_be_visible()
    assert visit.page.get_by_label("History or FHIR").get_attribute("aria-invalid") == "true"


def test_what_the_server_complains_of_is_told_in_its_words_beside_the_history(visit: Visit, clinic: Server):
    history = example("few-facts")
    history["events"][3]["value"] = "high"
    visit.paste(json.dumps(history))
    expect(visit.page.locator("#text-told")).to_contain_text("7 events")
    visit.ask()
    words = clinic.post(history).json()["error"]["message"]
    assert words.startswith("events[3].value")
    expect(visit.page.locator("#text-trouble")).to_have_text(words)


def test_what_is_not_yet_said_is_asked_for_where_it_belongs(visit: Visit):
    visit.ask()
    expect(visit.page.locator("#text-trouble")).to_have_text("Choose an example, or give a history.")
    expect(visit.page.locator("#index-trouble")).to_have_text("Say at which instant the prediction is asked.")
    expect(visit.page.locator("#interventions-trouble")).to_contain_text("Tick the interventions")
    expect(visit.page.get_by_label("History or FHIR")).to_be_focused()


def test_a_server_that_has_gone_is_told(browser: Browser, clinic: Server):
    with visiting(browser, clinic.url) as visit:
        visit.choose(AFTER)
        visit.page.route("**/v1/score", lambda route: route.abort())
        visit.ask()
        expect(visit.page.locator("#ask-trouble")).to_contain_text("The server does not answer.")
        visit.console.clear()


def test_a_key_is_asked_for_and_kept_nowhere(browser: Browser, clinic: Server):
    with visiting(browser, clinic.url, ready="#key", routes={"**/v1/*": locked("s3cret")}) as visit:
        key = visit.page.get_by_label("API key")
        expect(visit.page.locator("#key-trouble")).to_have_text("A key is needed.")
        key.fill("wrong")
        key.press("Enter")
        expect(key).to_be_focused()
        key.fill("s3cret")
        key.press("Enter")
        expect(key).to_be_hidden()
        expect(visit.asked(AFTER).locator("strong").first).to_be_visible()
        assert key.input_value() == ""
        assert visit.page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [
            0,
            0,
            "",
        ]
        visit.page.reload()
        expect(key).to_be_visible()


# ---- what must always be there ----


def test_the_notices_are_always_in_sight(visit: Visit):
    visit.asked(AFTER)
    visit.page.keyboard.press("End")
    banner = visit.page.get_by_role("complementary", name="Notices")
    expect(banner).to_be_in_viewport()
    expect(banner).to_contain_text("SYNTHETIC — NOT FOR CLINICAL USE")
    expect(banner).to_contain_text("not a medical device — clinician decides")
    expect(visit.page.locator("#notices")).to_contain_text("does not compare interventions")


def test_the_model_that_answers_is_named(visit: Visit, clinic: Server):
    model = visit.page.get_by_role("group", name="Model")
    with clinic.client() as client:
        told = client.get("/v1/models").json()["models"][0]["model"]
    expect(model).to_contain_text(told["name"])
    expect(model).to_contain_text(told["digest"][:12])
    expect(model).to_contain_text(told["software"])


def test_the_other_bundle_can_be_asked(browser: Browser, tiny_bundle: Path, tmp_path: Path):
    with (
        running(BUNDLE, tmp_path, more=[tiny_bundle]) as server,
        visiting(browser, server.url) as visit,
    ):
        choice = visit.page.get_by_role("combobox", name="Model")
        assert choice.locator("option").all_inner_texts() == ["synthetic", "tiny"]
        visit.choose(FACET)
        choice.select_option("tiny")
        expect(visit.page.locator("#intervention-choices label")).to_have_count(3)
        with visit.page.expect_request("**/v1/score") as request:
            visit.ask()
        assert request.value.post_data_json["model"] == "tiny"
        assert request.value.post_data_json["interventions"] == ["scs", "rfa"]


def test_nothing_of_the_patient_is_in_an_address_a_title_or_a_store(visit: Visit):
    visit.asked(AFTER)
    assert visit.page.title() == "painresponse"
    assert visit.page.url == f"{visit.url}/"
    asked = {url.removeprefix(visit.url) for url in visit.requested if "/v1/" in url}
    assert asked == {"/v1/models", "/v1/catalogue?model=synthetic", "/v1/score"}
    assert visit.page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


# ---- for everybody ----


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_light_and_dark(browser: Browser, clinic: Server, scheme: str):
    with visiting(browser, clinic.url, color_scheme=scheme) as visit:
        for name in (AFTER, FACET, FEW, CANCER):
            visit.asked(name)
            visit.unfold()
            found = visit.page.evaluate(CONTRAST)
            assert found["judged"] > 60
            assert found["poor"] == []
        visit.paste("{")
        expect(visit.page.locator("#text-trouble")).not_to_be_empty()
        assert visit.page.evaluate(CONTRAST)["poor"] == []


@pytest.mark.parametrize("width", [320, 360, 640, 1024])  # 640: a desktop at 200 %
def test_nothing_is_wider_than_the_screen(browser: Browser, clinic: Server, width: int):
    with visiting(browser, clinic.url, viewport={"width": width, "height": 740}) as visit:
        assert overflow(visit.page) == []
        for name in (AFTER, FACET, CANCER):
            visit.asked(name)
            visit.unfold()
            assert overflow(visit.page) == []


def overflow(page: Page) -> list[str]:
    """What reaches beyond the right edge, but for what scrolls by itself."""
    return page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter((one) =>
            !one.closest(".wide, .unseen, .skip") && one.getBoundingClientRect().right > innerWidth + 1)
            .map((one) => one.outerHTML.slice(0, 90))
            .concat(document.documentElement.scrollWidth > innerWidth ? ["the page"] : [])"""
    )


def test_the_page_is_asked_and_read_with_the_keyboard_alone(visit: Visit):
    press = visit.page.keyboard.press
    tab_to(visit.page, FACET)
    press("Enter")
    expect(visit.page.locator("#text-told")).to_contain_text("39 events")
    tab_to(visit.page, "Targeted nerve block")
    press("Space")
    tab_to(visit.page, "Predict response")
    press("Enter")
    expect(visit.page.get_by_role("region", name="Predicted response")).to_be_focused()
    expect(visit.page.locator("#announced")).to_have_text(
        "2 of 4 models asked give an answer, 2 a reason why they give none."
    )
    tab_to(visit.page, "What this rests on")
    press("Enter")
    expect(visit.page.locator("details[open] .waterfall").first).to_be_visible()


def tab_to(page: Page, words: str) -> None:
    """Goes on with the tabulator; on the way everything shows that it has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            """() => { const one = document.activeElement;
                const shown = one.matches("input.unseen") ? one.labels[0] : one;
                const name = one.labels?.[0]?.textContent ?? one.textContent;
                return [name, getComputedStyle(shown).outlineStyle]; }"""
        )
        assert outline != "none", name
        if name.startswith(words):
            return
    raise AssertionError(f"{words} cannot be reached")


def test_every_control_has_a_name_and_every_part_its_role(visit: Visit):
    visit.asked(AFTER)
    visit.unfold()
    session = visit.page.context.new_cdp_session(visit.page)
    nodes = [one for one in session.send("Accessibility.getFullAXTree")["nodes"] if not one["ignored"]]
    roles = [one["role"]["value"] for one in nodes]
    controls = {
        "button",
        "checkbox",
        "combobox",
        "textbox",
        "DateTime",
        "Date",
        "img",
        "image",
        "link",
        "group",
        "region",
    }
    named = [one for one in nodes if one["role"]["value"] in controls]
    assert [
        one for one in named if not one.get("name", {}).get("value") and one["role"]["value"] != "group"
    ] == []
    assert {"main", "banner", "complementary", "contentinfo", "form", "status", "alert"} >= {"main"}
    assert roles.count("main") == 1
    assert {"banner", "complementary", "contentinfo", "status"} <= set(roles)


def test_headings_go_down_step_by_step(visit: Visit):
    visit.asked(AFTER)
    levels = visit.page.evaluate(
        """[...document.querySelectorAll("h1, h2, h3, h4")].filter((one) => one.checkVisibility())
            .map((one) => Number(one.tagName[1]))"""
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))
    assert visit.page.locator("html").get_attribute("lang") == "en"


def test_the_first_thing_the_keyboard_finds_leads_past_the_rest(visit: Visit):
    visit.page.keyboard.press("Tab")
    skip = visit.page.get_by_role("link", name="Skip to the patient")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    visit.page.keyboard.press("Enter")
    expect(visit.page.get_by_role("main")).to_be_focused()


def test_nothing_moves_for_who_wants_no_movement(browser: Browser, clinic: Server):
    with visiting(browser, clinic.url, reduced_motion="reduce") as visit:
        visit.asked(AFTER)
        moving = visit.page.evaluate(
            """[...document.querySelectorAll("*")].filter((one) => { const style = getComputedStyle(one);
                return style.transitionDuration !== "0s" || style.animationName !== "none"; }).length"""
        )
        assert moving == 0


def test_on_paper_the_answer_stands_without_the_form(visit: Visit):
    visit.asked(AFTER)
    visit.page.emulate_media(media="print")
    visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(visit.page.locator("#asking")).to_be_hidden()
    expect(visit.page.locator(".banner")).to_be_visible()
    expect(visit.page.locator(".waterfall")).to_have_count(6)
    assert all(one.is_visible() for one in visit.page.locator(".waterfall").all())
    visit.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert visit.page.locator("details[open]").count() == 0
