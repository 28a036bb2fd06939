"""The page: whole, strict, and the same as what was found."""

import re
from dataclasses import replace

import pytest

from painresponse.monitoring.drawings import figures_of
from painresponse.monitoring.outcomes import calibration
from painresponse.monitoring.page import monitoring_html, tables_of, write_page
from tests.lib.browser import NEEDS_BROWSER, chromium
from tests.monitoring.clinic import many
from tests.report.test_browser import REPORT, looked_at


@pytest.fixture(scope="module")
def found(found):
    """With outcomes enough for a figure of every quarter."""
    table = many(400, seed=1)
    return replace(found, calibration=calibration(table, ["rfa"], found.settings))


@pytest.fixture(scope="module")
def page(found) -> str:
    return monitoring_html(found)


def test_it_has_every_figure_and_every_table(found, page):
    assert set(figures_of(found)) == {"moved", "points", "quarters", "course"}
    assert page.count('class="drawing"') == 4
    for made in tables_of(found).values():
        assert all(one[0] in page for one in made.lines[:1])


def test_it_says_first_whether_there_is_anything_to_report(found, page):
    assert "Nothing to report" in page
    one = found.wealth.index[0]
    alarmed = found.wealth.copy()
    alarmed.loc[one, ["alarm", "since", "says"]] = [True, "2024-02-03", "fewer respond than predicted"]
    other = monitoring_html(replace(found, wealth=alarmed))
    assert "All targets together: fewer respond than predicted, since 2024-02-03." in other
    assert '<h2 id="verdict">Alarm</h2>' in other


def test_it_is_marked_synthetic_and_asks_for_nothing(page):
    assert "SYNTHETIC — NOT FOR CLINICAL USE" in page
    assert "default-src 'none'" in page and "<script" not in page
    assert not re.search(r'(src|href)="(?!#)', page)


def test_what_is_told_of_the_bundle_is_escaped(found):
    spoiled = replace(found, about=replace(found.about, bundle="<b>x</b>"))
    assert "<b>x</b>" not in monitoring_html(spoiled)


def test_without_an_outcome_it_says_so(found):
    empty = {name: getattr(found, name).iloc[:0] for name in ("calibration", "course")}
    assert "No outcome is known yet" in monitoring_html(replace(found, **empty))


def test_it_appears_whole(found, page, tmp_path):
    write_page(tmp_path / "ageing.html", found)
    assert (tmp_path / "ageing.html").read_text(encoding="utf-8") == page


@pytest.mark.slow
@NEEDS_BROWSER
@pytest.mark.parametrize("width", [380, 1200])
def test_in_a_browser_it_asks_for_nothing_and_fits(page, width):
    with chromium() as browser, looked_at(browser, page, width=width) as (shown, asked):
        assert set(asked) <= {REPORT, f"{REPORT}favicon.ico"}
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
