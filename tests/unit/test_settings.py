"""A TOML file into frozen dataclasses: a typing mistake must never silently train the default model."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from painresponse.errors import DefinitionError
from painresponse.settings import build, load


@dataclass(frozen=True)
class Inner:
    depth: int
    rate: float = 0.1


@dataclass(frozen=True)
class Outer:
    name: str
    careful: bool = False
    limits: tuple[float, float] | None = None
    codes: tuple[str, ...] = ()
    inner: Inner | None = None
    parts: dict[str, Inner] = field(default_factory=dict)
    free: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name == "forbidden":
            raise ValueError("name must not be forbidden.")


def test_every_kind_of_value_is_read_as_declared():
    raw = {
        "name": "a",
        "careful": True,
        "limits": [0, 10],
        "codes": ["x", "y"],
        "inner": {"depth": 3},
        "parts": {"p": {"depth": 1, "rate": 1}},
        "free": {"anything": [1, "two"]},
    }
    built = build(Outer, raw, "outer")
    assert built == Outer(
        "a", True, (0.0, 10.0), ("x", "y"), Inner(3), {"p": Inner(1, 1.0)}, {"anything": [1, "two"]}
    )
    assert isinstance(built.limits[0], float)


def test_what_is_not_said_is_as_declared():
    assert build(Outer, {"name": "a"}, "outer") == Outer("a")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"name": "a", "carefull": True}, r"outer: Unknown setting 'carefull'. Did you mean 'careful'\?"),
        (
            {"name": "a", "inner": {"deep": 3}},
            r"outer\.inner: Unknown setting 'deep'. Did you mean 'depth'\?",
        ),
        ({}, "outer needs 'name'"),
        ({"name": "a", "inner": {}}, r"outer\.inner needs 'depth'"),
        ({"name": 3}, r"outer\.name must be text, not a whole number"),
        ({"name": "a", "careful": 1}, r"outer\.careful must be true or false, not a whole number"),
        ({"name": "a", "inner": {"depth": True}}, "depth must be a whole number, not true or false"),
        ({"name": "a", "inner": {"depth": 1.5}}, "depth must be a whole number, not a number"),
        ({"name": "a", "inner": {"depth": 1, "rate": True}}, "rate must be a number, not true or false"),
        ({"name": "a", "inner": {"depth": 1, "rate": "x"}}, "rate must be a number, not text"),
        ({"name": "a", "inner": 3}, r"outer\.inner must be a table, not a whole number"),
        ({"name": "a", "limits": [1]}, "limits must hold 2 items, not 1"),
        ({"name": "a", "limits": [1, "x"]}, r"limits\[1\] must be a number, not text"),
        ({"name": "a", "codes": "x"}, "codes must be a list, not text"),
        ({"name": "a", "codes": ["x", 2]}, r"codes\[1\] must be text"),
        ({"name": "a", "parts": ["p"]}, "parts must be a table, not a list"),
        ({"name": "a", "parts": {"p": {"depth": "x"}}}, r"outer\.parts\.p\.depth must be a whole number"),
        ({"name": "forbidden"}, "outer: name must not be forbidden"),
        (["name"], "outer must be a table, not a list"),
        ("name", "outer must be a table, not text"),
    ],
)
def test_what_was_not_declared_is_refused_and_named_by_its_place(raw, words):
    with pytest.raises(DefinitionError, match=words):
        build(Outer, raw, "outer")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DefinitionError, match=r"There is no configuration file .*missing\.toml"):
        load(tmp_path / "missing.toml")


def test_a_folder_is_no_configuration_file(tmp_path):
    with pytest.raises(DefinitionError, match=r"Cannot read .*directory"):
        load(tmp_path)


@pytest.mark.parametrize("content", [b"a = \n", b"a = 1\na = 2", b"\xff\xfe"])
def test_a_file_that_is_not_toml_is_named_with_the_place_where_it_breaks(tmp_path, content):
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(DefinitionError, match=r"broken\.toml is not valid TOML: "):
        load(path)
