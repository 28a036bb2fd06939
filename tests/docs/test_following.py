"""Whoever types what a page says gets what the page shows: every page is followed from top to bottom."""

import shutil
from contextlib import ExitStack

import matplotlib
import pytest

from tests.docs.blocks import blocks, pages
from tests.docs.reading import Reader

BARE = {"docs/tutorial.md"}
"""Pages that begin with nothing."""

RUN = {"python", "console", "sh"}
FOLLOWED = [
    page for page in pages() if any(one.language in RUN and "not run" not in one.said for one in blocks(page))
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl: apt-get install curl"),
    pytest.mark.filterwarnings("default"),
]


@pytest.mark.parametrize("page", FOLLOWED)
def test_a_page_can_be_followed(page, room, monkeypatch):
    place = room(page in BARE)
    monkeypatch.chdir(place)
    monkeypatch.setattr(matplotlib, "rcParams", matplotlib.rcParams)
    matplotlib.use("Agg")
    with ExitStack() as stack:
        reader = Reader(place, stack)
        for block in blocks(page):
            if "not run" not in block.said:
                reader.follow(block)
