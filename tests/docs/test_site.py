"""The site is built without a warning, asks no other host for anything, and can be read everywhere."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.docs.blocks import ROOT, pages
from tests.lib.browser import NEEDS_BROWSER, chromium

pytestmark = pytest.mark.slow
SEEN = ("index", "quick-start", "how-to/train", "reference/python", "architecture", "reference/http")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does."""
    out = tmp_path_factory.mktemp("site")
    words = ["--builder", "html", "--fail-on-warning", "--keep-going", "--quiet", "-d", str(out / "read")]
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", *words, "docs", str(out / "html")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    return out / "html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@contextmanager
def read(browser: Browser, site: Path, page: str, *, width: int = 1280, scheme: str = "light"):
    """A page as a browser shows it, what it asked for, and what it complained of."""
    asked, complained = [], []
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    shown: Page = context.new_page()
    shown.on("request", lambda one: asked.append(one.url))
    shown.on("console", lambda one: complained.append(one.text) if one.type == "error" else None)
    shown.on("pageerror", lambda one: complained.append(str(one)))
    shown.goto((site / f"{page}.html").as_uri(), wait_until="networkidle")
    yield shown, asked, complained
    context.close()


def test_every_page_is_on_the_site(site):
    written = {name.removeprefix("docs/") for name in pages() if name.startswith("docs/")} | {"language.md"}
    assert [name for name in written if not (site / name).with_suffix(".html").is_file()] == []


@NEEDS_BROWSER
@pytest.mark.parametrize("page", SEEN)
def test_a_page_asks_only_for_files_of_its_own_and_complains_of_nothing(browser, site, page):
    with read(browser, site, page) as (shown, asked, complained):
        assert len(shown.inner_text("article")) > 500
    assert [one for one in asked if not one.startswith(site.as_uri())] == []
    assert complained == []


@NEEDS_BROWSER
@pytest.mark.parametrize("page", SEEN)
def test_on_a_telephone_nothing_sticks_out_at_the_side(browser, site, page):
    with read(browser, site, page, width=390) as (shown, _, _):
        assert shown.evaluate("document.documentElement.scrollWidth") <= 390


@NEEDS_BROWSER
def test_in_the_dark_the_page_is_dark(browser, site):
    def brightness(scheme: str) -> float:
        with read(browser, site, "index", scheme=scheme) as (shown, _, _):
            colour = shown.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, colour[4:-1].split(",")[:3])) / 3

    assert brightness("dark") < 60 < 200 < brightness("light")


@NEEDS_BROWSER
def test_the_walls_are_drawn_and_searching_finds_words_offline(browser, site):
    with read(browser, site, "architecture") as (shown, _, _):
        assert shown.locator("svg.walls circle").count() > 100
    with read(browser, site, "search") as (shown, _, complained):
        shown.goto(f"{(site / 'search.html').as_uri()}?q=snapping", wait_until="networkidle")
        shown.wait_for_selector("#search-results li")
        assert complained == []
