"""What the site draws from the code is all of it, and what is written by hand beside it keeps step."""

import re
import sys

import painresponse
from painresponse.clinic.catalogue import packaged
from tests.docs.blocks import ROOT

sys.path.append(str(ROOT))  # docs/drawn is imported as the site imports it

from docs.drawn.endpoints import description, endpoints
from docs.drawn.names import names
from docs.drawn.settings import settings
from docs.drawn.walls import layers, walls


def test_every_import_is_drawn_right_of_the_diagonal():
    order = list(layers())
    assert len(order) > 20
    for place, one in enumerate(order):
        assert layers()[one] <= set(order[place + 1 :]), one


def test_every_layer_is_drawn_and_every_import_is_a_mark():
    found = layers()
    picture = walls()
    assert picture.count("<circle") == sum(map(len, found.values()))
    assert all(f">{one}</text>" in picture for one in found)


def test_the_light_line_has_the_server_and_nothing_heavy_below_it():
    order = list(layers())
    below = order[order.index("painresponse_serve") :]
    assert {"scoring", "engine", "errors"} <= set(below)
    assert {"training", "readers", "tracking", "commands"}.isdisjoint(below)


def test_the_walls_of_contributing_are_those_of_the_code():
    """Every layer stands on a line of the drawing, and imports only what stands on it or below."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawing = re.search(r"## The walls\n.*?```text\n(.*?)```", text, re.DOTALL)[1]
    lines = enumerate(drawing.splitlines())
    row = {name: place for place, line in lines for name in re.findall(r"\w+", line)}
    found = layers()
    assert set(found) - set(row) == {"painresponse_serve"}  # it stands beside, and rests on the light side
    row["painresponse_serve"] = row["scoring"]
    assert [(one, low) for one in found for low in found[one] if row[low] < row[one]] == []


def test_every_public_name_has_its_section():
    assert re.findall(r"^## (\w+)$", names(), re.M) == painresponse.__all__


def test_every_call_the_server_answers_has_its_line():
    called = {(method.upper(), path) for path, calls in description()["paths"].items() for method in calls}
    lines = set(re.findall(r"^\| `(\w+) (\S+)` \|", endpoints(), re.M))
    assert called == lines and ("POST", "/v1/score") in lines


def test_every_packaged_file_has_its_section():
    assert re.findall(r"^## (\w+\.toml)$", settings(), re.M) == sorted(
        one.name for one in packaged().glob("*.toml")
    )


def test_every_source_that_a_clinical_fact_names_is_listed_and_no_other():
    cited = {
        key
        for path in packaged().glob("*.toml")
        for keys in re.findall(r"V:((?:[SC]\d\d(?:, ?)?)+)", path.read_text(encoding="utf-8"))
        for key in re.findall(r"[SC]\d\d", keys)
    }
    page = (ROOT / "docs" / "clinical-sources.md").read_text(encoding="utf-8")
    in_words = {"S79"}  # by cohort.toml
    assert set(re.findall(r"^\| ([SC]\d\d) \|", page, re.M)) == cited | in_words
