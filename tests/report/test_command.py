"""The command: a bundle becomes a page and a card."""

import json

import pytest
import typer
from typer.testing import CliRunner

from painresponse.commands.data import simulate
from painresponse.commands.report import report
from painresponse.errors import BundleError, DefinitionError
from tests.lib.bundles import TARGETS
from tests.report.reader import plain

app = typer.Typer()
app.command()(report)


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_a_bundle_becomes_a_page_and_a_card_beside_it(tiny_bundle, tmp_path):
    done = run(tiny_bundle, "--out", tmp_path / "report.html")
    assert done.exit_code == 0, done.output
    said = plain((tmp_path / "report.html").read_text())
    assert "Spinal cord stimulation (permanent implant)" in said and "SYNTHETIC" in said
    assert (tmp_path / "report.card.md").read_text().startswith("# Predicted response")


def test_machines_are_told_where_it_lies(tiny_bundle, tmp_path):
    done = run(tiny_bundle, "--out", tmp_path / "a.html", "--json")
    assert json.loads(done.output) == {
        "report": str(tmp_path / "a.html"),
        "card": str(tmp_path / "a.card.md"),
        "targets": len(TARGETS),
    }


def test_what_the_authors_say_is_on_the_page(tiny_bundle, tmp_path):
    said = tmp_path / "authors.toml"
    said.write_text('18a = "Funded by nobody."\n')
    run(tiny_bundle, "--out", tmp_path / "a.html", "--authors", said)
    assert "Funded by nobody." in plain((tmp_path / "a.html").read_text())


def test_a_bundle_that_is_not_there_is_complained_about(tmp_path):
    assert isinstance(run(tmp_path / "no.onnx", "--out", tmp_path / "a.html").exception, BundleError)


def test_nothing_is_written_where_the_authors_speak_to_no_item(tiny_bundle, tmp_path):
    said = tmp_path / "authors.toml"
    said.write_text('99 = "what?"\n')
    done = run(tiny_bundle, "--out", tmp_path / "a.html", "--authors", said)
    assert isinstance(done.exception, DefinitionError) and not (tmp_path / "a.html").exists()


@pytest.mark.slow
def test_another_clinic_s_patients_are_judged_on_the_same_page(tiny_bundle, tmp_path):
    simulate(tmp_path / "other", subjects=2500, seed=4, preset="registry")
    words = ("--data", tmp_path / "other", "--allow-synthetic")
    done = run(tiny_bundle, "--out", tmp_path / "a.html", *words, "--json")
    assert done.exit_code == 0, done.output
    said = plain((tmp_path / "a.html").read_text())
    assert "External validation: Spinal cord stimulation" in said and "“other”" in said
