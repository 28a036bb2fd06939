"""The page in a real browser: it asks for nothing, keeps its style, and fits a telephone."""

from contextlib import contextmanager

import pytest

from tests.lib.browser import NEEDS_BROWSER, chromium

pytestmark = [pytest.mark.slow, NEEDS_BROWSER]
REPORT = "http://report.test/"


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@contextmanager
def looked_at(browser, html, *, width=1200):
    """The page as a browser shows it, and the addresses it asked for; only its own is answered."""
    asked = []

    def answer(route):
        asked.append(route.request.url)
        own = route.request.url == REPORT
        route.fulfill(body=html, content_type="text/html; charset=utf-8") if own else route.abort()

    context = browser.new_context(viewport={"width": width, "height": 900})
    context.route("**/*", answer)
    page = context.new_page()
    page.goto(REPORT, wait_until="networkidle")
    yield page, asked
    context.close()


def test_it_asks_for_nothing_but_itself(browser, page):
    with looked_at(browser, page) as (_, asked):
        assert set(asked) <= {REPORT, f"{REPORT}favicon.ico"} and REPORT in asked


def test_a_page_that_did_ask_would_be_caught(browser, page):
    spoiled = page.replace("default-src 'none'", "default-src *").replace(
        "<main>", '<main><img src="http://elsewhere.test/a.png" alt="">'
    )
    with looked_at(browser, spoiled) as (_, asked):
        assert "http://elsewhere.test/a.png" in asked


def test_its_policy_lets_its_style_through(browser, page):
    with looked_at(browser, page) as (shown, _):
        assert "rgb(253, 234, 232)" in shown.evaluate(
            "[...document.querySelectorAll('*')].map(one => getComputedStyle(one).backgroundColor)"
        )


@pytest.mark.parametrize("width", [380, 760])
def test_on_a_telephone_nothing_sticks_out_at_the_side(browser, page, width):
    with looked_at(browser, page, width=width) as (shown, _):
        assert len(shown.inner_text("main")) > 1000
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
