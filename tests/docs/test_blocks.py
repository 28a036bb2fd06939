"""Every block of every page says what it is, and what is data in it can be read by what reads such data."""

import json
import re
import tomllib

import pytest

from painresponse.clinic import load_catalogue
from painresponse.monitoring.settings import monitoring_settings
from painresponse.readers.layout import read_layout
from painresponse.readers.omop.choices import read_choices
from painresponse.training.settings import training_settings
from painresponse_serve.settings import load_settings
from tests.docs.blocks import LANGUAGES, WRITTEN, Block, blocks, every_block, pages

NOT_RUN = {
    "it needs a PostgreSQL server; tests/readers/test_omop_postgres.py starts one": 1,
    "it needs a cluster": 1,
    "it needs a package index": 1,
    "it would write over what ships": 1,
    "the registry is not shipped; tests/journey/test_rtms_registry.py runs these commands where it lies": 1,
}
"""Reasons for which blocks are not run, and how many there are of each."""


def of(*languages: str) -> list[Block]:
    return [block for block in every_block() if block.language in languages]


def test_every_block_says_its_language():
    assert [str(block) for block in every_block() if block.language not in LANGUAGES] == []


def test_there_are_blocks_to_be_tested():
    """So that pages moved elsewhere cannot make these tests pass by finding nothing."""
    assert {"README.md", "serve/README.md", "docs/index.md", "docs/tutorial.md"} <= set(pages())
    assert len(of("console", "sh")) > 20 and len(of("python")) > 5 and len(of("toml")) > 5
    assert WRITTEN not in pages()


@pytest.mark.parametrize("page", pages())
def test_no_block_is_made_by_indenting(page):
    """Such a block has no language, and would not be seen here."""
    lines, held = pages()[page].splitlines(), inside(page)
    indented = [
        number
        for number, line in enumerate(lines, start=1)
        if number not in held and re.match(r" {4,}\S", line) and not lines[number - 2].strip()
    ]
    assert indented == []


def inside(page: str) -> set[int]:
    """The lines of its blocks."""
    return {at for block in blocks(page) for at in range(block.line, block.line + block.text.count("\n") + 1)}


def test_blocks_that_are_not_run_are_few_and_say_why():
    reasons = [block.said["not run"] for block in every_block() if "not run" in block.said]
    assert {one: reasons.count(one) for one in reasons} == NOT_RUN


def test_every_comment_to_the_tests_is_understood():
    """One misspelt would be no comment to them at all."""
    written = sum(len(re.findall(r"^<!-- (?:not run|file)", text, re.M)) for text in pages().values())
    assert written == sum(1 for block in every_block() if block.said)


@pytest.mark.parametrize("block", of("json"), ids=str)
def test_what_is_json_can_be_read(block):
    json.loads(block.text)


@pytest.mark.parametrize("block", of("toml"), ids=str)
def test_what_is_configuration_is_understood_by_what_reads_it(block, tmp_path):
    """By the server where it is the server's, else as a site file, whose sections are read one by one."""
    path = tmp_path / "said.toml"
    path.write_text(block.text, encoding="utf-8")
    if _is_the_servers(block.text):
        assert load_settings(path)
        return
    catalogue = load_catalogue(path)
    assert training_settings(catalogue.training) and monitoring_settings(catalogue.monitoring)
    assert read_choices(catalogue)
    assert "tables" not in catalogue.imports or read_layout(catalogue)


def _is_the_servers(text: str) -> bool:
    return not set(tomllib.loads(text)).isdisjoint({"limits", "access", "hooks", "audit", "renewal", "tls"})
